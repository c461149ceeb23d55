internal import DrillModel

/// Reads values and puts them into canonical form: small ones with one command each, large ones in further steps of
/// bounded size.
struct RedisValueReader {
  let source: RedisReadSource
  /// How to ask when a key expires; nil where no key of the database does.
  let expiries: RedisExpiryCommand?
  /// Whether fields of some hash of the database expire one by one.
  let hasExpiringFields: Bool
  /// Whether the server knows `XINFO STREAM … FULL`.
  let tellsStreamsInFull: Bool

  /// Bytes of a string that the first command fetches, and each further one.
  private static let firstBytes = 16 << 10
  private static let furtherBytes = 1 << 20
  /// Elements of a collection that the first command fetches, and each further one.
  private static let firstElements = 128
  private static let furtherElements = 2000
  /// The sum of ``weight(_:)`` of the keys that are read together.
  private static let roundWeight = 1000

  private static func weight(_ kind: RecordKind) -> Int {
    switch kind {
    case .string: 1
    case .stream: 20
    default: 4
    }
  }

  /// Reads the values of `keys` in rounds: while one round is put into canonical form, the server already works on the
  /// next.
  func read(_ keys: [RedisNamedKey], _ writer: inout PieceWriter, _ handler: RecordHandler) async throws {
    var rounds = RedisValueReader.rounds(keys)[...]
    guard let first = rounds.popFirst() else { return }
    var round = first
    var replies = try await source.ask(commands(round))
    while let next = rounds.popFirst() {
      async let ahead = source.ask(commands(next))
      try await consume(round, replies, &writer, handler)
      replies = try await ahead
      round = next
    }
    try await consume(round, replies, &writer, handler)
  }

  private static func rounds(_ keys: [RedisNamedKey]) -> [ArraySlice<RedisNamedKey>] {
    var rounds: [ArraySlice<RedisNamedKey>] = []
    var start = 0
    var sum = 0
    for (index, key) in keys.enumerated() {
      sum += weight(key.kind)
      guard sum >= roundWeight || index == keys.count - 1 else { continue }
      rounds.append(keys[start...index])
      start = index + 1
      sum = 0
    }
    return rounds
  }

  /// The commands for one round: for each key its value's first part, then for each key its expiry.
  private func commands(_ keys: ArraySlice<RedisNamedKey>) -> [[[UInt8]]] {
    var commands: [[[UInt8]]] = []
    commands.reserveCapacity(keys.count * 2)
    let lastByte: [UInt8] = .word(RedisValueReader.firstBytes - 1)
    let lastElement: [UInt8] = .word(RedisValueReader.firstElements - 1)
    let count: [UInt8] = .word(RedisValueReader.firstElements)
    for key in keys {
      switch key.kind {
      case .string: commands.append(redisCommand(.word("GETRANGE"), key.bytes, .word("0"), lastByte))
      case .list: commands.append(redisCommand(.word("LRANGE"), key.bytes, .word("0"), lastElement))
      case .sortedSet:
        commands.append(redisCommand(.word("ZRANGE"), key.bytes, .word("0"), lastElement, .word("WITHSCORES")))
      case .set: commands.append(redisCommand(.word("SSCAN"), key.bytes, .word("0"), .word("COUNT"), count))
      case .hash: commands.append(redisCommand(.word("HSCAN"), key.bytes, .word("0"), .word("COUNT"), count))
      case .stream: commands.append(redisCommand(.word("XINFO"), .word("STREAM"), key.bytes))
      case .module, .library, .row: preconditionFailure("no command reads this kind")
      }
    }
    if let expiries { for key in keys { commands.append(redisCommand(.word(expiries.name), key.bytes)) } }
    return commands
  }

  private func consume(
    _ keys: ArraySlice<RedisNamedKey>, _ replies: [RESPValue], _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    guard replies.count == keys.count * (expiries == nil ? 1 : 2) else { throw source.unreadable }
    for (index, key) in keys.enumerated() {
      var expiry = RecordBatch.noExpiry
      if let expiries {
        // −1: none; −2: no such key. Source: Redis documentation, "PEXPIRETIME" and "PTTL".
        guard case .integer(let said) = replies[keys.count + index], said != -2 else {
          throw source.moved("a key went while it was read")
        }
        if said != -1 { expiry = expiries.expiry(said) }
      }
      writer.begin(key.bytes, slot: key.slot, kind: key.kind, expiry: expiry)
      switch key.kind {
      case .string: try await readString(key.bytes, replies[index], &writer, handler)
      case .list: try await readList(key.bytes, replies[index], &writer, handler)
      case .sortedSet: try await readSortedSet(key.bytes, replies[index], &writer, handler)
      case .set: try await readUnordered(key.bytes, isHash: false, replies[index], &writer, handler)
      case .hash: try await readUnordered(key.bytes, isHash: true, replies[index], &writer, handler)
      case .stream:
        try await RedisStreamReader(source: source, key: key.bytes, tellsInFull: tellsStreamsInFull)
          .read(replies[index], &writer, handler)
      case .module, .library, .row: preconditionFailure("no command reads this kind")
      }
      writer.end()
      try writer.split(into: handler)
    }
  }

  private func readString(
    _ key: [UInt8], _ first: RESPValue, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    guard case .bulk(let head) = first else { throw source.unreadable }
    guard head.count == RedisValueReader.firstBytes else { return writer.body { $0.appendBlob(head) } }
    guard let length = try await source.ask([redisCommand(.word("STRLEN"), key)])[0].integer, length >= head.count
    else {
      throw source.moved("a string changed while it was read")
    }
    writer.body {
      $0.appendBlobHead(count: Int(length))
      $0.append(contentsOf: head)
    }
    var offset = head.count
    while offset < length {
      try writer.split(into: handler)
      let end = min(offset + RedisValueReader.furtherBytes, Int(length))
      let reply = try await source.ask([redisCommand(.word("GETRANGE"), key, .word(offset), .word(end - 1))])[0]
      guard case .bulk(let part) = reply, part.count == end - offset else {
        throw source.moved("a string changed while it was read")
      }
      writer.body { $0.append(contentsOf: part) }
      offset = end
    }
  }

  private func readList(
    _ key: [UInt8], _ first: RESPValue, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    var members = try list(first)
    var asked = RedisValueReader.firstElements
    var start = 0
    while true {
      for member in members {
        guard case .bulk(let element) = member else { throw source.unreadable }
        writer.body { $0.appendBlob(element) }
        try writer.split(into: handler)
      }
      start += members.count
      guard members.count == asked else { break }
      asked = RedisValueReader.next(after: members)
      members = try list(
        try await source.ask([redisCommand(.word("LRANGE"), key, .word(start), .word(start + asked - 1))])[0])
    }
    guard start > 0 else { throw source.moved("a key went while it was read") }
  }

  private func readSortedSet(
    _ key: [UInt8], _ first: RESPValue, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    var members = try scored(first)
    var asked = RedisValueReader.firstElements
    var start = 0
    while true {
      guard members.count.isMultiple(of: 2) else { throw source.unreadable }
      for index in stride(from: 0, to: members.count, by: 2) {
        guard case .bulk(let member) = members[index], case .bulk(let text) = members[index + 1],
          let score = RedisScore.value(text)
        else {
          throw source.unreadable
        }
        writer.element {
          $0.appendBlob(member)
          $0.appendReal(score == 0 ? 0 : score)
        }
        try writer.split(into: handler)
      }
      start += members.count / 2
      guard members.count == asked * 2 else { break }
      asked = RedisValueReader.next(after: members)
      members = try scored(
        try await source.ask([
          redisCommand(.word("ZRANGE"), key, .word(start), .word(start + asked - 1), .word("WITHSCORES"))
        ])[0])
    }
    guard start > 0 else { throw source.moved("a key went while it was read") }
  }

  /// Sets and hashes. A collection that one scan step returns whole has no duplicates; a larger one may be named twice
  /// in parts, and is read again in passes.
  private func readUnordered(
    _ key: [UInt8], isHash: Bool, _ first: RESPValue, _ writer: inout PieceWriter, _ handler: RecordHandler
  ) async throws {
    var (cursor, members) = try scanPage(first)
    let width = isHash ? 2 : 1
    if cursor == .word("0") {
      guard !members.isEmpty else { throw source.moved("a key went while it was read") }
      return try await append(members, of: key, width, &writer, handler) { _ in true }
    }
    guard let count = try await source.ask([redisCommand(.word(isHash ? "HLEN" : "SCARD"), key)])[0].integer, count > 0
    else {
      throw source.moved("a key went while it was read")
    }
    let passes = SeenSet.passes(for: UInt64(count))
    var found = 0
    for pass in 0..<passes {
      var seen = SeenSet()
      if pass > 0 { cursor = .word("0") }
      var isFirst = pass == 0
      repeat {
        if !isFirst {
          let page = try await source.ask([
            redisCommand(
              .word(isHash ? "HSCAN" : "SSCAN"), key, cursor, .word("COUNT"),
              .word(RedisValueReader.next(after: members)))
          ])[0]
          (cursor, members) = try scanPage(page)
        }
        isFirst = false
        try await append(members, of: key, width, &writer, handler) { member in
          let hash = SeenSet.Hash(member)
          return hash.pass(of: passes) == pass && seen.insert(hash)
        }
      } while cursor != .word("0")
      found += seen.count
    }
    guard found == count else { throw source.moved("a \(isHash ? "hash" : "set") changed while it was read") }
  }

  private func append(
    _ members: [RESPValue], of key: [UInt8], _ width: Int, _ writer: inout PieceWriter, _ handler: RecordHandler,
    where isNew: ([UInt8]) -> Bool
  ) async throws {
    guard members.count.isMultiple(of: width) else { throw source.unreadable }
    let expiries = width == 2 && hasExpiringFields ? try await fieldExpiries(of: members, key) : nil
    for index in stride(from: 0, to: members.count, by: width) {
      guard case .bulk(let name) = members[index] else { throw source.unreadable }
      guard isNew(name) else { continue }
      if width == 1 {
        writer.element { $0.appendBlob(name) }
      } else {
        guard case .bulk(let value) = members[index + 1] else { throw source.unreadable }
        let expiry = expiries?[index / 2]
        writer.element {
          $0.appendBlob(name)
          $0.appendBlob(value)
          if let expiry, expiry != -1 { $0.appendInteger(expiry) }
        }
      }
      try writer.split(into: handler)
    }
  }

  /// When each field expires, −1 where it does not. Source: Redis documentation, "HPEXPIRETIME": since 7.4 (Valkey 9.0).
  private func fieldExpiries(of members: [RESPValue], _ key: [UInt8]) async throws -> [Int64] {
    let fields = stride(from: 0, to: members.count, by: 2).compactMap { members[$0].bytes }
    guard !fields.isEmpty else { return [] }
    let command = redisCommand(.word("HPEXPIRETIME"), key, .word("FIELDS"), .word(fields.count)) + fields
    let expiries = try await source.ask([command])[0].array?.compactMap(\.integer)
    guard let expiries, expiries.count * 2 == members.count else { throw source.unreadable }
    guard !expiries.contains(-2) else { throw source.moved("a field went while it was read") }
    return expiries
  }

  private func scanPage(_ reply: RESPValue) throws -> (cursor: [UInt8], members: [RESPValue]) {
    guard let parts = reply.array, parts.count == 2, let cursor = parts[0].bytes, let members = parts[1].array else {
      throw source.unreadable
    }
    return (cursor, members)
  }

  private func scored(_ reply: RESPValue) throws -> [RESPValue] {
    guard let members = reply.scoredMembers else { throw source.unreadable }
    return members
  }

  private func list(_ reply: RESPValue) throws -> [RESPValue] {
    guard let members = reply.array else { throw source.unreadable }
    return members
  }

  /// How many elements to ask for next, so that a reply stays near a mebibyte, judged by those that came.
  private static func next(after members: [RESPValue]) -> Int {
    let bytes = members.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
    return max(1, min(furtherElements, furtherBytes / max(1, bytes / max(1, members.count))))
  }
}
