import DrillEngines
import DrillModel

/// A record put together again from its pieces.
struct CollectedRecord: Equatable {
  var namespace: String
  var key: [UInt8]
  var kind: RecordKind
  var slot: Slot
  var expiry: Int64
  var body: [UInt8] = []
  var elements: [[UInt8]] = []
  var pieces = 0
}

/// What a reading handed on, put together, with every rule that batches keep checked on the way.
struct Collection {
  var records: [CollectedRecord] = []
  /// Whether the last record began and never ended.
  var isOpen = false
  var largestBatch = 0
  private var isElementOpen = false

  struct BrokenRule: Error { var rule: String }

  mutating func take(_ batch: RecordBatch) throws {
    func expect(_ condition: Bool, _ rule: String) throws { if !condition { throw BrokenRule(rule: rule) } }
    largestBatch = max(largestBatch, batch.bytes.count)
    func bytes(_ offset: UInt32, _ count: UInt32) -> [UInt8] {
      Array(batch.bytes[Int(offset)..<Int(offset) + Int(count)])
    }
    try expect(!batch.pieces.isEmpty, "no batch is empty")
    try expect(
      batch.pieces.reduce(0) { $0 + Int($1.elementCount) } == batch.elements.count, "all elements are of pieces")
    for piece in batch.pieces {
      let key = bytes(piece.keyOffset, piece.keyCount)
      try expect(piece.begins == !isOpen, "a record begins where the one before ended")
      if piece.begins {
        records.append(
          CollectedRecord(
            namespace: batch.namespace, key: key, kind: piece.kind, slot: piece.slot, expiry: piece.expiry))
      }
      var record = records.removeLast()
      try expect(
        record.key == key && record.slot == piece.slot && record.expiry == piece.expiry
          && record.namespace == batch.namespace
          && record.kind == piece.kind, "all pieces say whose they are")
      try expect(record.elements.isEmpty || piece.bodyCount == 0, "the ordered part is before the elements")
      record.body += bytes(piece.bodyOffset, piece.bodyCount)
      for element in batch.elements[Int(piece.elementIndex)..<Int(piece.elementIndex + piece.elementCount)] {
        let part = bytes(element.offset, element.count)
        if isElementOpen { record.elements[record.elements.count - 1] += part } else { record.elements.append(part) }
        isElementOpen = element.isOpen
      }
      try expect(!piece.ends || !isElementOpen, "a record's last element ends in it")
      record.pieces += 1
      records.append(record)
      isOpen = !piece.ends
    }
  }

  /// By key, where that is short. Later records of the same key win, as they would in a server.
  var byKey: [String: CollectedRecord] {
    Dictionary(
      records.filter { $0.key.count < 1000 }.map { (String(decoding: $0.key, as: UTF8.self), $0) },
      uniquingKeysWith: { $1 })
  }
}

/// Bytes from memory, at most so many at a time.
struct MemoryByteSource: ByteSource {
  let bytes: [UInt8]
  var offset = 0
  var portion = Int.max

  init(_ bytes: [UInt8], portion: Int = .max) {
    self.bytes = bytes
    self.portion = portion
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(portion, buffer.count, bytes.count - offset)
    buffer.copyBytes(from: bytes[offset..<offset + count])
    offset += count
    return count
  }
}

enum RDB {
  static func read(
    _ bytes: [UInt8], portion: Int = .max, selection: RecordSelection = .all
  ) throws -> (facts: ReadFacts, collection: Collection) {
    var collection = Collection()
    let facts = try RDBReader().read(MemoryByteSource(bytes, portion: portion), selection: selection) {
      try collection.take($0)
    }
    return (facts, collection)
  }

  static func read(path: String) throws -> (facts: ReadFacts, collection: Collection) {
    var collection = Collection()
    let facts = try RDBReader().read(FileByteSource(path: path), selection: .all) { try collection.take($0) }
    return (facts, collection)
  }

  static func bytes(path: String) throws -> [UInt8] {
    let source = try FileByteSource(path: path)
    var bytes: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
    }
  }
}

/// Canonical atoms, written out by the tests themselves.
enum Expected {
  static func blob(_ text: String) -> [UInt8] { blob(Array(text.utf8)) }
  static func blob(_ bytes: [UInt8]) -> [UInt8] { [4] + word(UInt64(bytes.count)) + bytes }
  static func integer(_ value: Int64) -> [UInt8] { [1] + word(UInt64(bitPattern: value)) }
  static func real(_ value: Double) -> [UInt8] { [2] + word(value.bitPattern) }
  static let null: [UInt8] = [0]
  private static func word(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
