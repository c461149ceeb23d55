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
