public import DrillCrypto
public import DrillModel

/// Judges files against a list of digests that somebody else made, and the signature below that list.
public enum DigestsCheck {
  /// A file that is there, or that the list names.
  public struct Entry: Sendable {
    public var name: String
    public var shard: String?
    /// What the list says; nil where it does not name the file.
    public var expected: Digest?
    /// What was read; nil where the file was not hashed.
    public var observed: Digest?
    public var isPresent: Bool

    public init(name: String, shard: String?, expected: Digest?, observed: Digest?, isPresent: Bool) {
      self.name = name
      self.shard = shard
      self.expected = expected
      self.observed = observed
      self.isPresent = isPresent
    }
  }

  public static func check(_ entries: [Entry], list: String, backup: String) -> [Finding] {
    entries.sorted { $0.name < $1.name }.compactMap { entry in
      func finding(_ code: FindingCode, _ expected: String, _ observed: String) -> Finding {
        Finding(
          code, stage: .integrity, subject: Finding.Subject(backup: backup, shard: entry.shard, artifact: entry.name),
          expected: expected, observed: observed)
      }
      guard let expected = entry.expected else {
        return finding(.artifactUnexpected, "a line for it in \(list)", "no line names it")
      }
      guard entry.isPresent else { return finding(.artifactMissing, "the file that \(list) names", "no such file") }
      guard let observed = entry.observed, observed != expected else { return nil }
      return finding(.checksumMismatch, "SHA-256 \(expected.short), by \(list)", "SHA-256 \(observed.short)")
    }
  }

  /// - Parameter outcome: nil where nothing signs the list.
  public static func check(_ outcome: DetachedChecksum?, list: String, backup: String) -> [Finding] {
    func finding(_ code: FindingCode, _ expected: String, _ observed: String) -> [Finding] {
      [
        Finding(
          code, stage: .integrity, subject: Finding.Subject(backup: backup, artifact: list), expected: expected,
          observed: observed)
      ]
    }
    switch outcome {
    case nil, .good: return []
    case .bad(let detail): return finding(.signatureInvalid, "a signature below \(list) that verifies", detail)
    case .ofAnotherKey(let detail):
      return finding(.signatureUntrusted, "a signature below \(list) by the key that was given", detail)
    }
  }
}
