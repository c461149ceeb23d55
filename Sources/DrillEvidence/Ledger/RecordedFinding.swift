import DrillCrypto
public import DrillModel

/// A finding as a run's leaf keeps it: what it is about, so that it can be followed from run to run when the details are long gone.
public struct RecordedFinding: Hashable, Sendable, Codable {
  /// The same in every run that finds the same thing: 16 hexadecimal digits.
  public var id: String
  public var code: FindingCode
  public var stage: Stage
  /// Without a byte offset; keys redacted under the ledger's secret unless the run was asked to show them.
  public var subject: Finding.Subject

  /// - Parameter redactor: makes the identity the same whether or not a run shows its keys.
  init(_ finding: Finding, cluster: String, redactor: KeyRedactor) {
    code = finding.code
    stage = finding.stage
    subject = finding.subject
    subject.offset = nil
    var identity = subject
    // What is wrong with stored bytes is about that backup; what is wrong with a restored copy is about the cluster, whatever backup showed it.
    if finding.stage > .decode { identity.backup = nil }
    if case .clear(let key) = identity.key { identity.key = redactor.redact(key) }
    let parts = [
      code.rawValue, cluster, identity.backup, identity.shard, identity.artifact, identity.namespace,
      identity.slot?.description, identity.key?.text,
    ]
    id = String(SHA256.digest(parts.flatMap { RecordedFinding.lengthPrefixed($0) }).hex.prefix(16))
  }

  /// An absent part differs from an empty one, and no two lists of parts have the same bytes.
  private static func lengthPrefixed(_ part: String?) -> [UInt8] {
    guard let part else { return Array("-".utf8) }
    return Array("\(part.utf8.count):\(part)".utf8)
  }
}
