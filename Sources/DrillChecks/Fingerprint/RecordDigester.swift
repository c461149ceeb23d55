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
    let prefix = RecordDigester.prefix(namespace: batch.namespace)
    try withUnsafeTemporaryAllocation(byteCount: Scratch.capacity, alignment: 16) { memory in
      var scratch = Scratch(memory)
      scratch.setPrefix(prefix)
      try batch.bytes.withUnsafeBytes { bytes in
        try batch.pieces.withUnsafeBufferPointer { pieces in
          try batch.elements.withUnsafeBufferPointer { elements in
            for index in 0..<pieces.count {
              let source = Source(piece: pieces[index], bytes: bytes, elements: elements, prefix: prefix)
              if let record = digest(source, scratch) { try body(record) }
            }
          }
        }
      }
    }
  }

  private mutating func digest(_ source: Source, _ scratch: Scratch) -> RecordDigest? {
    let piece = source.piece
    precondition(piece.kind.hasElements || piece.elementCount == 0, "elements in a kind that has none")
    if piece.begins {
      if open != nil { abandon() }
      if piece.ends && !piece.kind.hasElements, let content = small(source, scratch) { return record(source, content) }
      open = OpenRecord()
      begin(source)
    } else if open == nil {
      brokenRecords += 1
      return nil
    }
    hash.update(source.body)
    if piece.elementCount > 0 { add(source.pieceElements, of: source) }
    return piece.ends ? end(source) : nil
  }

  /// A record of one piece, no elements and at most a scratch buffer's size: one call into the hash.
  @inline(__always)
  private mutating func small(_ source: Source, _ scratch: Scratch) -> Digest? {
    guard let head = scratch.head(source) else { return nil }
    let body = source.body
    guard head + body.count <= Scratch.capacity else { return nil }
    scratch.copy(body, to: head)
    hash.update(scratch.bytes(head + body.count))
    return hash.finalize()
  }

  private mutating func begin(_ source: Source) {
    let piece = source.piece
    hash.update(byte: 1)
    hash.update(piece.kind == .library ? RecordDigester.prefix(namespace: "") : source.prefix)
    source.updateKey(of: &hash)
    hash.update(byte: piece.kind.rawValue)
    hash.update(byte: piece.expiry == RecordBatch.noExpiry ? 0 : 1)
  }

  private mutating func add(_ pieceElements: UnsafeBufferPointer<RecordBatch.Element>, of source: Source) {
    guard var record = open else { return }
    for element in pieceElements {
      let bytes = source.slice(element.offset, element.count)
      if !record.isElementOpen {
        if !element.isOpen {
          record.add(Scratch.elementDigest(bytes))
          continue
        }
        record.element.update(byte: 2)
      }
      record.element.update(bytes)
      record.isElementOpen = element.isOpen
      if !element.isOpen { record.add(record.element.finalize()) }
    }
    open = record
  }

  private mutating func end(_ source: Source) -> RecordDigest? {
    guard let record = open, !record.isElementOpen else {
      abandon()
      return nil
    }
    if source.piece.kind.hasElements { record.updateTail(of: &hash) }
    open = nil
    return self.record(source, hash.finalize())
  }

  private mutating func abandon() {
    brokenRecords += 1
    open = nil
    hash = SHA256()
  }

  @inline(__always)
  private mutating func record(_ source: Source, _ content: Digest) -> RecordDigest {
    let piece = source.piece
    let keyOffset = Int(piece.keyOffset)
    return RecordDigest(
      key: keyOffset..<(keyOffset + Int(piece.keyCount)), slot: piece.slot, kind: piece.kind, content: content,
      expiry: piece.expiry,
      expiryDigest: piece.expiry == RecordBatch.noExpiry ? nil : expiryDigest(source))
  }

  private mutating func expiryDigest(_ source: Source) -> Digest {
    hash.update(byte: 3)
    hash.update(source.prefix)
    source.updateKey(of: &hash)
    withUnsafeBytes(of: source.piece.expiry.littleEndian) { hash.update($0) }
    return hash.finalize()
  }

  private static func prefix(namespace: String) -> [UInt8] {
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

  @inline(__always)
  mutating func add(_ digest: Digest) {
    elementCount += 1
    elementSum += Sum256(digest)
  }

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

  func updateKey(of hash: inout SHA256) {
    withUnsafeBytes(of: piece.keyCount.littleEndian) { hash.update($0) }
    hash.update(key)
  }
}

/// Where a small record's hash input is put together: content domain and namespace stay, the rest is written anew for
/// each record.
private struct Scratch {
  static let capacity = 1024
  private let memory: UnsafeMutableRawBufferPointer
  /// Bytes of domain and namespace; nil where they leave no room.
  private var prefixCount: Int?

  init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  mutating func setPrefix(_ prefix: [UInt8]) {
    guard prefix.count + 1 <= Scratch.capacity / 2 else { return }
    memory[0] = 1
    prefix.withUnsafeBytes { copy($0, to: 1) }
    prefixCount = prefix.count + 1
  }

  /// Writes key, kind and expiry flag behind the namespace; returns where the ordered part goes, or nil where it does
  /// not fit.
  @inline(__always)
  func head(_ source: Source) -> Int? {
    let piece = source.piece
    let key = source.key
    guard let prefixCount, piece.kind != .library, prefixCount + key.count + 6 <= Scratch.capacity else { return nil }
    memory.storeBytes(of: piece.keyCount.littleEndian, toByteOffset: prefixCount, as: UInt32.self)
    copy(key, to: prefixCount + 4)
    let end = prefixCount + 4 + key.count
    memory[end] = piece.kind.rawValue
    memory[end + 1] = piece.expiry == RecordBatch.noExpiry ? 0 : 1
    return end + 2
  }

  @inline(__always)
  func copy(_ bytes: UnsafeRawBufferPointer, to offset: Int) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    precondition(offset + bytes.count <= memory.count)
    memory.baseAddress?.advanced(by: offset).copyMemory(from: source, byteCount: bytes.count)
  }

  @inline(__always)
  func bytes(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[0..<count]) }

  static func elementDigest(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(byte: 2)
    hash.update(bytes)
    return hash.finalize()
  }
}
