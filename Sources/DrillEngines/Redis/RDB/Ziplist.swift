/// One ziplist: a header, entries that begin with the length of the one before, and an end mark. Read from a window, so
/// that it can be of any size.
///
/// Source: redis 6.2 src/ziplist.c, "ZIPLIST OVERALL LAYOUT" and "ZIPLIST ENTRIES".
struct Ziplist: PackedEntries {
  private enum Entry {
    case integer(Int64)
    /// The bytes of that many come next in the window.
    case string(UInt64)
  }

  private let window: ByteWindow
  /// Entries that the header claims, or nil where it says that there are too many to say.
  private let claimed: UInt64?
  /// Where the header says that the last entry starts.
  private let tail: UInt64
  private var taken: UInt64 = 0
  /// Where the next entry starts, and how long the one before was.
  private var offset: UInt64 = 10
  private var previousCount: UInt64 = 0

  /// - Parameter size: the bytes of the whole ziplist, which come next in the window.
  init(_ window: ByteWindow, size: UInt64) throws {
    self.window = window
    guard try UInt64(window.littleEndian(UInt32.self)) == size else {
      throw RDBDamage("a ziplist's size is not that of its string")
    }
    tail = UInt64(try window.littleEndian(UInt32.self))
    let count = try window.littleEndian(UInt16.self)
    claimed = count == .max ? nil : UInt64(count)
  }

  mutating func hasNext() throws -> Bool {
    try window.require(1)
    guard window.cursor.load(as: UInt8.self) == 0xff else { return true }
    guard claimed == nil || claimed == taken else { throw RDBDamage("a ziplist has not as many entries as it says") }
    guard tail == offset - previousCount else { throw RDBDamage("a ziplist's last entry is not where it says") }
    window.cursor += 1
    return false
  }

  private mutating func head() throws -> Entry {
    taken += 1
    var count: UInt64 = 1
    var previous = UInt64(try window.byte())
    // A length below 254 may stand in the long form all the same: shrinking it is left undone.
    if previous == 254 {
      previous = UInt64(try window.littleEndian(UInt32.self))
      count = 5
    }
    guard previous == previousCount else { throw RDBDamage("a ziplist entry is not as long as the next one says") }
    let first = try window.byte()
    let (entry, encoding) = try value(first)
    count += encoding
    if case .string(let length) = entry { count += length }
    offset += count
    previousCount = count
    return entry
  }

  /// The entry that `first` begins, and the bytes of its encoding, a number's own bytes with it.
  private func value(_ first: UInt8) throws -> (Entry, UInt64) {
    switch first {
    case 0x00...0x3f: return (.string(UInt64(first)), 1)
    case 0x40...0x7f: return (.string(UInt64(first & 0x3f) << 8 | UInt64(try window.byte())), 2)
    case 0x80: return (.string(UInt64(try window.bigEndian(UInt32.self))), 5)
    case 0xc0: return (.integer(Int64(try window.littleEndian(Int16.self))), 3)
    case 0xd0: return (.integer(Int64(try window.littleEndian(Int32.self))), 5)
    case 0xe0: return (.integer(try window.littleEndian(Int64.self)), 9)
    case 0xf0:
      let low = Int64(try window.littleEndian(UInt16.self))
      return (.integer(Int64(Int8(bitPattern: try window.byte())) << 16 | low), 4)
    case 0xfe: return (.integer(Int64(Int8(bitPattern: try window.byte()))), 2)
    case 0xf1...0xfd: return (.integer(Int64(first & 0x0f) - 1), 1)
    case 0xff: throw RDBDamage("a ziplist ends in the middle of a value")
    default: throw RDBDamage("a ziplist entry of unknown encoding \(first)")
    }
  }

  mutating func blob(into records: RecordBuilder) throws {
    switch try head() {
    case .integer(let value): try records.blob(decimal: value)
    case .string(let count):
      try records.blobHead(count)
      try records.copy(count, from: window)
    }
  }

  mutating func score() throws -> Double {
    switch try head() {
    case .integer(let value): Double(value)
    case .string(let count): try ScoreText.take(count, from: window)
    }
  }
}
