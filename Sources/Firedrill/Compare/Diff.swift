import DrillChecks
import DrillEvidence
public import DrillModel

/// What is to be compared.
public struct DiffRequest: Sendable {
  public var a: String
  public var b: String
  public var catalog: String?
  public var via: ReadingPath
  /// Expiries no further apart are equal: what `MIGRATE` does to them.
  public var expiryBound: Duration
  public var keyLimit: Int
  public var showsKeys: Bool
  /// The ledger whose secret redacts keys.
  public var ledger: String
  /// What opens a side that is stored encoded; nil: no key.
  public var keys: KeySection?

  public init(
    a: String, b: String, catalog: String? = nil, via: ReadingPath = .replication, expiryBound: Duration = .zero,
    keyLimit: Int = 20,
    showsKeys: Bool = false, ledger: String
  ) {
    self.a = a
    self.b = b
    self.catalog = catalog
    self.via = via
    self.expiryBound = expiryBound
    self.keyLimit = keyLimit
    self.showsKeys = showsKeys
    self.ledger = ledger
  }
}

/// How two contents differ, down to keys.
public struct DiffResult: Sendable, Codable {
  public var isEqual: Bool
  public var recordsA: UInt64
  public var recordsB: UInt64
  public var rootA: Digest
  public var rootB: Digest
  /// The roots over contents alone, without expiries.
  public var contentRootA: Digest
  public var contentRootB: Digest
  /// Slots that moved between two backups, and where alone an expiry may be off by what a move shifts; nil where a side names
  /// no topology.
  public var movedSlots: SlotSet?
  /// Differing keys by kind, seen from A to B: `added` is only in B.
  public var differences: [String: Int]
  public var libraries: [String]
  /// Expiries that moved by no more than the bound, and the largest such shift in milliseconds.
  public var expiriesWithinBound: Int
  public var largestShiftMs: Int64
  public var keys: [Key]
  public var unlisted: Int

  public struct Key: Sendable, Codable {
    public var kind: Drift.Kind
    public var namespace: String
    public var slot: Slot
    public var key: KeyName
  }

  public var text: String {
    var lines: [String] = []
    let shifted =
      expiriesWithinBound == 0
      ? "" : "; \(expiriesWithinBound) expiries moved by at most \(largestShiftMs) ms, within the bound"
    if isEqual {
      lines.append("equal: \(recordsA) records\(shifted)")
      if let movedSlots, !movedSlots.isEmpty {
        lines.append("  \(movedSlots.count) slots moved in between: contents equal, root \(contentRootA)")
      }
    } else {
      lines.append("different: \(recordsA) records against \(recordsB)\(shifted)")
      for (kind, count) in differences.sorted(by: { $0.key < $1.key }) { lines.append("  \(kind): \(count)") }
      for library in libraries { lines.append("  library \(library) differs") }
      for key in keys { lines.append("  \(key.kind.rawValue)  \(key.namespace) slot \(key.slot)  \(key.key.text)") }
      if unlisted > 0 { lines.append("  … and \(unlisted) more (--keys N lists more)") }
    }
    return lines.joined(separator: "\n")
  }
}

/// Compares two sides: fingerprints first, then only the slots that differ, key by key.
struct Diff {
  var a: RecordSide
  var b: RecordSide
  var request: DiffRequest
  /// The slots that moved between the sides' topologies; nil where a side has none.
  var moved: SlotSet?
  /// Nil leaves keys in clear.
  var redactor: KeyRedactor?
  var events: DrillEventHandler

  func run() async throws -> DiffResult {
    let left = try await whole(a, name: "A")
    let right = try await whole(b, name: "B")
    let slots = SlotDiff(left.fingerprint, right.fingerprint)
    var found = KeyDiff()
    for chunk in slots.chunks() {
      let mine = try await a.keys(of: chunk)
      try hold(mine, against: left.fingerprint, in: chunk, side: "A")
      let theirs = try await b.keys(of: chunk)
      try hold(theirs, against: right.fingerprint, in: chunk, side: "B")
      found += KeyDiff(mine, theirs)
    }
    return result(left, right, slots, found)
  }

  private func whole(_ side: RecordSide, name: String) async throws -> FoldedRecords {
    events(.started(.decode, detail: "reading \(name)"))
    let start = ContinuousClock.now
    let (folded, facts) = try await side.fold(events: events)
    events(.finished(.decode, elapsed: start.duration(to: .now)))
    if let problem = facts.flatMap(\.problems).first {
      throw DrillError(
        .artifactUnreadable, subject: "side \(name)",
        detail: "cannot be read in full: \(problem.detail); see firedrill check")
    }
    let leftOut = facts.reduce(0) { $0 + $1.leftOutRecords.count }
    if leftOut > 0 {
      throw DrillError(
        .artifactUnreadable, subject: "side \(name)",
        detail: "\(leftOut) keys cannot be told from the log: \(facts.flatMap(\.notes).last ?? "")")
    }
    if let unseen = facts.flatMap(\.unseen).first(where: { $0.records > 0 }) {
      throw DrillError(
        .featureMissing, subject: "side \(name)", detail: "cannot be read in full: \(unseen.name): \(unseen.detail)")
    }
    let opaque = facts.reduce(0) { $0 + $1.opaqueRecords }
    if opaque > 0, side.isLive {
      throw DrillError(
        .artifactUnreadable, subject: "side \(name)",
        detail: "\(opaque) records hold values that cannot be read through commands")
    }
    return folded
  }

  /// A side that is read a second time must still be what it was.
  private func hold(_ keys: KeyDigests, against fingerprint: Fingerprint, in slots: SlotSet, side: String) throws {
    guard keys.cells(matching: fingerprint, in: slots) else {
      throw DrillError(
        .storeMoved, subject: "side \(side)", detail: "the store changed while it was read: nothing can be told")
    }
  }

  private func result(_ left: FoldedRecords, _ right: FoldedRecords, _ slots: SlotDiff, _ found: KeyDiff) -> DiffResult
  {
    var within = 0
    var largest: Int64 = 0
    let asked = request.expiryBound
    func bound(_ slot: Slot) -> Int64 {
      Int64((moved?.contains(slot) == true ? max(asked, MoveExpiry.bound) : asked).milliseconds)
    }
    let real = found.differences.filter { difference in
      guard difference.kind == .expiryMoved, let a = difference.leftExpiry, let b = difference.rightExpiry else {
        return true
      }
      let shift = a > b ? a - b : b - a
      guard shift <= bound(difference.slot) else { return true }
      within += 1
      largest = max(largest, shift)
      return false
    }
    return DiffResult(
      isEqual: real.isEmpty && slots.libraries.isEmpty, recordsA: left.records, recordsB: right.records,
      rootA: left.fingerprint.root,
      rootB: right.fingerprint.root, contentRootA: left.fingerprint.contentRoot,
      contentRootB: right.fingerprint.contentRoot, movedSlots: moved,
      differences: Dictionary(grouping: real, by: \.kind.rawValue).mapValues(\.count),
      libraries: slots.libraries, expiriesWithinBound: within, largestShiftMs: largest,
      keys: real.prefix(request.keyLimit).map {
        DiffResult.Key(
          kind: $0.kind, namespace: $0.namespace, slot: $0.slot, key: redactor?.redact($0.key) ?? .clear($0.key))
      }, unlisted: max(0, real.count - request.keyLimit))
  }
}

extension KeyDigests {
  /// Whether the records collected are those that the fingerprint's cells in `slots` sum up.
  fileprivate func cells(matching fingerprint: Fingerprint, in slots: SlotSet) -> Bool {
    var sums: [String: [Slot: (count: UInt64, content: Sum256)]] = [:]
    for (key, entry) in entries {
      var sum = sums[key.namespace]?[entry.slot] ?? (0, Sum256())
      sum.count += UInt64(entry.copies)
      sum.content += entry.content
      sums[key.namespace, default: [:]][entry.slot] = sum
    }
    for (namespace, cells) in fingerprint.restricted(to: slots).cells {
      for (slot, cell) in cells {
        guard let sum = sums[namespace]?.removeValue(forKey: slot), sum.count == cell.count, sum.content == cell.content
        else { return false }
      }
    }
    return sums.values.allSatisfy(\.isEmpty)
  }
}
