public import DrillCrypto
public import DrillModel

/// A reviewer's word on an archive, signed with a key of their own: a statement over the same list of digests.
public struct SignOff: Hashable, Sendable, Codable {
  public static let predicateType = "https://firedrill.dev/evidence/sign-off/v1"

  public var who: String
  public var role: String
  public var at: Instant
  /// What the reviewer wants to say.
  public var note: String?

  public init(who: String, role: String, at: Instant, note: String? = nil) {
    self.who = who
    self.role = role
    self.at = at
    self.note = note
  }

  /// The sign-off as a file of its own, to be kept beside the archive.
  ///
  /// - Parameter archive: the archive's bytes; what is in it must be what it lists.
  /// - Throws: `DrillError` with `usage` where the archive is not whole: nobody can have reviewed it.
  public func sealed(over archive: [UInt8], by key: SigningKey) throws -> [UInt8] {
    let opened = OpenedArchive(archive)
    guard opened.problems.isEmpty, let sums = opened.files[EvidenceFile.sums] else {
      let problem = opened.problems.first
      throw DrillError(
        .usage, subject: problem?.file ?? "archive",
        detail: "the archive is not whole and cannot be signed off: \(problem?.detail ?? "it lists no digests")")
    }
    let statement = Statement(
      subjects: [Statement<SignOff>.Subject(name: EvidenceFile.sums, sha256: SHA256.digest(sums))],
      predicateType: SignOff.predicateType, predicate: self)
    return try statement.sealed(with: [key]).encoded()
  }
}
