internal import DrillCrypto
public import DrillModel

/// Turns pieces of records into one digest per record, across pieces, open elements and batches, without an
/// allocation per record.
///
/// This is the one place where the hashed form of a record is written down. `len4` is a length as 4 bytes
/// little-endian; the ordered part and the elements are as ``RecordBatch`` says:
///
///     content = SHA-256( 01 ‖ name ‖ kind ‖ has expiry (00 or 01) ‖ ordered part ‖ tail )
///     name    = len4 namespace ‖ namespace ‖ len4 key ‖ key
///     tail    = number of elements (8 bytes little-endian) ‖ sum of element digests (32 bytes big-endian),
///               for kinds with elements; nothing for the others
///     element = SHA-256( 02 ‖ the element's atoms )
///     expiry  = SHA-256( 03 ‖ name ‖ milliseconds since 1970 (8 bytes little-endian) )
///
/// The namespace of a library is hashed as empty: a library belongs to the store, not to one of its databases.
///
/// Pieces that do not make whole records (a piece that carries on nothing, a record that begins inside another) are
/// counted in ``brokenRecords`` and yield no digest, so that a reader's mistake is seen and never adds to a sum.
public struct RecordDigester: Sendable {
  /// Records that began and did not end before another began, and pieces that carry on nothing.
  public private(set) var brokenRecords: UInt64 = 0
  private var open: OpenRecord?
  private var hash = SHA256()

  public init() {}

  /// Whether the last piece seen leaves its record unfinished.
  public var isInsideRecord: Bool { open != nil }

  /// Calls `body` once for each record that ends in the batch, in order.
  ///
  /// - Precondition: the batch's offsets lie within its bytes, and only kinds that have elements carry any; else the
  ///   reader has a bug.
  @inline(__always)
  public mutating func digest(_ batch: RecordBatch, _ body: (RecordDigest) throws -> Void) rethrows {
    let hashing = BatchHashing(namespace: batch.namespace)
    try batch.bytes.withUnsafeBytes { bytes in
      try batch.pieces.withUnsafeBufferPointer { pieces in
        try batch.elements.withUnsafeBufferPointer { elements in
          for index in 0..<pieces.count {
            digest(Source(piece: pieces[index], bytes: bytes, elements: elements, prefix: hashing.prefix), hashing)
            if hashing.isFull || index == pieces.count - 1 { try hashing.deliver(body) }
          }
        }
      }
    }
  }

  private mutating func digest(_ source: Source, _ hashing: BatchHashing) {
    let piece = source.piece
    precondition(piece.kind.hasElements || piece.elementCount == 0, "elements in a kind that has none")
    if piece.begins {
      if open != nil { abandon() }
      if piece.ends, hashing.add(whole: source) { return }
      open = OpenRecord()
      begin(source)
    } else if open == nil {
      brokenRecords += 1
      return
    }
    hash.update(source.body)
    if piece.elementCount > 0 { add(source.pieceElements, of: source, hashing.elements) }
    if piece.ends, let content = end(source) { hashing.add(source, content) }
  }

  private mutating func begin(_ source: Source) {
    let piece = source.piece
    hash.update(byte: 1)
    hash.update(piece.kind == .library ? RecordDigester.prefix(namespace: "") : source.prefix)
    source.updateKey(of: &hash)
    hash.update(byte: piece.kind.rawValue)
    hash.update(byte: piece.expiry == RecordBatch.noExpiry ? 0 : 1)
  }

  private mutating func add(
    _ pieceElements: UnsafeBufferPointer<RecordBatch.Element>, of source: Source, _ lanes: SHA256Lanes
  ) {
    guard var record = open else { return }
    for element in pieceElements {
      let bytes = source.slice(element.offset, element.count)
      if !record.isElementOpen {
        if !element.isOpen {
          record.elementCount += 1
          if !source.add(element: bytes, to: lanes) { record.elementSum += Sum256(source.elementDigest(bytes)) }
          continue
        }
        record.element.update(byte: 2)
      }
      record.element.update(bytes)
      record.isElementOpen = element.isOpen
      if !element.isOpen {
        record.elementCount += 1
        record.elementSum += Sum256(record.element.finalize())
      }
    }
    record.elementSum += lanes.takeSum()
    open = record
  }

  private mutating func end(_ source: Source) -> Digest? {
    guard let record = open, !record.isElementOpen else {
      abandon()
      return nil
    }
    if source.piece.kind.hasElements { record.updateTail(of: &hash) }
    open = nil
    return hash.finalize()
  }

  private mutating func abandon() {
    brokenRecords += 1
    open = nil
    hash = SHA256()
  }

  fileprivate static func prefix(namespace: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt32(namespace.utf8.count))
    bytes.append(contentsOf: namespace.utf8)
    return bytes
  }
}

/// The state of a record that is longer than one piece, or that has elements.
private struct OpenRecord: Sendable {
  var element = SHA256()
  var isElementOpen = false
  var elementCount: UInt64 = 0
  var elementSum = Sum256()

  func updateTail(of hash: inout SHA256) {
    withUnsafeBytes(of: elementCount.littleEndian) { hash.update($0) }
    hash.update(elementSum.digest.bytes)
  }
}

/// One piece with the bytes that it points into; every slice is checked against them.
private struct Source {
  let piece: RecordBatch.Piece
  let bytes: UnsafeRawBufferPointer
  let elements: UnsafeBufferPointer<RecordBatch.Element>
  /// The namespace, length-prefixed.
  let prefix: [UInt8]

  @inline(__always)
  func slice(_ offset: UInt32, _ count: UInt32) -> UnsafeRawBufferPointer {
    precondition(Int(offset) + Int(count) <= bytes.count, "a piece points outside its batch")
    return UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<(Int(offset) + Int(count))])
  }

  var key: UnsafeRawBufferPointer { slice(piece.keyOffset, piece.keyCount) }
  var body: UnsafeRawBufferPointer { slice(piece.bodyOffset, piece.bodyCount) }

  var pieceElements: UnsafeBufferPointer<RecordBatch.Element> {
    let end = Int(piece.elementIndex) + Int(piece.elementCount)
    precondition(end <= elements.count, "a piece's elements lie outside its batch")
    return UnsafeBufferPointer(rebasing: elements[Int(piece.elementIndex)..<end])
  }

  /// False for an element that is too long for a lane.
  @inline(__always)
  func add(element: UnsafeRawBufferPointer, to lanes: SHA256Lanes) -> Bool {
    guard element.count < SHA256Lanes.capacity, let start = element.baseAddress, let all = bytes.baseAddress else {
      return false
    }
    lanes.add(prefix: 2, element, isRoomy: start > all && all + bytes.count - start >= SHA256Lanes.slack)
    return true
  }

  func elementDigest(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(byte: 2)
    hash.update(bytes)
    return hash.finalize()
  }

  func updateKey(of hash: inout SHA256) {
    withUnsafeBytes(of: piece.keyCount.littleEndian) { hash.update($0) }
    hash.update(key)
  }
}

/// The hashing of one batch: whole records are hashed side by side, those of a usual size put together in memory, and
/// their digests handed on some hundred at a time, in order.
private final class BatchHashing {
  private static let limit = 256

  /// The namespace, length-prefixed.
  let prefix: [UInt8]
  let elements = SHA256Lanes()
  private let records = SHA256Lanes()
  /// The records on their way: each one's piece, and the digests of its content and its expiry.
  private let pending: UnsafeMutablePointer<RecordBatch.Piece>
  private let digests: UnsafeMutablePointer<Digest>
  private var count = 0

  init(namespace: String) {
    prefix = RecordDigester.prefix(namespace: namespace)
    pending = .allocate(capacity: BatchHashing.limit)
    digests = .allocate(capacity: 2 * BatchHashing.limit)
  }

  deinit {
    pending.deallocate()
    digests.deallocate()
  }

  var isFull: Bool { count == BatchHashing.limit }

  /// False where the record is too large, or not whole after all.
  @inline(__always)
  func add(whole source: Source) -> Bool {
    let piece = source.piece
    let (key, body) = (source.key, source.body)
    let tail = piece.kind.hasElements ? 40 : 0
    // A long key before a short body is left to the streaming computation.
    guard piece.kind != .library, prefix.count + key.count + 7 <= SHA256Lanes.capacity - 2 * SHA256Lanes.slack,
      let sum = piece.elementCount > 0 ? elementSum(source) : Sum256()
    else { return false }
    let message = records.message
    message.storeBytes(of: 1, as: UInt8.self)
    var end = 1 + name(source, to: message + 1)
    message.storeBytes(of: piece.kind.rawValue, toByteOffset: end, as: UInt8.self)
    message.storeBytes(of: piece.expiry == RecordBatch.noExpiry ? 0 : 1, toByteOffset: end + 1, as: UInt8.self)
    end += 2
    let target = digests + 2 * count
    if end + body.count + tail <= SHA256Lanes.capacity {
      end += copy(body, to: message + end)
      if tail > 0 { put(piece.elementCount, sum, to: message + end) }
      records.end(end + tail, into: target)
    } else {
      withUnsafeTemporaryAllocation(byteCount: 40, alignment: 8) { memory in
        if tail > 0, let start = memory.baseAddress { put(piece.elementCount, sum, to: start) }
        records.end(end, body: body, tail: UnsafeRawBufferPointer(rebasing: memory[0..<tail]), into: target)
      }
    }
    queue(source)
    return true
  }

  /// The 40 bytes that say what elements a record has.
  private func put(_ count: UInt32, _ sum: Sum256, to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: UInt64(count).littleEndian, as: UInt64.self)
    target.storeBytes(of: sum.limbs.3.bigEndian, toByteOffset: 8, as: UInt64.self)
    target.storeBytes(of: sum.limbs.2.bigEndian, toByteOffset: 16, as: UInt64.self)
    target.storeBytes(of: sum.limbs.1.bigEndian, toByteOffset: 24, as: UInt64.self)
    target.storeBytes(of: sum.limbs.0.bigEndian, toByteOffset: 32, as: UInt64.self)
  }

  /// A record whose content is hashed already.
  func add(_ source: Source, _ content: Digest) {
    digests[2 * count] = content
    queue(source)
  }

  private func queue(_ source: Source) {
    pending[count] = source.piece
    if source.piece.expiry != RecordBatch.noExpiry { addExpiry(source) }
    count += 1
  }

  private func addExpiry(_ source: Source) {
    let target = digests + (2 * count + 1)
    guard prefix.count + source.key.count + 13 <= SHA256Lanes.capacity else {
      var hash = SHA256()
      hash.update(byte: 3)
      hash.update(prefix)
      source.updateKey(of: &hash)
      withUnsafeBytes(of: source.piece.expiry.littleEndian) { hash.update($0) }
      target.pointee = hash.finalize()
      return
    }
    let message = records.message
    message.storeBytes(of: 3, as: UInt8.self)
    let end = 1 + name(source, to: message + 1)
    message.storeBytes(of: source.piece.expiry.littleEndian, toByteOffset: end, as: Int64.self)
    records.end(end + 8, into: target)
  }

  /// Nil where an element is open or too long for a lane.
  @inline(__always)
  private func elementSum(_ source: Source) -> Sum256? {
    for element in source.pieceElements {
      guard !element.isOpen, source.add(element: source.slice(element.offset, element.count), to: elements) else {
        _ = elements.takeSum()
        return nil
      }
    }
    return elements.takeSum()
  }

  @inline(__always)
  private func name(_ source: Source, to target: UnsafeMutableRawPointer) -> Int {
    let end = prefix.withUnsafeBytes { copy($0, to: target) }
    target.storeBytes(of: source.piece.keyCount.littleEndian, toByteOffset: end, as: UInt32.self)
    return end + 4 + copy(source.key, to: target + (end + 4))
  }

  @inline(__always)
  private func copy(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int {
    if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
    return bytes.count
  }

  /// Hands on the records that were added, in order.
  @inline(__always)
  func deliver(_ body: (RecordDigest) throws -> Void) rethrows {
    records.finish()
    defer { count = 0 }
    for index in 0..<count {
      let piece = pending[index]
      try body(
        RecordDigest(
          key: Int(piece.keyOffset)..<(Int(piece.keyOffset) + Int(piece.keyCount)), slot: piece.slot, kind: piece.kind,
          content: digests[2 * index], expiry: piece.expiry,
          expiryDigest: piece.expiry == RecordBatch.noExpiry ? nil : digests[2 * index + 1]))
    }
  }
}
