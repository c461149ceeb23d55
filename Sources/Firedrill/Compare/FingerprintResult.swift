import DrillChecks
public import DrillModel

/// A source's fingerprint with what its readers saw.
public struct FingerprintResult: Sendable, Codable {
  public var root: Digest
  public var records: UInt64
  public var recordsPerKind: [String: UInt64]
  public var expiringRecords: UInt64
  public var slots: Int
  public var bytesRead: UInt64
  public var problems: [String]
  public var notes: [String]
  public var fingerprint: Fingerprint?

  init(_ folded: FoldedRecords, _ facts: [ReadFacts]) {
    root = folded.fingerprint.root
    records = folded.records
    recordsPerKind = Dictionary(uniqueKeysWithValues: folded.recordsPerKind.map { ($0.key.name, $0.value) })
    expiringRecords = folded.expiringRecords
    slots = folded.fingerprint.countsPerSlot.count
    bytesRead = facts.reduce(0) { $0 + $1.bytesRead }
    problems = facts.flatMap(\.problems).map { problem in
      problem.detail + (problem.offset.map { " at byte \($0)" } ?? "")
    }
    for fact in facts {
      if case .present(let stored, let computed) = fact.checksum, stored != computed {
        problems.append("the format's checksum is \(stored), the bytes make \(computed)")
      }
      if fact.bytesAfterEnd > 0 { problems.append("\(fact.bytesAfterEnd) bytes follow the format's end") }
    }
    notes = facts.flatMap(\.notes) + facts.flatMap(\.unseen).map { "not looked at: \($0.name): \($0.detail)" }
    fingerprint = folded.fingerprint
  }

  /// Without single cells: a cell with one record exposes its hash.
  public var withoutCells: FingerprintResult {
    var copy = self
    copy.fingerprint = nil
    return copy
  }

  public var text: String {
    let kinds = recordsPerKind.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    var lines = [
      "root      \(root)",
      "records   \(records)\(kinds.isEmpty ? "" : " (\(kinds))"), \(expiringRecords) with an expiry",
      "slots     \(slots) of \(Slot.count) hold records",
    ]
    lines += notes.map { "note      \($0)" }
    lines += problems.map { "problem   \($0)" }
    return lines.joined(separator: "\n")
  }
}
