/// What is known of a backup that nobody sealed, as a run recorded it.
public struct UnsealedBackup: Hashable, Sendable, Codable {
  /// SHA-256 of each of its data files as the run found them, by path below the backup: so that a later run can say that they changed. Empty where they
  /// were not read.
  public var files: [String: Digest]
  /// Where its cut's time comes from, or why there is none; one clause.
  public var cutFrom: String
  /// Whose signature stands below a list of digests that the bytes were held against; nil where there is none that is trusted.
  public var digestsSignedBy: String?

  public init(files: [String: Digest] = [:], cutFrom: String, digestsSignedBy: String? = nil) {
    self.files = files
    self.cutFrom = cutFrom
    self.digestsSignedBy = digestsSignedBy
  }

  /// What it leaves open, one clause.
  public var open: String {
    digestsSignedBy.map { "unsealed, its bytes are those of digests signed by \($0); content at the cut unknown" }
      ?? "unsealed: nothing says what the bytes should be, and content at the cut is unknown"
  }
}

extension Level {
  /// What the level claims of these backups, one sentence.
  public func claim(for backups: [Run.BackupExamined]) -> String {
    guard self > .none, let unsealed = backups.compactMap(\.unsealed).first else { return claim }
    return "\(claim); \(unsealed.open)"
  }
}
