internal import DrillModel

/// What a snapshot says of itself before its first record.
///
/// Source: redis 7.0 src/rdb.c `rdbSaveInfoAuxFields`: `ctime` is the time in seconds at which the writing began, `repl-id` and `repl-offset` are the
/// replication position of the data set; `aof-base` (before 7.0 `aof-preamble`, src/rdb.c of 4.0) is 1 where it begins an append-only log.
struct RDBHead: Sendable {
  static let fields = ["ctime", "repl-id", "repl-offset", "aof-base", "aof-preamble"]

  let writer: String?
  let time: Instant?
  /// `<replication id>:<offset>`, as captured cuts have it.
  let position: String?
  /// Whether commands may follow it.
  let beginsLog: Bool

  /// - Throws: `DrillError` with `artifact-io` where the file cannot be read.
  init(path: String) throws {
    let builder = RecordBuilder(selection: .all, slotOf: { RedisSlot.slot(of: $0) }, handler: { _ in })
    let parser = RDBParser(try FileByteSource(path: path), records: builder)
    try parser.runHead()
    writer = parser.facts.writer
    beginsLog = ["aof-base", "aof-preamble"].contains { parser.told[$0] == "1" }
    time = parser.told["ctime"].flatMap { Int64($0) }.flatMap { seconds in
      // A server whose clock was never set writes a time of 1970, which says nothing.
      seconds > 0 && seconds < 1 << 40 ? Instant(millisecondsSince1970: seconds * 1000) : nil
    }
    if let id = parser.told["repl-id"], let offset = parser.told["repl-offset"], Int64(offset) != nil {
      position = "\(id):\(offset)"
    } else {
      position = nil
    }
  }
}
