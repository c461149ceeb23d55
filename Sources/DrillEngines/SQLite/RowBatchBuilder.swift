import DrillModel

/// Collects the canonical bytes of rows into batches, in one block that is used again for every batch.
struct RowBatchBuilder: ~Copyable {
  private var block: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var count = 0
  private var pieces: [RecordBatch.Piece] = []
  private var keyOffset = 0
  private var bodyOffset = 0

  init(capacity: Int) {
    self.capacity = capacity
    block = .allocate(byteCount: capacity, alignment: 8)
  }

  deinit { block.deallocate() }

  var isEmpty: Bool { pieces.isEmpty }
  var pieceCount: Int { pieces.count }

  /// Starts a piece; its key is appended next, then its body.
  mutating func beginKey() { keyOffset = count }
  mutating func beginBody() { bodyOffset = count }

  /// The bytes of the key that is being appended; valid within `body` alone.
  func withKey<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    body(UnsafeRawBufferPointer(start: block + keyOffset, count: count - keyOffset))
  }

  /// The bytes of the body that is being appended; valid within `body` alone.
  func withBody<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    body(UnsafeRawBufferPointer(start: block + bodyOffset, count: count - bodyOffset))
  }

  /// Drops what was appended since ``beginKey()``.
  mutating func dropPiece() { count = keyOffset }

  mutating func endPiece(slot: Slot, kind: RecordKind = .row, begins: Bool = true, ends: Bool = true) {
    pieces.append(
      RecordBatch.Piece(
        keyOffset: UInt32(keyOffset), keyCount: UInt32(bodyOffset - keyOffset), bodyOffset: UInt32(bodyOffset),
        bodyCount: UInt32(count - bodyOffset), elementIndex: 0, elementCount: 0, expiry: RecordBatch.noExpiry,
        slot: slot, kind: kind, begins: begins, ends: ends))
  }

  /// Hands over what was collected and starts anew.
  mutating func take(namespace: String) -> RecordBatch {
    var batch = RecordBatch(namespace: namespace)
    batch.bytes = Array(UnsafeRawBufferPointer(start: block, count: count))
    batch.pieces = pieces
    pieces.removeAll(keepingCapacity: true)
    count = 0
    return batch
  }

  /// Drops everything that was collected.
  mutating func clear() {
    pieces.removeAll(keepingCapacity: true)
    count = 0
  }

  // MARK: Atoms

  @inline(__always)
  mutating func appendNull() {
    reserve(1)
    block.storeBytes(of: Atom.null, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  mutating func appendInteger(_ value: Int64) { appendHead(Atom.integer, UInt64(bitPattern: value)) }

  @inline(__always)
  mutating func appendReal(_ value: Double) { appendHead(Atom.real, value.bitPattern) }

  /// An atom's tag and the eight bytes after it; for texts and blobs these are the length, and the bytes follow by
  /// ``append(_:)``.
  @inline(__always)
  mutating func appendHead(_ tag: UInt8, _ word: UInt64) {
    reserve(9)
    block.storeBytes(of: tag, toByteOffset: count, as: UInt8.self)
    block.storeBytes(of: word.littleEndian, toByteOffset: count + 1, as: UInt64.self)
    count += 9
  }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    reserve(bytes.count)
    (block + count).copyMemory(from: start, byteCount: bytes.count)
    count += bytes.count
  }

  /// Makes room for `size` bytes and lets `fill` write all of them.
  mutating func append(size: Int, _ fill: (UnsafeMutableRawPointer) throws -> Void) rethrows {
    reserve(size)
    try fill(block + count)
    count += size
  }

  @inline(__always)
  private mutating func reserve(_ size: Int) {
    if count + size > capacity { grow(size) }
  }

  @inline(never)
  private mutating func grow(_ size: Int) {
    capacity = max(capacity * 2, count + size)
    precondition(capacity <= Int(UInt32.max), "a batch beyond 4 GiB")
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    larger.copyMemory(from: block, byteCount: count)
    block.deallocate()
    block = larger
  }
}
