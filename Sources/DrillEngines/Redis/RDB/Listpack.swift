/// One listpack: a header, entries that end with their own length, and an end mark. Read from a window, so that it can
/// be of any size.
///
/// `head` says what comes next; after a string's head its bytes have to be taken from the window; then `tail`.
/// Source: redis 7.0 src/listpack.c.
struct Listpack: PackedEntries {
  enum Entry {
    case integer(Int64)
    /// The bytes of that many come next in the window.
    case string(UInt64)
  }

  private let window: ByteWindow
  /// Entries that the header claims, or nil where it says that there are too many to say.
  private let claimed: UInt64?
  private var taken: UInt64 = 0
  /// Bytes of the current entry, without its own length.
  private var entryCount: UInt64 = 0

  /// - Parameter size: the bytes of the whole listpack, which come next in the window.
  init(_ window: ByteWindow, size: UInt64) throws {
    self.window = window
    guard try UInt64(window.littleEndian(UInt32.self)) == size else {
      throw RDBDamage("a listpack's size is not that of its string")
    }
    let count = try window.littleEndian(UInt16.self)
    claimed = count == .max ? nil : UInt64(count)
  }

  /// Whether entries are left. At the end it takes the end mark.
  @inline(__always)
  mutating func hasNext() throws -> Bool {
    try window.require(1)
    guard window.cursor.load(as: UInt8.self) == 0xff else { return true }
    guard claimed == nil || claimed == taken else { throw RDBDamage("a listpack has not as many entries as it says") }
    window.cursor += 1
    return false
  }

  @inline(__always)
  mutating func head() throws -> Entry {
    taken += 1
    let first = UInt64(try window.byte())
    if first < 0x80 {
      entryCount = 1
      return .integer(Int64(first))
    }
    if first < 0xc0 {
      entryCount = 1 + (first & 0x3f)
      return .string(first & 0x3f)
    }
    return try longHead(first)
  }

  private mutating func longHead(_ first: UInt64) throws -> Entry {
    switch first {
    case 0xc0...0xdf:
      entryCount = 2
      let raw = (first & 0x1f) << 8 | UInt64(try window.byte())
      return .integer(raw < 1 << 12 ? Int64(raw) : Int64(raw) - 1 << 13)
    case 0xe0...0xef:
      let count = (first & 0x0f) << 8 | UInt64(try window.byte())
      entryCount = 2 + count
      return .string(count)
    case 0xf0:
      let count = UInt64(try window.littleEndian(UInt32.self))
      entryCount = 5 + count
      return .string(count)
    case 0xf1:
      entryCount = 3
      return .integer(Int64(try window.littleEndian(Int16.self)))
    case 0xf2:
      entryCount = 4
      let low = Int64(try window.littleEndian(UInt16.self))
      return .integer(Int64(Int8(bitPattern: try window.byte())) << 16 | low)
    case 0xf3:
      entryCount = 5
      return .integer(Int64(try window.littleEndian(Int32.self)))
    case 0xf4:
      entryCount = 9
      return .integer(try window.littleEndian(Int64.self))
    case 0xff:
      throw RDBDamage("a listpack ends in the middle of a value")
    default:
      throw RDBDamage("a listpack entry of unknown encoding \(first)")
    }
  }

  /// Takes the entry's own length, which stands behind it for those who read backwards, and holds it against the entry.
  @inline(__always)
  mutating func tail() throws {
    if entryCount <= 127 {
      guard UInt64(try window.byte()) == entryCount else { throw Listpack.wrongLength }
    } else {
      try longTail()
    }
  }

  private func longTail() throws {
    let groups: UInt64 = entryCount < 16383 ? 2 : entryCount < 2_097_151 ? 3 : entryCount < 268_435_455 ? 4 : 5
    for group in 0..<groups {
      let bits = entryCount >> (7 * (groups - 1 - group)) & 127
      guard UInt64(try window.byte()) == bits | (group == 0 ? 0 : 128) else { throw Listpack.wrongLength }
    }
  }

  private static var wrongLength: RDBDamage { RDBDamage("a listpack entry is not as long as it says") }

  /// The next entry, which has to be an integer.
  mutating func integer() throws -> Int64 {
    guard case .integer(let value) = try head() else {
      throw RDBDamage("a listpack has a string where a number belongs")
    }
    try tail()
    return value
  }

  @inline(__always)
  mutating func blob(into records: RecordBuilder) throws {
    switch try head() {
    case .integer(let value): try records.blob(decimal: value)
    case .string(let count):
      try records.blobHead(count)
      try records.copy(count, from: window)
    }
    try tail()
  }

  /// The next entry's text, held: at most `limit` bytes of it.
  mutating func bytes(limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    switch try head() {
    case .integer(let value): bytes = Array(String(value).utf8)
    case .string(let count):
      guard count <= UInt64(limit) else {
        throw RDBDamage("a listpack entry of \(count) bytes where a short one belongs")
      }
      try window.take(count, to: &bytes)
    }
    try tail()
    return bytes
  }

  /// Takes the next entry and leaves it out.
  mutating func skip() throws {
    if case .string(let count) = try head() { try window.skip(count) }
    try tail()
  }

  /// A score is stored as an integer or as text of at most 127 bytes. Source: redis 7.0 src/t_zset.c `zzlGetScore`.
  mutating func score() throws -> Double {
    let score: Double
    switch try head() {
    case .integer(let value): score = Double(value)
    case .string(let count): score = try ScoreText.take(count, from: window)
    }
    try tail()
    return score
  }
}
