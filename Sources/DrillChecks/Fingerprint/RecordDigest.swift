public import DrillModel

/// What is left of one whole record after it was hashed.
public struct RecordDigest: Sendable {
  /// Where the key lies in the bytes of the batch in which the record ended.
  public let key: Range<Int>
  public let slot: Slot
  public let kind: RecordKind
  public let content: Digest
  /// Milliseconds since 1970, or ``RecordBatch/noExpiry``.
  public let expiry: Int64
  /// Nil for a record without expiry.
  public let expiryDigest: Digest?

  public var hasExpiry: Bool { expiry != RecordBatch.noExpiry }

  /// What the record adds to its cell.
  @inline(__always)
  public var cell: Fingerprint.Cell {
    Fingerprint.Cell(count: 1, content: Sum256(content), expiry: expiryDigest.map { Sum256($0) } ?? Sum256())
  }
}
