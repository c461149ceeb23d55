/// One entry of a change log, and its bytes.
///
/// A log is `FDCHANGE`, a version byte (1) and entries. An entry is the count of its payload's bytes (4 bytes,
/// little-endian), the payload, and the payload's
/// 64-bit FNV-1a hash; so an entry that was cut off or damaged is told from a whole one. Numbers are little-endian,
/// strings are counted by 4 bytes.
enum ChangeEntry: Hashable, Sendable {
  /// First in every log: whose changes, in which replication history, and after which offset they begin.
  case header(shard: String, replicationID: String, after: UInt64)
  /// Keys that changed; `database` nil: in one that the stream did not name yet.
  case keys([[UInt8]], database: UInt32?, offset: UInt64)
  /// Everything in a database changed; nil: in all of them.
  case database(UInt32?, offset: UInt64)
  case libraries(offset: UInt64)
  /// Nothing else happened up to here.
  case reached(offset: UInt64)
  /// What comes after `offset` is not known in full.
  case notWhole(offset: UInt64, reason: String)

  static let magic = Array("FDCHANGE".utf8) + [1]
  static let anyDatabase = UInt32.max

  /// The position up to which a log that ends with this entry tells everything.
  var offset: UInt64 {
    switch self {
    case .header(_, _, let offset), .keys(_, _, let offset), .database(_, let offset), .libraries(let offset),
      .reached(let offset),
      .notWhole(let offset, _):
      offset
    }
  }

  func append(to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: [0, 0, 0, 0])
    func append<N: FixedWidthInteger>(_ number: N) {
      withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
    func append(_ string: some Collection<UInt8>) {
      append(UInt32(string.count))
      bytes.append(contentsOf: string)
    }
    switch self {
    case .header(let shard, let replicationID, let after):
      bytes.append(0)
      append(after)
      append(shard.utf8)
      append(replicationID.utf8)
    case .keys(let keys, let database, let offset):
      bytes.append(1)
      append(offset)
      append(database ?? ChangeEntry.anyDatabase)
      append(UInt32(keys.count))
      for key in keys { append(key) }
    case .database(let database, let offset):
      bytes.append(2)
      append(offset)
      append(database ?? ChangeEntry.anyDatabase)
    case .libraries(let offset):
      bytes.append(3)
      append(offset)
    case .reached(let offset):
      bytes.append(4)
      append(offset)
    case .notWhole(let offset, let reason):
      bytes.append(5)
      append(offset)
      append(reason.utf8)
    }
    let count = bytes.count - start - 4
    withUnsafeBytes(of: UInt32(count).littleEndian) {
      for (index, byte) in $0.enumerated() { bytes[start + index] = byte }
    }
    append(ChangeEntry.hash(bytes[(start + 4)...]))
  }

  /// Reads the entry at `position` and moves past it; nil where the bytes end in it, or are not one.
  static func read(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> ChangeEntry? {
    guard bytes.count - position >= 4 else { return nil }
    let count = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
    guard count >= 9, bytes.count - position - 4 >= count + 8 else { return nil }
    let payload = UnsafeRawBufferPointer(rebasing: bytes[position + 4..<position + 4 + count])
    let stored = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 4 + count, as: UInt64.self))
    guard hash(payload) == stored else { return nil }
    var reader = Reader(bytes: payload)
    guard let entry = reader.entry() else { return nil }
    position += count + 12
    return entry
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func number<N: FixedWidthInteger>(_ type: N.Type) -> N? {
      guard bytes.count - position >= MemoryLayout<N>.size else { return nil }
      defer { position += MemoryLayout<N>.size }
      return N(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: N.self))
    }

    mutating func string() -> [UInt8]? {
      guard let count = number(UInt32.self), bytes.count - position >= Int(count) else { return nil }
      defer { position += Int(count) }
      return Array(bytes[position..<position + Int(count)])
    }

    mutating func entry() -> ChangeEntry? {
      guard let kind = number(UInt8.self), let offset = number(UInt64.self) else { return nil }
      switch kind {
      case 0:
        guard let shard = string(), let history = string() else { return nil }
        return .header(
          shard: String(decoding: shard, as: UTF8.self), replicationID: String(decoding: history, as: UTF8.self),
          after: offset)
      case 1:
        guard let database = number(UInt32.self), let count = number(UInt32.self) else { return nil }
        var keys: [[UInt8]] = []
        for _ in 0..<count {
          guard let key = string() else { return nil }
          keys.append(key)
        }
        return .keys(keys, database: database == ChangeEntry.anyDatabase ? nil : database, offset: offset)
      case 2:
        guard let database = number(UInt32.self) else { return nil }
        return .database(database == ChangeEntry.anyDatabase ? nil : database, offset: offset)
      case 3: return .libraries(offset: offset)
      case 4: return .reached(offset: offset)
      case 5: return string().map { .notWhole(offset: offset, reason: String(decoding: $0, as: UTF8.self)) }
      default: return nil
      }
    }
  }

  /// FNV-1a, 64 bits: against cut-off and flipped bytes, not against anyone. Source: draft-eastlake-fnv, section 5.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
