internal import DrillModel

/// Streams. Source: redis 7.0 src/rdb.c `rdbLoadObject` (RDB_TYPE_STREAM_LISTPACKS…), src/t_stream.c
/// `streamAppendItem`, `streamIteratorGetID`.
extension RDBParser {
  /// - Parameter version: 1 as Redis 5.0 wrote it, 2 as 7.0, 3 as 7.2.
  func readStream(version: Int) throws {
    var entries: UInt64 = 0
    try times(try length()) {
      let master = try streamID(heldString(limit: 16))
      try withListpack { entries += try readStreamNode(&$0, master: master) }
    }
    let claimed = try length()
    guard claimed == entries else { throw RDBDamage("a stream has \(entries) entries where it says \(claimed)") }
    try records.null()
    try writeID(StreamID(milliseconds: length(), sequence: length()))
    // The first id, the highest deleted one (two numbers each) and the count of all that were ever added.
    if version >= 2 { try times(5) { _ = try length() } }
    try times(try length()) { try readGroup(version: version) }
  }

  /// A node: a master entry with what its entries share, then the entries. Returns how many are not deleted.
  private func readStreamNode(_ listpack: inout Listpack, master: StreamID) throws -> UInt64 {
    let claimedValid = try listpack.integer()
    let claimedDeleted = try listpack.integer()
    var fields: [[UInt8]] = []
    var fieldBytes = 0
    var fieldsLeft = try listpack.integer()
    guard fieldsLeft >= 0 else { throw RDBDamage("a stream node that shares \(fieldsLeft) fields") }
    while fieldsLeft > 0 {
      let field = try listpack.bytes(limit: RDBParser.masterFieldLimit)
      fieldBytes += field.count + 16
      guard fieldBytes <= RDBParser.masterFieldLimit else {
        throw RDBDamage("a stream node shares more than \(RDBParser.masterFieldLimit) bytes")
      }
      fields.append(field)
      fieldsLeft -= 1
    }
    guard try listpack.integer() == 0 else { throw RDBDamage("a stream node's master entry does not end") }
    var valid: Int64 = 0
    var deleted: Int64 = 0
    while try listpack.hasNext() {
      if try readEntry(&listpack, master: master, fields: fields) { valid += 1 } else { deleted += 1 }
    }
    guard valid == claimedValid, deleted == claimedDeleted else {
      throw RDBDamage("a stream node has not as many entries as it says")
    }
    return UInt64(valid)
  }

  /// Names that a node's entries share are held while the node is read.
  private static let masterFieldLimit = 32 << 20

  /// Returns false for an entry that is marked as deleted.
  private func readEntry(_ listpack: inout Listpack, master: StreamID, fields: [[UInt8]]) throws -> Bool {
    let flags = try listpack.integer()
    guard (0...3).contains(flags) else { throw RDBDamage("a stream entry of unknown flags \(flags)") }
    let isDeleted = flags & 1 != 0
    let hasSameFields = flags & 2 != 0
    let milliseconds = master.milliseconds &+ UInt64(bitPattern: try listpack.integer())
    let sequence = master.sequence &+ UInt64(bitPattern: try listpack.integer())
    let count = hasSameFields ? Int64(fields.count) : try listpack.integer()
    guard count >= 0 else { throw RDBDamage("a stream entry of \(count) fields") }
    if !isDeleted {
      try writeID(StreamID(milliseconds: milliseconds, sequence: sequence))
      try records.integer(count)
    }
    for index in 0..<count {
      if hasSameFields {
        if !isDeleted { try records.blob(fields[Int(index)]) }
      } else {
        try isDeleted ? listpack.skip() : listpack.blob(into: records)
      }
      try isDeleted ? listpack.skip() : listpack.blob(into: records)
    }
    // Entries of the listpack that this one took, for those who read backwards.
    let parts = hasSameFields ? 3 + count : 4 + 2 * count
    guard try listpack.integer() == parts else { throw RDBDamage("a stream entry is not as long as it says") }
    return !isDeleted
  }

  private func readGroup(version: Int) throws {
    let group = try heldString()
    records.beginElement()
    try records.blob(group)
    try writeID(StreamID(milliseconds: length(), sequence: length()))
    try records.endElement()
    if version >= 2 { _ = try length() }  // entries read
    var pending = PendingEntries()
    try times(try length()) {
      let id = try rawID()
      try pending.append(id, time: source.littleEndian(Int64.self), deliveries: Int64(clamping: length()))
    }
    try times(try length()) { try readConsumer(of: group, &pending, version: version) }
    guard pending.areAllClaimed else { throw RDBDamage("a pending entry belongs to no consumer") }
  }

  private func readConsumer(of group: [UInt8], _ pending: inout PendingEntries, version: Int) throws {
    let consumer = try heldString()
    _ = try source.littleEndian(Int64.self)  // seen last
    if version >= 3 { _ = try source.littleEndian(Int64.self) }  // active last
    records.beginElement()
    try records.null()
    try records.blob(group)
    try records.blob(consumer)
    try records.endElement()
    var position = 0
    try times(try length()) {
      let id = try rawID()
      let entry = try pending.claim(id, from: &position)
      records.beginElement()
      try records.null()
      try records.null()
      try records.blob(group)
      try writeID(id)
      try records.blob(consumer)
      try records.integer(entry.time)
      try records.integer(entry.deliveries)
      try records.endElement()
    }
  }

  private func writeID(_ id: StreamID) throws {
    try records.integer(Int64(bitPattern: id.milliseconds))
    try records.integer(Int64(bitPattern: id.sequence))
  }

  private func rawID() throws -> StreamID {
    StreamID(milliseconds: try source.bigEndian(UInt64.self), sequence: try source.bigEndian(UInt64.self))
  }

  private func streamID(_ bytes: [UInt8]) throws -> StreamID {
    guard bytes.count == 16 else { throw RDBDamage("a stream node's key is not an id") }
    func word(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
    return StreamID(milliseconds: word(bytes[..<8]), sequence: word(bytes[8...]))
  }
}

struct StreamID: Comparable, Hashable {
  var milliseconds: UInt64
  var sequence: UInt64

  static func < (a: StreamID, b: StreamID) -> Bool { (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence) }
}
