internal import DrillModel

/// Lists, sets, hashes and sorted sets in each of their encodings. Each returns false where there is no element.
///
/// Source: redis 7.0 src/rdb.c `rdbLoadObject`.
extension RDBParser {
  func readList() throws -> Bool {
    let count = try length()
    try times(count) { try readBlob() }
    return count > 0
  }

  func readSet() throws -> Bool {
    let count = try length()
    try times(count) {
      records.beginElement()
      try readBlob()
      try records.endElement()
    }
    return count > 0
  }

  func readHash() throws -> Bool {
    let count = try length()
    try times(count) {
      records.beginElement()
      try readBlob()
      try readBlob()
      try records.endElement()
    }
    return count > 0
  }

  func readSortedSet(_ score: () throws -> Double) throws -> Bool {
    let count = try length()
    try times(count) {
      records.beginElement()
      try readBlob()
      try writeScore(score())
      try records.endElement()
    }
    return count > 0
  }

  /// Nodes, each one plain element or a listpack of some. Source: redis 7.0 src/quicklist.h,
  /// `QUICKLIST_NODE_CONTAINER_…`.
  func readQuicklist2() throws -> Bool {
    var hasElements = false
    try times(try length()) {
      switch try length() {
      case 1:
        try readBlob()
        hasElements = true
      case 2: hasElements = try withListpack { try readPackedList(&$0) } || hasElements
      case let container: throw RDBDamage("a list node of unknown container \(container)")
      }
    }
    return hasElements
  }

  /// Nodes, each a ziplist. Source: redis 6.2 src/rdb.c `rdbLoadObject`, RDB_TYPE_LIST_QUICKLIST.
  func readQuicklist() throws -> Bool {
    var hasElements = false
    try times(try length()) { hasElements = try withZiplist { try readPackedList(&$0) } || hasElements }
    return hasElements
  }

  /// Integers of one width, ascending. Source: redis 7.0 src/intset.c.
  func readIntset() throws -> Bool {
    try withString { window, size in
      let width = UInt64(try window.littleEndian(UInt32.self))
      let count = UInt64(try window.littleEndian(UInt32.self))
      guard [2, 4, 8].contains(width), size == 8 + width * count else {
        throw RDBDamage("an intset's size is not that of its string")
      }
      var previous: Int64?
      try times(count) {
        let value: Int64 =
          switch width {
          case 2: Int64(try window.littleEndian(Int16.self))
          case 4: Int64(try window.littleEndian(Int32.self))
          default: try window.littleEndian(Int64.self)
          }
        if let previous, value <= previous { throw RDBDamage("an intset is not in order") }
        previous = value
        records.beginElement()
        try records.blob(decimal: value)
        try records.endElement()
      }
      return count > 0
    }
  }

  func readPackedList(_ entries: inout some PackedEntries) throws -> Bool {
    var hasElements = false
    while try entries.hasNext() {
      try entries.blob(into: records)
      hasElements = true
    }
    return hasElements
  }

  func readPackedSet(_ entries: inout some PackedEntries) throws -> Bool {
    var hasElements = false
    while try entries.hasNext() {
      records.beginElement()
      try entries.blob(into: records)
      try records.endElement()
      hasElements = true
    }
    return hasElements
  }

  func readPackedHash(_ entries: inout some PackedEntries) throws -> Bool {
    var hasElements = false
    while try entries.hasNext() {
      records.beginElement()
      try entries.blob(into: records)
      guard try entries.hasNext() else { throw RDBDamage("a hash's last field has no value") }
      try entries.blob(into: records)
      try records.endElement()
      hasElements = true
    }
    return hasElements
  }

  func readPackedSortedSet(_ entries: inout some PackedEntries) throws -> Bool {
    var hasElements = false
    while try entries.hasNext() {
      records.beginElement()
      try entries.blob(into: records)
      guard try entries.hasNext() else { throw RDBDamage("a sorted set's last member has no score") }
      try writeScore(entries.score())
      try records.endElement()
      hasElements = true
    }
    return hasElements
  }

  @inline(__always)
  private func writeScore(_ score: Double) throws {
    guard !score.isNaN else { throw RDBDamage("a score that is not a number") }
    try records.real(score + 0)  // makes −0 to 0
  }

  /// A score as the formats before 8 wrote it: text, or one of three marks. Source: redis 7.0 src/rdb.c
  /// `rdbLoadDoubleValue`.
  func textScore() throws -> Double {
    let count = try source.byte()
    switch count {
    case 253: return .nan
    case 254: return .infinity
    case 255: return -.infinity
    default:
      try source.require(Int(count))
      return try ScoreText.read(try source.some(limit: UInt64(count)))
    }
  }

  @inline(__always)
  func times(_ count: UInt64, _ body: () throws -> Void) throws {
    var left = count
    while left > 0 {
      try body()
      left -= 1
    }
  }

  func withListpack<R>(_ body: (inout Listpack) throws -> R) throws -> R {
    try withString { window, size in
      var listpack = try Listpack(window, size: size)
      return try body(&listpack)
    }
  }

  func withZiplist<R>(_ body: (inout Ziplist) throws -> R) throws -> R {
    try withString { window, size in
      var ziplist = try Ziplist(window, size: size)
      return try body(&ziplist)
    }
  }

  func withZipmap<R>(_ body: (inout Zipmap) throws -> R) throws -> R {
    try withString { window, _ in
      var zipmap = try Zipmap(window)
      return try body(&zipmap)
    }
  }
}
