internal import DrillModel

/// Puts records into batches in their canonical form, cuts large ones into pieces, and hands the batches on.
///
/// A record is a key, then atoms, in elements or not: `beginKey`, `copy`…, `beginRecord`, atoms, `endRecord`. A cut can
/// fall at any byte after the key.
final class RecordBuilder {
  /// Where a batch counts as full, in bytes and in elements.
  private static let batchSize = 1 << 20
  private static let batchElements = 1 << 16
  /// Strings up to this long are kept in one batch where that is easy, and small atoms need no look at the capacity.
  private static let headroom = 64 << 10
  private static let usualCapacity = batchSize + 4 * headroom
  /// Redis' own limit for a key, which is a string. Source: redis 7.0 redis.conf, `proto-max-bulk-len`.
  private static let keyLimit: UInt64 = 512 << 20

  private let selection: RecordSelection
  private let slotOf: (UnsafeRawBufferPointer) -> Slot
  private let handler: RecordHandler
  private var namespace = "db0"
  private let bytes = GrowingBuffer<UInt8>(capacity: RecordBuilder.usualCapacity)
  private let pieces = GrowingBuffer<RecordBatch.Piece>(capacity: 1 << 12)
  private let decimal = DecimalText()
  private let elements = GrowingBuffer<RecordBatch.Element>(capacity: 1 << 12)

  // The record that is being put together.
  private var keyOffset = 0
  private var keyCount = 0
  private var bodyOffset = 0
  private var firstElement = 0
  private var elementOffset = 0
  private var isInElement = false
  private var begins = true
  private var isSelected = true
  private var isWritingKey = false
  private var isOpen = false
  private var slot = Slot(0)
  private var kind = RecordKind.string
  private var expiry = RecordBatch.noExpiry
  /// Bytes at which the batch is full.
  private var limit = RecordBuilder.batchSize

  init(selection: RecordSelection, slotOf: @escaping (UnsafeRawBufferPointer) -> Slot, handler: @escaping RecordHandler)
  {
    self.selection = selection
    self.slotOf = slotOf
    self.handler = handler
  }

  // MARK: Records

  func select(namespace new: String) throws {
    guard new != namespace else { return }
    try flush()
    namespace = new
  }

  func beginKey() {
    keyOffset = bytes.count
    firstElement = elements.count
    isWritingKey = true
    isOpen = true
  }

  /// Takes what was copied since `beginKey` as the key.
  func beginRecord(_ kind: RecordKind, expiry: Int64) {
    begin(kind, expiry: expiry)
    slot = slotOf(UnsafeRawBufferPointer(start: bytes.base + keyOffset, count: keyCount))
    isSelected = selection.contains(slot)
  }

  /// A record that no slot holds: it is handed on where everything is selected, and its slot is 0.
  func beginUnslottedRecord(_ kind: RecordKind) {
    begin(kind, expiry: RecordBatch.noExpiry)
    slot = Slot(0)
    isSelected = selection == .all
  }

  @inline(__always)
  private func begin(_ kind: RecordKind, expiry: Int64) {
    self.kind = kind
    self.expiry = expiry
    isWritingKey = false
    bodyOffset = bytes.count
    keyCount = bodyOffset - keyOffset
    firstElement = elements.count
    begins = true
    limit = max(RecordBuilder.batchSize, bodyOffset + max(keyCount, RecordBuilder.headroom))
    bytes.reserve(limit - bytes.count + RecordBuilder.headroom)
  }

  func endRecord() throws {
    if isSelected {
      isOpen = false
      closePiece(ends: true)
      if bytes.count >= RecordBuilder.batchSize || elements.count >= RecordBuilder.batchElements
        || pieces.count >= RecordBuilder.batchElements / 2
      {
        try flush()
      }
    } else {
      dropRecord()
    }
  }

  /// Forgets what the open record has that was not handed on yet, where one is open.
  func dropRecord() {
    guard isOpen else { return }
    isOpen = false
    bytes.count = keyOffset
    elements.count = firstElement
    isInElement = false
    isWritingKey = false
  }

  /// Hands on the whole records, and the pieces of the one that is open.
  func flush() throws {
    guard pieces.count > 0 else { return }
    var batch = RecordBatch(namespace: namespace)
    batch.bytes = bytes.array(0..<bytes.count)
    batch.pieces = pieces.array(0..<pieces.count)
    batch.elements = elements.array(0..<elements.count)
    bytes.count = 0
    pieces.count = 0
    elements.count = 0
    if bytes.capacity > 4 * RecordBuilder.batchSize { bytes.shrink(to: RecordBuilder.usualCapacity) }
    try handler(batch)
  }

  private func closePiece(ends: Bool) {
    if isInElement { closeElement(isOpen: true) }
    let bodyEnd = elements.count > firstElement ? Int(elements.base[firstElement].offset) : bytes.count
    pieces.append(
      RecordBatch.Piece(
        keyOffset: UInt32(keyOffset), keyCount: UInt32(keyCount), bodyOffset: UInt32(bodyOffset),
        bodyCount: UInt32(bodyEnd - bodyOffset),
        elementIndex: UInt32(firstElement), elementCount: UInt32(elements.count - firstElement), expiry: expiry,
        slot: slot, kind: kind,
        begins: begins, ends: ends))
  }

  /// Hands on what there is of the open record, and goes on with its next piece.
  private func cut() throws {
    if isSelected {
      closePiece(ends: false)
      let key = keyCount > 0 ? bytes.array(keyOffset..<keyOffset + keyCount) : []
      try flush()
      keyOffset = 0
      bytes.reserve(2 * keyCount + RecordBuilder.usualCapacity)
      key.withUnsafeBufferPointer { if let start = $0.baseAddress { bytes.base.update(from: start, count: keyCount) } }
      begins = false
    }
    bytes.count = keyOffset + keyCount
    elements.count = isSelected ? 0 : firstElement
    bodyOffset = bytes.count
    firstElement = elements.count
    elementOffset = bytes.count
    limit = max(RecordBuilder.batchSize, bodyOffset + max(keyCount, RecordBuilder.headroom))
  }

  // MARK: Elements and atoms

  @inline(__always)
  func beginElement() {
    elementOffset = bytes.count
    isInElement = true
  }

  @inline(__always)
  func endElement() throws {
    closeElement(isOpen: false)
    isInElement = false
    if elements.count >= RecordBuilder.batchElements { try cut() }
  }

  @inline(__always)
  private func closeElement(isOpen: Bool) {
    elements.append(
      RecordBatch.Element(offset: UInt32(elementOffset), count: UInt32(bytes.count - elementOffset), isOpen: isOpen))
  }

  func null() throws {
    let target = try room()
    target.storeBytes(of: Atom.null, as: UInt8.self)
    bytes.count += 1
  }

  func integer(_ value: Int64) throws { try word(Atom.integer, UInt64(bitPattern: value)) }
  func real(_ value: Double) throws { try word(Atom.real, value.bitPattern) }

  /// The head of a blob whose `count` bytes are copied next.
  @inline(__always)
  func blobHead(_ count: UInt64) throws { try word(Atom.blob, count) }

  func blob(_ value: [UInt8]) throws {
    try blobHead(UInt64(value.count))
    try value.withUnsafeBytes { try append($0) }
  }

  /// A number that the store keeps as such where it means its text.
  func blob(decimal value: Int64) throws {
    decimal.write(value)
    try blobHead(UInt64(decimal.text.count))
    try append(decimal.text)
  }

  func append(decimal value: Int64) throws {
    decimal.write(value)
    try append(decimal.text)
  }

  /// Copies the next `count` bytes of `window`, however many they are.
  @inline(__always)
  func copy(_ count: UInt64, from window: ByteWindow) throws {
    let room = bytes.capacity &- bytes.count
    guard count <= UInt64(window.available), count &+ 32 <= UInt64(room) else {
      return try copySlowly(count, from: window)
    }
    let count = Int(count)
    let target = UnsafeMutableRawPointer(bytes.base + bytes.count)
    if count <= 32 {
      ShortCopy.upTo32(from: window.cursor, to: target)
    } else {
      target.copyMemory(from: window.cursor, byteCount: count)
    }
    window.cursor += count
    bytes.count += count
  }

  @inline(never)
  private func copySlowly(_ count: UInt64, from window: ByteWindow) throws {
    if isWritingKey, count > RecordBuilder.keyLimit { throw RDBDamage("a key claims \(count) bytes") }
    var left = count
    while left > 0 {
      let some = try window.some(limit: min(left, UInt64(RecordBuilder.headroom)))
      try append(some)
      left -= UInt64(some.count)
    }
  }

  /// Appends bytes: of the key, or of the blob whose head was put.
  func append(_ source: UnsafeRawBufferPointer) throws {
    var rest = source
    while !rest.isEmpty {
      if isWritingKey {
        bytes.reserve(rest.count + ByteWindow.slack)
      } else if bytes.count >= limit {
        try cut()
      }
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(bytes.capacity - bytes.count))
      UnsafeMutableRawPointer(bytes.base + bytes.count).copyMemory(
        from: part.baseAddress ?? UnsafeRawPointer(bytes.base), byteCount: part.count)
      bytes.count += part.count
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
    }
  }

  @inline(__always)
  private func word(_ tag: UInt8, _ value: UInt64) throws {
    let target = try room()
    target.storeBytes(of: tag, as: UInt8.self)
    target.storeBytes(of: value.littleEndian, toByteOffset: 1, as: UInt64.self)
    bytes.count += 9
  }

  /// Room for one small atom.
  @inline(__always)
  private func room() throws -> UnsafeMutableRawPointer {
    if bytes.count >= limit || bytes.capacity &- bytes.count < 32 { try cut() }
    return UnsafeMutableRawPointer(bytes.base + bytes.count)
  }
}
