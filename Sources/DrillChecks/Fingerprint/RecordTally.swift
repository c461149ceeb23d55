internal import DrillCrypto
internal import DrillModel

/// One thread's share of a fold: cells and samples per namespace, in the forms that are fast to add to.
struct RecordTally: Sendable {
  private let plan: FoldPlan
  private let hash: SipHash
  private var spaces: [Space] = []
  private var indices: [String: Int] = [:]
  private var result: FoldedRecords

  init(_ plan: FoldPlan) {
    self.plan = plan
    hash = SipHash(seed: plan.seed)
    result = FoldedRecords(seed: plan.seed, sampleSize: plan.sampleSize)
  }

  /// Digests a batch and adds its records.
  static func fold(_ batch: RecordBatch, _ digester: inout RecordDigester, _ tally: inout RecordTally) {
    let space = tally.index(of: batch.namespace)
    batch.bytes.withUnsafeBytes { bytes in
      digester.digest(batch) { tally.add($0, bytes, space) }
    }
  }

  mutating func noteBroken(_ digester: RecordDigester) {
    result.brokenRecords += digester.brokenRecords + (digester.isInsideRecord ? 1 : 0)
  }

  private mutating func index(of namespace: String) -> Int {
    if let index = indices[namespace] { return index }
    indices[namespace] = spaces.count
    spaces.append(Space(namespace))
    return spaces.count - 1
  }

  @inline(__always)
  private mutating func add(_ record: RecordDigest, _ bytes: UnsafeRawBufferPointer, _ space: Int) {
    let kind = Int(record.kind.rawValue)
    spaces[space].counts[kind] += 1
    let key = UnsafeRawBufferPointer(rebasing: bytes[record.key])
    if record.kind == .library {
      result.fingerprint.libraries[String(decoding: key, as: UTF8.self), default: []].insert(record.content)
      return
    }
    if record.hasExpiry { result.expiringRecords += 1 }
    spaces[space].cells.add(record)
    if record.kind == .module { result.modules.add(record.cell, namespace: spaces[space].namespace, slot: record.slot) }
    if let allowed = plan.allowedSlots, !allowed.contains(record.slot) {
      result.misplaced.add(spaces[space].namespace, record.slot, key: Array(key))
    }
    if plan.sampleSize > 0 {
      let value = hash.hash(key)
      if spaces[space].samples[kind].mayTake(value) {
        spaces[space].samples[kind].insert(
          KeySample.Key(hash: value, slot: record.slot, bytes: Array(key)), size: plan.sampleSize)
      }
    }
  }

  static func += (a: inout RecordTally, b: RecordTally) {
    a.result += b.result
    for other in b.spaces {
      let space = a.index(of: other.namespace)
      for (slot, cell) in other.cells.all { a.spaces[space].cells.add(cell, slot: slot) }
      for kind in other.counts.indices {
        a.spaces[space].counts[kind] += other.counts[kind]
        for key in other.samples[kind].keys { a.spaces[space].samples[kind].insert(key, size: a.plan.sampleSize) }
      }
    }
  }

  func folded() -> FoldedRecords {
    var folded = result
    for space in spaces {
      for (slot, cell) in space.cells.all { folded.fingerprint.add(cell, namespace: space.namespace, slot: slot) }
      for kind in RecordKind.allCases {
        let count = space.counts[Int(kind.rawValue)]
        if count > 0 { folded.recordsPerKind[kind, default: 0] += count }
        let bottom = space.samples[Int(kind.rawValue)]
        if !bottom.keys.isEmpty {
          folded.sample.formUnion(bottom, group: KeySample.Group(namespace: space.namespace, kind: kind))
        }
      }
    }
    return folded
  }

  private struct Space: Sendable {
    let namespace: String
    var cells = CellTable()
    var counts: [UInt64]
    var samples: [KeySample.Bottom]

    init(_ namespace: String) {
      self.namespace = namespace
      let kinds = Int(RecordKind.allCases.map(\.rawValue).max() ?? 0) + 1
      counts = Array(repeating: 0, count: kinds)
      samples = Array(repeating: KeySample.Bottom(), count: kinds)
    }
  }
}

/// The cells of one namespace, sparse: 32 KiB for the way from slot to cell, then only the cells in use. What every record
/// adds to lies apart from the sums of expiries, so that more of it stays near the processor.
private struct CellTable: Sendable {
  private struct Content: Sendable {
    var count: UInt64 = 0
    var sum = Sum256()
  }

  private static let none = UInt16.max
  private var positions = [UInt16](repeating: CellTable.none, count: Slot.count)
  private var slots: [Slot] = []
  private var contents: [Content] = []
  private var expiries: [Sum256] = []

  @inline(__always)
  mutating func add(_ record: RecordDigest) {
    let position = position(of: record.slot)
    contents[position].count &+= 1
    contents[position].sum += Sum256(record.content)
    if let digest = record.expiryDigest { expiries[position] += Sum256(digest) }
  }

  mutating func add(_ cell: Fingerprint.Cell, slot: Slot) {
    let position = position(of: slot)
    contents[position].count &+= cell.count
    contents[position].sum += cell.content
    expiries[position] += cell.expiry
  }

  @inline(__always)
  private mutating func position(of slot: Slot) -> Int {
    let position = positions[Int(slot.rawValue)]
    return position == CellTable.none ? begin(slot) : Int(position)
  }

  private mutating func begin(_ slot: Slot) -> Int {
    positions[Int(slot.rawValue)] = UInt16(slots.count)
    slots.append(slot)
    contents.append(Content())
    expiries.append(Sum256())
    return slots.count - 1
  }

  var all: [(Slot, Fingerprint.Cell)] {
    slots.indices.map { index in
      let content = contents[index]
      return (slots[index], Fingerprint.Cell(count: content.count, content: content.sum, expiry: expiries[index]))
    }
  }
}
