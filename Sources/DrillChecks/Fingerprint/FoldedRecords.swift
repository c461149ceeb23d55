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

  /// What it would be with other records in the place of a part of them; misplaced ones add up, and the sample stays.
  ///
  /// - Precondition: `part` is folded of records that are among these.
  public func replacing(_ part: FoldedRecords, by other: FoldedRecords) -> FoldedRecords {
    var whole = self
    whole.fingerprint = fingerprint.subtracting(part.fingerprint)
    whole.fingerprint += other.fingerprint
    whole.modules = modules.subtracting(part.modules)
    whole.modules += other.modules
    for (kind, count) in part.recordsPerKind { whole.recordsPerKind[kind, default: 0] &-= count }
    whole.recordsPerKind.merge(other.recordsPerKind, uniquingKeysWith: &+)
    whole.expiringRecords = expiringRecords &- part.expiringRecords &+ other.expiringRecords
    whole.misplaced += other.misplaced
    whole.brokenRecords = brokenRecords &- part.brokenRecords &+ other.brokenRecords
    return whole
  }
}
