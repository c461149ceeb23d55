internal import DrillModel

/// Reads all records of one server through its commands.
struct RedisShardReader {
  let source: RedisReadSource
  let isLive: Bool
  private var facts = ReadFacts()
  /// The Redis whose commands the server keeps.
  private var commandsOf: (major: Int, minor: Int)?

  /// The types that commands can read, by the names that `TYPE` gives them; any other is a module's.
  private static let kinds: [String: RecordKind] = [
    "string": .string, "hash": .hash, "list": .list, "set": .set, "zset": .sortedSet, "stream": .stream,
  ]

  /// A live server is never busy for longer than a thousand keys take.
  private var scanCount: Int { isLive ? 1000 : 4000 }

  init(source: RedisReadSource, isLive: Bool) {
    self.source = source
    self.isLive = isLive
  }

  mutating func read(selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    let info = RedisInfo(try await source.ask("INFO").text ?? "")
    facts.writer = info.server
    commandsOf = info.commandsOf
    try await readLibraries(selection: selection, into: handler)
    let databases = info.databases
    for database in databases { try await read(database, selection: selection, into: handler) }
    // Expired records may go while we read; then what was handed on is not what is there.
    guard try await keyspace().map(\.counted) == databases.map(\.counted) else {
      throw source.moved("the number of keys changed while they were read")
    }
    return facts
  }

  private func keyspace() async throws -> [RedisInfo.Database] {
    RedisInfo(try await source.ask("INFO", "keyspace").text ?? "").databases
  }

  private mutating func read(
    _ database: RedisInfo.Database, selection: RecordSelection, into handler: RecordHandler
  ) async throws {
    _ = try await source.ask("SELECT", "\(database.number)")
    var writer = PieceWriter(namespace: "db\(database.number)")
    let expiries = database.expires > 0 ? try await expiryCommand() : nil
    let values = RedisValueReader(
      source: source, expiries: expiries, hasExpiringFields: database.hashesWithExpiringFields > 0,
      tellsStreamsInFull: commandsOf.map { $0 >= (6, 0) } ?? true)
    let modules = RedisModuleReader(source: source, expiries: expiries, database: database.number)
    let passes = SeenSet.passes(for: database.keys)
    var found: UInt64 = 0
    for pass in 0..<passes {
      var seen = SeenSet()
      var page: Page? = try await firstPage()
      while let current = page {
        let keys = current.names.compactMap { key -> RedisNamedKey? in
          let hash = SeenSet.Hash(key)
          guard hash.pass(of: passes) == pass, seen.insert(hash) else { return nil }
          return RedisNamedKey(bytes: key, slot: RedisSlot.slot(of: key))
        }
        let (next, types) = try await nextPage(after: current, typesOf: keys)
        let typed = try zip(keys, types).compactMap { key, type -> RedisNamedKey? in
          guard let name = type.text, name != "none" else { throw source.moved("a key went while it was read") }
          var key = key
          key.kind = RedisShardReader.kinds[name] ?? .module
          if key.kind == .module, isLive {
            facts.opaqueRecords += 1
            return nil
          }
          return selection.contains(key.slot) ? key : nil
        }
        try await values.read(typed.filter { $0.kind != .module }, &writer, handler)
        facts.bytesRead += try await modules.read(typed.filter { $0.kind == .module }, handler)
        page = next
      }
      found += UInt64(seen.count)
    }
    try writer.finish(into: handler)
    facts.bytesRead += writer.bytesHandedOn
    facts.records += found
    guard found == database.keys else {
      throw source.moved("db\(database.number): the server counts \(database.keys) keys and named \(found)")
    }
  }

  /// How to ask when a key expires.
  ///
  /// Servers before 7.0 tell only how long a key has left. That is exact where their clock stands still, as a sandbox's
  /// does, and nowhere else.
  private func expiryCommand() async throws -> RedisExpiryCommand {
    // Source: Redis documentation, "PEXPIRETIME": since 7.0.
    if let commandsOf, commandsOf >= (7, 0) { return .absolute }
    let first = ServerClock.microseconds(try await source.ask("TIME"))
    let second = ServerClock.microseconds(try await source.ask("TIME"))
    guard let first, first == second else {
      throw DrillError(
        .referenceUnavailable, subject: source.shard,
        detail: "a server before 7.0 does not tell when keys expire; read its snapshot, without --via commands")
    }
    return .remaining(now: first / 1000)
  }

  private struct Page: Sendable {
    var cursor: [UInt8]
    var names: [[UInt8]]
    var isLast: Bool { cursor == [UInt8(ascii: "0")] }
  }

  private func scan(_ cursor: [UInt8]) -> [[UInt8]] {
    redisCommand(.word("SCAN"), cursor, .word("COUNT"), .word(scanCount))
  }

  private func page(_ reply: RESPValue) throws -> Page {
    guard let parts = reply.array, parts.count == 2, let cursor = parts[0].bytes, let names = parts[1].array else {
      throw source.unreadable
    }
    let keys = names.compactMap(\.bytes)
    guard keys.count == names.count else { throw source.unreadable }
    return Page(cursor: cursor, names: keys)
  }

  private func firstPage() async throws -> Page { try page(try await source.ask([scan(.word("0"))])[0]) }

  /// The types of one page's keys and, in the same round, the next page; nil where there is none.
  private func nextPage(after current: Page, typesOf keys: [RedisNamedKey]) async throws -> (Page?, [RESPValue]) {
    var commands = keys.map { redisCommand(.word("TYPE"), $0.bytes) }
    if !current.isLast { commands.append(scan(current.cursor)) }
    var replies = try await source.ask(commands)
    let next = current.isLast ? nil : try page(replies.removeLast())
    return (next, replies)
  }

  /// Function libraries stand in no database; they are handed on in `db0`, slot 0, as records whose key is the
  /// library's name.
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
      guard let name = fields["library_name"]?.bytes, let code = fields["library_code"]?.bytes else {
        throw source.unreadable
      }
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

/// A key that the server named.
struct RedisNamedKey: Sendable {
  var bytes: [UInt8]
  var slot: Slot
  var kind = RecordKind.string
}

extension RedisInfo.Database {
  /// What may not change while a store is read.
  var counted: [UInt64] { [UInt64(number), keys] }
}
