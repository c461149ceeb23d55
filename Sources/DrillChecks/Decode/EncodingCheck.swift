public import DrillModel

/// Judges what came of decoding a stored artifact with the keys that recovery reaches.
public struct EncodingCheck: Sendable {
  /// What came of one artifact.
  public enum Outcome: Hashable, Sendable {
    /// - Parameter keys: public names of the keys that opened it, outermost first; empty where it takes none.
    case opened(Artifact.Plain, keys: [String])
    /// Only a key that is revoked opens it.
    case openedByRevoked(filter: String, key: String)
    /// No key of the ring is one that it was encrypted to.
    case unopened(filter: String)
    /// A key that claims to be the one does not open it.
    case refused(filter: String, key: String, reason: String)
    /// A filter says that its input is damaged.
    case damaged(filter: String, reason: String)
    /// More bytes came out than `limit`.
    case oversized(limit: UInt64)
  }

  public var backup: String
  /// Public names of the keys that were tried.
  public var keys: [String]
  /// Keys that the drill names and that could not be had, in words.
  public var unusable: [String]

  public init(backup: String, keys: [String], unusable: [String]) {
    self.backup = backup
    self.keys = keys
    self.unusable = unusable
  }

  public func check(_ outcome: Outcome, of artifact: Artifact) -> [Finding] {
    switch outcome {
    case .opened(let plain, _):
      guard let sealed = artifact.plain, sealed != plain else { return [] }
      return [
        finding(
          .encodingDamaged, artifact,
          expected: "\(sealed.sizeBytes) bytes with SHA-256 \(sealed.digest) beneath \(chain(artifact))",
          observed: "\(plain.sizeBytes) bytes with SHA-256 \(plain.digest)")
      ]
    case .openedByRevoked(let filter, let key):
      return [
        finding(
          .keyRevoked, artifact, expected: "a key that is not revoked opens it (\(filter))",
          observed: "only \(key), which is revoked, opens it")
      ]
    case .unopened(let filter):
      let wanted = artifact.recipients.map { ": \($0.joined(separator: ", "))" } ?? ""
      return [
        finding(
          .keyMissing, artifact, expected: "a key that it was encrypted to (\(filter))\(wanted)",
          observed: ([keys.isEmpty ? "no key" : "none of \(keys.joined(separator: ", "))"] + unusable)
            .joined(separator: "; "))
      ]
    case .refused(let filter, let key, let reason):
      return [
        finding(
          .keyWrong, artifact, expected: "\(key), for which it was encrypted, opens it (\(filter))", observed: reason)
      ]
    case .damaged(let filter, let reason):
      return [
        finding(.encodingDamaged, artifact, expected: "a whole \(filter) stream", observed: "\(filter): \(reason)")
      ]
    case .oversized(let limit):
      return [
        finding(
          .encodingOversized, artifact, expected: "at most \(limit) bytes beneath \(chain(artifact))",
          observed: "more; decoding was stopped there")
      ]
    }
  }

  private func chain(_ artifact: Artifact) -> String { artifact.encodings.joined(separator: ", ") }

  private func finding(_ code: FindingCode, _ artifact: Artifact, expected: String, observed: String) -> Finding {
    Finding(
      code, stage: .decode,
      subject: Finding.Subject(backup: backup, shard: artifact.shard, artifact: artifact.name), expected: expected,
      observed: observed)
  }
}
