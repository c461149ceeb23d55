public import DrillModel

/// Records in a shard that may not hold them.
public struct MisplacedRecords: Sendable, Equatable {
  public var count: UInt64 = 0
  public var slots = SlotSet()
  /// The first few by slot, then key: the same whatever the order of reading.
  public var samples: [Sample] = []

  public struct Sample: Sendable, Hashable {
    public var namespace: String
    public var slot: Slot
    public var key: [UInt8]
  }

  static let sampleLimit = 3

  public init() {}

  mutating func add(_ namespace: String, _ slot: Slot, key: @autoclosure () -> [UInt8]) {
    count += 1
    slots.insert(slot)
    if samples.count < MisplacedRecords.sampleLimit || slot <= samples[samples.count - 1].slot {
      keep([Sample(namespace: namespace, slot: slot, key: key())])
    }
  }

  public static func += (a: inout MisplacedRecords, b: MisplacedRecords) {
    a.count += b.count
    a.slots = a.slots.union(b.slots)
    a.keep(b.samples)
  }

  private mutating func keep(_ more: [Sample]) {
    samples += more
    samples.sort { ($0.slot, $0.namespace, KeyOrder($0.key)) < ($1.slot, $1.namespace, KeyOrder($1.key)) }
    samples.removeLast(max(0, samples.count - MisplacedRecords.sampleLimit))
  }
}
