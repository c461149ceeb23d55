internal import DrillModel

/// Builds batches from records as a server gives them, and hands each on when it is full.
///
/// Between ``begin(_:slot:kind:expiry:)`` and ``end()``, ``split(into:)`` may be called wherever an atom ends, or
/// anywhere within a blob whose head is written.
struct PieceWriter {
  static let batchBytes = 1 << 20

  private var batch: RecordBatch
  private var record: Record?
  private(set) var bytesHandedOn: UInt64 = 0

  private struct Record {
    var key: [UInt8]
    var slot: Slot
    var kind: RecordKind
    var expiry: Int64
    var begins = true
    var keyOffset = 0
    var bodyOffset = 0
    /// Where the body ended: at the first element.
    var bodyEnd: Int?
    var elementIndex = 0
  }

  init(namespace: String) { batch = RecordBatch(namespace: namespace) }

  mutating func begin(_ key: [UInt8], slot: Slot, kind: RecordKind, expiry: Int64) {
    precondition(record == nil)
    openPiece(Record(key: key, slot: slot, kind: kind, expiry: expiry))
  }

  /// Appends to the record's ordered part; not after an element of the same piece.
  @inline(__always)
  mutating func body(_ append: (inout [UInt8]) -> Void) {
    precondition(record?.bodyEnd == nil)
    append(&batch.bytes)
  }

  /// Appends an element.
  @inline(__always)
  mutating func element(_ append: (inout [UInt8]) -> Void) {
    let offset = batch.bytes.count
    if record?.bodyEnd == nil { record?.bodyEnd = offset }
    append(&batch.bytes)
    batch.elements.append(.init(offset: UInt32(offset), count: UInt32(batch.bytes.count - offset)))
  }

  mutating func end() {
    closePiece(ends: true)
    record = nil
  }

  /// Hands on what is there if it is enough for a batch; within a record, ends the piece and starts the record's next
  /// one.
  mutating func split(into handler: RecordHandler) throws {
    guard batch.bytes.count >= PieceWriter.batchBytes else { return }
    guard var open = record else { return try flush(into: handler) }
    closePiece(ends: false)
    try flush(into: handler)
    open.begins = false
    open.bodyEnd = nil
    openPiece(open)
  }

  /// Hands on all that is there; only between records.
  mutating func finish(into handler: RecordHandler) throws {
    precondition(record == nil)
    try flush(into: handler)
  }

  private mutating func openPiece(_ next: Record) {
    var next = next
    next.keyOffset = batch.bytes.count
    batch.bytes.append(contentsOf: next.key)
    next.bodyOffset = batch.bytes.count
    next.elementIndex = batch.elements.count
    record = next
  }

  private mutating func closePiece(ends: Bool) {
    guard let open = record else { preconditionFailure("no record is open") }
    batch.pieces.append(
      .init(
        keyOffset: UInt32(open.keyOffset), keyCount: UInt32(open.key.count), bodyOffset: UInt32(open.bodyOffset),
        bodyCount: UInt32((open.bodyEnd ?? batch.bytes.count) - open.bodyOffset),
        elementIndex: UInt32(open.elementIndex),
        elementCount: UInt32(batch.elements.count - open.elementIndex), expiry: open.expiry, slot: open.slot,
        kind: open.kind,
        begins: open.begins, ends: ends))
  }

  private mutating func flush(into handler: RecordHandler) throws {
    guard !batch.pieces.isEmpty else { return }
    bytesHandedOn += UInt64(batch.bytes.count)
    try handler(batch)
    batch.bytes.removeAll(keepingCapacity: true)
    batch.pieces.removeAll(keepingCapacity: true)
    batch.elements.removeAll(keepingCapacity: true)
  }
}
