import DrillModel

/// Finds keys that a run was asked to record in clear, and redacts them.
public struct RecordedKeys: Sendable {
  private let redactor: KeyRedactor

  public init(redactor: KeyRedactor) { self.redactor = redactor }

  /// Whether a run's leaf names a key of the data store in clear.
  static func areShown(by leaf: RawLeaf) -> Bool {
    guard leaf.kind == .run, let run = try? CanonicalJSON.decode(Leaf<RunFinished>.self, from: leaf.statement).body
    else {
      return false
    }
    return run.subjects?.contains { $0.subject.key.map { !isRedacted($0) } ?? false } ?? false
  }

  /// The leaf's statement with its keys redacted.
  func redacted(_ leaf: RawLeaf) throws -> [UInt8] {
    var statement = try CanonicalJSON.decode(Leaf<RunFinished>.self, from: leaf.statement)
    statement.body = redacted(statement.body)
    return try CanonicalJSON.encode(statement)
  }

  func redacted(_ history: History) -> History {
    var history = history
    history.runs = history.runs.map { recorded in
      var recorded = recorded
      recorded.body = redacted(recorded.body)
      return recorded
    }
    return history
  }

  func redacted(_ run: Run) -> Run {
    var run = run
    run.findings = run.findings.map { finding in
      var finding = finding
      finding.subject = redacted(finding.subject)
      return finding
    }
    run.driftSamples = run.driftSamples.map { drift in
      var drift = drift
      drift.key = redacted(drift.key)
      return drift
    }
    return run
  }

  private func redacted(_ run: RunFinished) -> RunFinished {
    var run = run
    run.subjects = run.subjects?.map { finding in
      var finding = finding
      finding.subject = redacted(finding.subject)
      return finding
    }
    return run
  }

  private func redacted(_ subject: Finding.Subject) -> Finding.Subject {
    var subject = subject
    subject.key = subject.key.map { redacted($0) }
    return subject
  }

  private func redacted(_ key: KeyName) -> KeyName {
    RecordedKeys.isRedacted(key) ? key : redactor.redact(RecordedKeys.bytes(key.text))
  }

  /// `key:` and 16 hexadecimal digits, as ``KeyRedactor`` writes it.
  private static func isRedacted(_ key: KeyName) -> Bool {
    key.text.utf8.count == 20 && key.text.hasPrefix("key:")
      && key.text.utf8.dropFirst(4).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// The bytes of a key from its printable form (``KeyName/text``).
  private static func bytes(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      if rest.first == UInt8(ascii: "x"),
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(UInt8(ascii: "\\"))
        rest = rest.dropFirst()
      }
    }
    return bytes
  }
}
