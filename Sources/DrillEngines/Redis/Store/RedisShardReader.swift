internal import DrillModel

/// Reads all records of one server through its commands.
struct RedisShardReader {
  let source: RedisReadSource
  let isLive: Bool
  private var facts = ReadFacts()

  /// The types that commands can read, in the order in which they are read, with their names for `SCAN … TYPE`.
  private static let types: [(name: String, kind: RecordKind)] = [
    ("string", .string), ("hash", .hash), ("list", .list), ("set", .set), ("zset", .sortedSet), ("stream", .stream),
  ]

  /// A live server is never busy for longer than a thousand keys take.
  private var scanCount: Int { isLive ? 1000 : 4000 }

  init(source: RedisReadSource, isLive: Bool) {
    self.source = source
    self.isLive = isLive
  }

  mutating func read(selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    let info = RedisServerInfo(try await source.ask("INFO").text ?? "")
    facts.writer = info.server
    try await readLibraries(selection: selection, into: handler)
    let databases = info.databases
    for database in databases { try await read(database, selection: selection, into: handler) }
    // Expired records may go while we read; then what was handed on is not what is there.
    guard try await keyspace().map(\.counted) == databases.map(\.counted) else { throw source.moved("the number of keys changed while they were read") }
    return facts
  }

  private func keyspace() async throws -> [RedisServerInfo.Database] {
    RedisServerInfo(try await source.ask("INFO", "keyspace").text ?? "").databases
  }

  private mutating func read(_ database: RedisServerInfo.Database, selection: RecordSelection, into handler: RecordHandler) async throws {
    _ = try await source.ask("SELECT", "\(database.number)")
    var writer = PieceWriter(namespace: "db\(database.number)")
    let passes = SeenSet.passes(for: database.keys)
    var seen = SeenSet()
    var found: UInt64 = 0
    for pass in 0..<passes {
      seen.removeAll()
      for (name, kind) in RedisShardReader.types {
        try await readKeys(
          ofType: name, kind, hasExpiries: database.expires > 0, share: (pass, passes), &seen, selection, &writer, handler)
      }
      found += UInt64(seen.count)
    }
    try writer.finish(into: handler)
    facts.bytesRead += writer.bytesHandedOn
    facts.records += found
    guard found != database.keys else { return }
    let opaque = found < database.keys ? try await countOtherTypes(upTo: database.keys) : 0
    guard found + opaque == database.keys else {
      throw source.moved("db\(database.number): the server counts \(database.keys) keys and named \(found + opaque)")
    }
    facts.records += opaque
    facts.opaqueRecords += opaque
  }

  /// One type's keys: while one batch is put into canonical form, the server already works on the next and on the `SCAN` after it.
  private func readKeys(
    ofType type: String, _ kind: RecordKind, hasExpiries: Bool, share: (pass: Int, of: Int), _ seen: inout SeenSet,
    _ selection: RecordSelection, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    let values = RedisValueReader(source: source, kind: kind)
    func scan(_ cursor: [UInt8]) -> [[UInt8]] {
      redisCommand(.word("SCAN"), cursor, .word("COUNT"), .word(scanCount), .word("TYPE"), .word(type))
    }
    var page = try await source.ask([scan(.word("0"))])[0]
    while true {
      guard let parts = page.array, parts.count == 2, let cursor = parts[0].bytes, let names = parts[1].array else { throw source.unreadable }
      var keys: [RedisNamedKey] = []
      for name in names {
        guard case .bulk(let key) = name else { throw source.unreadable }
        let hash = SeenSet.Hash(key)
        guard hash.pass(of: share.of) == share.pass, seen.insert(hash) else { continue }
        let slot = RedisSlot.slot(of: key)
        if selection.contains(slot) { keys.append(RedisNamedKey(bytes: key, slot: slot)) }
      }
      let isLast = cursor == .word("0")
      page = try await readValues(keys, values, hasExpiries, then: isLast ? nil : scan(cursor), &writer, handler) ?? .null
      if isLast { return }
    }
  }

  /// Reads keys' values in rounds of bounded size; the last round takes the next `SCAN` along, whose reply is returned.
  private func readValues(
    _ keys: [RedisNamedKey], _ values: RedisValueReader, _ hasExpiries: Bool, then scan: [[UInt8]]?, _ writer: inout PieceWriter,
    _ handler: RecordHandler
  ) async throws -> RESPValue? {
    var rounds: [ArraySlice<RedisNamedKey>] = []
    let size = values.keysPerRound
    for start in stride(from: 0, to: keys.count, by: size) { rounds.append(keys[start..<min(start + size, keys.count)]) }
    if rounds.isEmpty { rounds = [[]] }
    let source = source
    var next: [RESPValue]? = try await source.ask(values.commands(rounds[0], hasExpiries, then: rounds.count == 1 ? scan : nil))
    for (index, round) in rounds.enumerated() {
      guard var replies = next else { break }
      let isLast = index == rounds.count - 1
      // The reply to the next SCAN is the last of the last round.
      let page = isLast && scan != nil ? replies.removeLast() : nil
      if isLast {
        try await values.consume(round, replies, hasExpiries, &writer, handler)
        return page
      }
      let commands = values.commands(rounds[index + 1], hasExpiries, then: index + 1 == rounds.count - 1 ? scan : nil)
      async let ahead = source.ask(commands)
      try await values.consume(round, replies, hasExpiries, &writer, handler)
      next = try await ahead
    }
    return nil
  }

  /// Counts the keys whose type no command of ours can read: values of modules.
  private func countOtherTypes(upTo most: UInt64) async throws -> UInt64 {
    let known = Set(RedisShardReader.types.map(\.name))
    var count: UInt64 = 0
    let passes = SeenSet.passes(for: most)
    for pass in 0..<passes {
      var seen = SeenSet()
      var cursor: [UInt8] = .word("0")
      repeat {
        let page = try await source.ask([redisCommand(.word("SCAN"), cursor, .word("COUNT"), .word(1000))])[0]
        guard let parts = page.array, parts.count == 2, let next = parts[0].bytes, let names = parts[1].array else { throw source.unreadable }
        cursor = next
        let keys = names.compactMap(\.bytes).filter { key in
          let hash = SeenSet.Hash(key)
          return hash.pass(of: passes) == pass && seen.insert(hash)
        }
        let types = keys.isEmpty ? [] : try await source.ask(keys.map { redisCommand(.word("TYPE"), $0) })
        count += UInt64(types.count { $0.text.map { $0 != "none" && !known.contains($0) } ?? false })
      } while cursor != .word("0")
    }
    return count
  }

  /// Function libraries stand in no database; they are handed on in `db0`, slot 0, as records whose key is the library's name.
  private mutating func readLibraries(selection: RecordSelection, into handler: RecordHandler) async throws {
    // Source: Redis documentation, "FUNCTION LIST"; since 7.0, and an older server says that it knows no such command.
    let reply: RESPValue
    do {
      reply = try await source.ask("FUNCTION", "LIST", "WITHCODE")
    } catch let error as DrillError where error.code == .serverFailed && error.detail.contains("unknown command") {
      return
    } catch let error as DrillError where error.code == .permissionDenied {
      facts.notes.append("function libraries were not read: the server does not allow it to this user")
      return
    }
    var writer = PieceWriter(namespace: "db0")
    for library in reply.array ?? [] {
      let fields = RedisShardReader.pairs(library)
      guard let name = fields["library_name"]?.bytes, let code = fields["library_code"]?.bytes else { throw source.unreadable }
      facts.records += 1
      guard selection == .all else { continue }
      writer.begin(name, slot: Slot(0), kind: .library, expiry: RecordBatch.noExpiry)
      writer.body { $0.appendBlob(code) }
      writer.end()
      try writer.split(into: handler)
    }
    try writer.finish(into: handler)
    facts.bytesRead += writer.bytesHandedOn
  }

  /// An array of names and values in turn, by name: how RESP2 carries a map.
  static func pairs(_ reply: RESPValue) -> [String: RESPValue] {
    let members = reply.array ?? []
    var pairs: [String: RESPValue] = [:]
    for index in stride(from: 0, to: members.count - 1, by: 2) {
      if let name = members[index].text { pairs[name] = members[index + 1] }
    }
    return pairs
  }
}

/// A key that the server named, of a slot that was asked for.
struct RedisNamedKey: Sendable {
  var bytes: [UInt8]
  var slot: Slot
}

extension RedisServerInfo.Database {
  /// What may not change while a store is read.
  var counted: [UInt64] { [UInt64(number), keys] }
}
