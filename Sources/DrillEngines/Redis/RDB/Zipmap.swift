/// One zipmap, as servers before 2.6 stored small hashes: fields and values in turn, each with its length, a value also
/// with the free bytes behind it. Read from a window, so that it can be of any size.
///
/// Source: redis 6.2 src/zipmap.c, "Memory layout of a zipmap".
struct Zipmap: PackedEntries {
  private let window: ByteWindow
  /// Pairs that the header claims, or nil where it says that there are too many to say.
  private let claimed: UInt64?
  private var taken: UInt64 = 0

  init(_ window: ByteWindow) throws {
    self.window = window
    let count = try window.byte()
    claimed = count < 254 ? UInt64(count) : nil
  }

  mutating func hasNext() throws -> Bool {
    try window.require(1)
    guard window.cursor.load(as: UInt8.self) == 0xff else { return true }
    guard taken.isMultiple(of: 2) else { return false }
    guard claimed == nil || claimed == taken / 2 else { throw RDBDamage("a zipmap has not as many fields as it says") }
    window.cursor += 1
    return false
  }

  mutating func blob(into records: RecordBuilder) throws {
    let first = try window.byte()
    guard first != 255 else { throw RDBDamage("a zipmap ends in the middle of a pair") }
    let count = first == 254 ? UInt64(try window.littleEndian(UInt32.self)) : UInt64(first)
    let isValue = !taken.isMultiple(of: 2)
    let free = isValue ? UInt64(try window.byte()) : 0
    try records.blobHead(count)
    try records.copy(count, from: window)
    try window.skip(free)
    taken += 1
  }

  mutating func score() throws -> Double { throw RDBDamage("a zipmap where scores belong") }
}
