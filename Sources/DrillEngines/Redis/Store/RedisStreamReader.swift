internal import DrillModel

/// Reads one stream: entries, last id, groups, consumers and pending entries.
struct RedisStreamReader {
  let source: RedisReadSource
  let key: [UInt8]
  /// Whether the server knows `XINFO STREAM … FULL`. Source: Redis documentation, "XINFO STREAM": since 6.0.
  let tellsInFull: Bool

  private static let entriesPerStep = 500
  /// Up to here one `XINFO STREAM … FULL` is asked for; it tells delivery times as they are kept, but repeats as many
  /// entries as there are pending ones.
  private static let pendingAtOnce: Int64 = 20_000

  private struct ID {
    var ms: Int64
    var seq: Int64

    /// `<ms>-<seq>`, both unsigned 64-bit; the canonical form keeps their bits.
    init?(_ bytes: [UInt8]) {
      let text = String(decoding: bytes, as: UTF8.self)
      guard let dash = text.firstIndex(of: "-"), let ms = UInt64(text[..<dash]),
        let seq = UInt64(text[text.index(after: dash)...])
      else { return nil }
      (self.ms, self.seq) = (Int64(bitPattern: ms), Int64(bitPattern: seq))
    }

    /// The least id after this one, as a range's start; nil after the greatest. Servers before 6.2 know no exclusive
    /// start.
    var next: [UInt8]? {
      let (ms, seq) = (UInt64(bitPattern: ms), UInt64(bitPattern: seq))
      if seq < .max { return .word("\(ms)-\(seq + 1)") }
      return ms < .max ? .word("\(ms + 1)-0") : nil
    }
  }

  /// - Parameter summary: the reply to `XINFO STREAM`.
  func read(_ summary: RESPValue, _ writer: inout PieceWriter, _ handler: RecordHandler) async throws {
    let fields = RedisShardReader.pairs(summary)
    guard let last = fields["last-generated-id"]?.bytes.flatMap(ID.init), let length = fields["length"]?.integer,
      let groups = fields["groups"]?.integer
    else { throw source.unreadable }
    try await readEntries(length, &writer, handler)
    writer.body {
      $0.appendNull()
      $0.appendInteger(last.ms)
      $0.appendInteger(last.seq)
    }
    if groups > 0 { try await readGroups(&writer, handler) }
  }

  private func readEntries(_ length: Int64, _ writer: inout PieceWriter, _ handler: RecordHandler) async throws {
    var next: [UInt8]? = .word("-")
    var found: Int64 = 0
    while found < length, let start = next {
      let step = found == 0 ? 100 : RedisStreamReader.entriesPerStep
      let reply = try await source.ask([
        redisCommand(.word("XRANGE"), key, start, .word("+"), .word("COUNT"), .word(step))
      ])[0]
      guard let entries = reply.array else { throw source.unreadable }
      for entry in entries {
        guard let parts = entry.array, parts.count == 2, let bytes = parts[0].bytes, let id = ID(bytes),
          let pairs = parts[1].array,
          pairs.count.isMultiple(of: 2)
        else { throw source.unreadable }
        let values = pairs.compactMap(\.bytes)
        guard values.count == pairs.count else { throw source.unreadable }
        writer.body { body in
          body.appendInteger(id.ms)
          body.appendInteger(id.seq)
          body.appendInteger(Int64(values.count / 2))
          for value in values { body.appendBlob(value) }
        }
        try writer.split(into: handler)
        next = id.next
      }
      found += Int64(entries.count)
      guard !entries.isEmpty else { break }
    }
    guard found == length else { throw source.moved("a stream changed while it was read") }
  }

  private func readGroups(_ writer: inout PieceWriter, _ handler: RecordHandler) async throws {
    guard let groups = try await source.ask([redisCommand(.word("XINFO"), .word("GROUPS"), key)])[0].array else {
      throw source.unreadable
    }
    guard tellsInFull else {
      for group in groups { try await readPlainly(RedisShardReader.pairs(group), &writer, handler) }
      return
    }
    let pending = groups.map { RedisShardReader.pairs($0)["pending"]?.integer ?? 0 }.max() ?? 0
    // COUNT limits entries and pending entries, not groups and consumers; 0 would be no limit. Source: redis 7.0
    // src/t_stream.c `xinfoReplyWithStreamInfo`.
    let count = min(max(pending, 1), pending > RedisStreamReader.pendingAtOnce ? 1 : RedisStreamReader.pendingAtOnce)
    let reply = try await source.ask([
      redisCommand(.word("XINFO"), .word("STREAM"), key, .word("FULL"), .word("COUNT"), .word(count))
    ])[0]
    guard let full = RedisShardReader.pairs(reply)["groups"]?.array, full.count == groups.count else {
      throw source.moved("a stream's groups changed while they were read")
    }
    for group in full {
      let fields = RedisShardReader.pairs(group)
      guard let name = fields["name"]?.bytes, let last = fields["last-delivered-id"]?.bytes.flatMap(ID.init),
        let consumers = fields["consumers"]?.array, let size = fields["pel-count"]?.integer,
        let entries = fields["pending"]?.array ?? fields["pel"]?.array
      else { throw source.unreadable }
      try append(group: name, last, consumers, &writer)
      if size <= count {
        guard Int64(entries.count) == size else {
          throw source.moved("a stream's pending entries changed while they were read")
        }
        for entry in entries { try append(entry, group: name, at: { $0 }, &writer, handler) }
      } else {
        try await readPending(group: name, size, &writer, handler)
      }
    }
  }

  /// One group of a server that does not tell streams in full.
  private func readPlainly(
    _ fields: [String: RESPValue], _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    guard let name = fields["name"]?.bytes, let last = fields["last-delivered-id"]?.bytes.flatMap(ID.init),
      let size = fields["pending"]?.integer,
      let consumers = try await source.ask([redisCommand(.word("XINFO"), .word("CONSUMERS"), key, name)])[0].array
    else { throw source.unreadable }
    try append(group: name, last, consumers, &writer)
    try await readPending(group: name, size, &writer, handler)
  }

  private func append(group name: [UInt8], _ last: ID, _ consumers: [RESPValue], _ writer: inout PieceWriter) throws {
    writer.element {
      $0.appendBlob(name)
      $0.appendInteger(last.ms)
      $0.appendInteger(last.seq)
    }
    for consumer in consumers {
      guard let consumerName = RedisShardReader.pairs(consumer)["name"]?.bytes else { throw source.unreadable }
      writer.element {
        $0.appendNull()
        $0.appendBlob(name)
        $0.appendBlob(consumerName)
      }
    }
  }

  /// More pending entries than one reply should hold: `XPENDING` tells how long ago each was delivered, which the
  /// server's own clock turns into when.
  ///
  /// Exact where that clock stands still. On a live server it may be off by the time between two commands of one round,
  /// which is why the limit is high.
  private func readPending(
    group: [UInt8], _ size: Int64, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    var next: [UInt8]? = .word("-")
    var found: Int64 = 0
    while found < size, let start = next {
      let replies = try await source.ask([
        redisCommand(.word("TIME")),
        redisCommand(.word("XPENDING"), key, group, start, .word("+"), .word(RedisStreamReader.entriesPerStep)),
      ])
      guard let time = ServerClock.microseconds(replies[0]), let entries = replies[1].array else {
        throw source.unreadable
      }
      for entry in entries {
        try append(entry, group: group, at: { time / 1000 &- $0 }, &writer, handler)
        guard let id = entry.array?.first?.bytes.flatMap(ID.init) else { throw source.unreadable }
        next = id.next
      }
      found += Int64(entries.count)
      guard !entries.isEmpty else { break }
    }
    guard found == size else { throw source.moved("a stream's pending entries changed while they were read") }
  }

  private func append(
    _ entry: RESPValue, group: [UInt8], at delivered: (Int64) -> Int64, _ writer: inout PieceWriter,
    _ handler: RecordHandler
  ) throws {
    guard let parts = entry.array, parts.count == 4, let id = parts[0].bytes.flatMap(ID.init),
      let consumer = parts[1].bytes,
      let time = parts[2].integer, let deliveries = parts[3].integer
    else { throw source.unreadable }
    writer.element {
      $0.appendNull()
      $0.appendNull()
      $0.appendBlob(group)
      $0.appendInteger(id.ms)
      $0.appendInteger(id.seq)
      $0.appendBlob(consumer)
      $0.appendInteger(delivered(time))
      $0.appendInteger(deliveries)
    }
    try writer.split(into: handler)
  }
}
