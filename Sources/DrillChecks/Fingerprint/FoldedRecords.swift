public import DrillModel

/// What one pass over records gave: their fingerprint, a sample of their keys, and what did not belong.
///
/// Folds add, like the fingerprints in them: those of the shards sum to the cluster's.
public struct FoldedRecords: Sendable, Equatable {
  public var fingerprint = Fingerprint()
  /// The part of ``fingerprint`` that module values make up: what a server may be unable to show.
  public var modules = Fingerprint()
  /// Whole records by kind, libraries included.
  public var recordsPerKind: [RecordKind: UInt64] = [:]
  /// Records with an expiry.
  public var expiringRecords: UInt64 = 0
  public var sample: KeySample
  public var misplaced = MisplacedRecords()
  /// Pieces that made no whole record: the reader broke off, or has a bug.
  public var brokenRecords: UInt64 = 0

  public init(seed: UInt64, sampleSize: Int) { sample = KeySample(seed: seed, size: sampleSize) }

  /// Whole records, libraries included.
  public var records: UInt64 { recordsPerKind.values.reduce(0, +) }

  /// - Precondition: both sides sampled with the same seed and size.
  public static func += (a: inout FoldedRecords, b: FoldedRecords) {
    a.fingerprint += b.fingerprint
    a.modules += b.modules
    a.recordsPerKind.merge(b.recordsPerKind, uniquingKeysWith: +)
    a.expiringRecords += b.expiringRecords
    a.sample.formUnion(b.sample)
    a.misplaced += b.misplaced
    a.brokenRecords += b.brokenRecords
  }
}

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

/// Keys in the order of their bytes.
struct KeyOrder: Comparable {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  static func < (a: KeyOrder, b: KeyOrder) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
