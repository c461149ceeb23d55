import DrillEngines
import DrillModel
import Testing

/// Every type and encoding that a real server writes, held against what was put into it.
@Suite struct RDBValueTests {
  /// Settings under which collections are stored compactly, and under which they are not.
  static let compact: [String] = []
  static let plain = [
    "hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0", "set-max-intset-entries", "0",
    "list-max-listpack-size", "1",
    "rdbcompression", "no",
  ]

  static let long = String(repeating: "abc", count: 5000)
  /// Text that does not compress, longer than any short form.
  static let texts = [
    "", "x", "0", "-1", "127", "-129", "32767", "70000", "-2147483649", "9223372036854775807", "007", "1.5", long,
  ]

  /// The same content whatever the settings.
  private func fill(_ redis: PrivateRedis) throws {
    for (index, text) in Self.texts.enumerated() { try redis.command("SET", "string:\(index)", text) }
    try redis.command("SET", "expires", "v", "PXAT", "99999999999999")
    try redis.command(["RPUSH", "list"].map { Array($0.utf8) } + Self.texts.map { Array($0.utf8) })
    try redis.command("SADD", "numbers16", "1", "-5", "300")
    try redis.command("SADD", "numbers32", "1", "-70000", "2147483647")
    try redis.command("SADD", "numbers64", "1", "-9223372036854775808", "9223372036854775807")
    try redis.command(["SADD", "set"].map { Array($0.utf8) } + Self.texts.map { Array($0.utf8) })
    for (index, text) in Self.texts.enumerated() {
      try redis.command("HSET", "hash", text, "v\(index)")
      try redis.command("HSET", "hash:back", "f\(index)", text)
      try redis.command("HSET", "hash:small", "f\(index)", text.count > 60 ? "short" : text)
    }
    for (member, score) in Self.scores { try redis.command("ZADD", "sorted", score, member) }
  }

  static let scores = [
    ("a", "0"), ("b", "-1"), ("c", "1.5"), ("d", "inf"), ("e", "-inf"), ("f", "1e300"), ("g", "0.1"), ("17", "17"),
    ("h", "3.0000000000000004"),
    ("i", "9007199254740993"), ("j", "-0"), ("k", "4096"), ("l", "-5000"), ("m", "1000000"), ("n", "5e-324"),
  ]

  private func check(_ records: [String: CollectedRecord]) throws {
    for (index, text) in Self.texts.enumerated() {
      let record = try #require(records["string:\(index)"])
      #expect(record.kind == .string)
      #expect(record.body == Expected.blob(text))
      #expect(record.elements.isEmpty)
      #expect(record.expiry == RecordBatch.noExpiry)
      #expect(record.namespace == "db0")
    }
    #expect(records["expires"]?.expiry == 99_999_999_999_999)
    #expect(records["list"]?.kind == .list)
    #expect(records["list"]?.body == Self.texts.flatMap { Expected.blob($0) })
    for (key, members) in [
      ("numbers16", ["1", "-5", "300"]), ("numbers32", ["1", "-70000", "2147483647"]),
      ("numbers64", ["1", "-9223372036854775808", "9223372036854775807"]), ("set", Self.texts),
    ] {
      let record = try #require(records[key])
      #expect(record.kind == .set)
      #expect(record.body.isEmpty)
      #expect(record.elements.count == members.count)
      #expect(Set(record.elements) == Set(members.map { Expected.blob($0) }))
    }
    let hashes: [(String, [[UInt8]])] = [
      ("hash", Self.texts.enumerated().map { Expected.blob($1) + Expected.blob("v\($0)") }),
      ("hash:back", Self.texts.enumerated().map { Expected.blob("f\($0)") + Expected.blob($1) }),
      (
        "hash:small",
        Self.texts.enumerated().map { Expected.blob("f\($0)") + Expected.blob($1.count > 60 ? "short" : $1) }
      ),
    ]
    for (key, elements) in hashes {
      #expect(records[key]?.kind == .hash)
      #expect(records[key]?.elements.count == elements.count)
      #expect(Set(records[key]?.elements ?? []) == Set(elements))
    }
    let sorted = try #require(records["sorted"])
    #expect(sorted.kind == .sortedSet)
    // Swift's own reader of numbers, not the one under test.
    #expect(
      Set(sorted.elements)
        == Set(Self.scores.map { Expected.blob($0) + Expected.real($1 == "-0" ? 0 : Double($1) ?? .nan) }))
    #expect(sorted.elements.count == Self.scores.count)
    #expect(records.count == Self.texts.count + 1 + 1 + 4 + 3 + 1)
  }

  @Test("every type reads as it was written, stored compactly")
  func compactly() throws {
    try PrivateRedis.with(Self.compact) { redis in
      try fill(redis)
      #expect(try redis.command("OBJECT", "ENCODING", "numbers16") == .bytes(Array("intset".utf8)))
      #expect(try redis.command("OBJECT", "ENCODING", "hash:small") == .bytes(Array("listpack".utf8)))
      #expect(try redis.command("OBJECT", "ENCODING", "sorted") == .bytes(Array("listpack".utf8)))
      let (facts, collection) = try RDB.read(path: redis.save())
      try check(collection.byKey)
      #expect(facts.problems.isEmpty)
      #expect(facts.formatVersion == 10)
      #expect(facts.writer?.hasPrefix("7.") == true)
      #expect(facts.records == UInt64(collection.records.count))
      #expect(facts.bytesAfterEnd == 0)
      #expect(facts.notes.isEmpty)
      expectMatch(facts.checksum)
    }
  }

  @Test("every type reads as it was written, stored plainly")
  func plainly() throws {
    try PrivateRedis.with(Self.plain) { redis in
      try fill(redis)
      #expect(try redis.command("OBJECT", "ENCODING", "numbers16") == .bytes(Array("hashtable".utf8)))
      #expect(try redis.command("OBJECT", "ENCODING", "hash:small") == .bytes(Array("hashtable".utf8)))
      #expect(try redis.command("OBJECT", "ENCODING", "sorted") == .bytes(Array("skiplist".utf8)))
      let (facts, collection) = try RDB.read(path: redis.save())
      try check(collection.byKey)
      #expect(facts.problems.isEmpty)
      expectMatch(facts.checksum)
    }
  }

  @Test("a list with a node of its own for a large element reads in order")
  func plainNodes() throws {
    try PrivateRedis.with(["list-max-listpack-size", "-1"]) { redis in
      let elements = (0..<50).map { index in String(repeating: "\(index),", count: index % 7 == 3 ? 20_000 : 3) }
      try redis.command((["RPUSH", "list"] + elements).map { Array($0.utf8) })
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      #expect(collection.byKey["list"]?.body == elements.flatMap { Expected.blob($0) })
    }
  }

  @Test("databases are namespaces, keys have their slot, binary keys are kept, a selection keeps only its slots")
  func databasesAndSlots() throws {
    try PrivateRedis.with { redis in
      let binary: [UInt8] = [0, 255, 10, 13, 123, 0, 125, 7]
      try redis.command("SET", "foo", "in 0")
      try redis.command([Array("SET".utf8), binary, binary])
      try redis.command("SET", "12345", "an integer key")
      try redis.command("SET", String(repeating: "k", count: 300), "a compressed key")
      try redis.command("SELECT", "9")
      try redis.command("SET", "{foo}bar", "in 9")
      let bytes = try RDB.bytes(path: redis.save())
      let (_, all) = try RDB.read(bytes)
      #expect(all.byKey["foo"]?.namespace == "db0")
      #expect(all.byKey["foo"]?.slot == Slot(12182))
      #expect(all.byKey["{foo}bar"]?.namespace == "db9")
      #expect(all.byKey["{foo}bar"]?.slot == Slot(12182))
      #expect(all.byKey["12345"]?.body == Expected.blob("an integer key"))
      #expect(all.byKey[String(repeating: "k", count: 300)]?.body == Expected.blob("a compressed key"))
      #expect(all.records.first { $0.key == binary }?.body == Expected.blob(binary))
      #expect(all.records.first { $0.key == binary }?.slot == RedisSlot.slot(of: [0]))
      let (facts, some) = try RDB.read(bytes, selection: .slots(SlotSet([Slot(12182)])))
      #expect(some.records.map { String(decoding: $0.key, as: UTF8.self) } == ["foo", "{foo}bar"])
      #expect(some.records == all.records.filter { $0.slot == Slot(12182) })
      #expect(facts.records == 5)
      #expect(facts.problems.isEmpty)
    }
  }

  @Test("times of use, kept under an eviction policy, are passed over", arguments: ["allkeys-lru", "allkeys-lfu"])
  func timesOfUse(policy: String) throws {
    try PrivateRedis.with(["maxmemory-policy", policy]) { redis in
      try redis.command("SET", "a", "1", "EX", "1000000")
      try redis.command("SET", "b", "2")
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      #expect(collection.byKey["a"]?.body == Expected.blob("1"))
      #expect(collection.byKey["b"]?.expiry == RecordBatch.noExpiry)
    }
  }

  @Test("a function library is a record under its own name")
  func library() throws {
    try PrivateRedis.with { redis in
      let code =
        "#!lua name=greetings\nredis.register_function('hello', function() return 'hello hello hello hello' end)"
      try redis.command("FUNCTION", "LOAD", code)
      try redis.command("SET", "a", "1")
      let bytes = try RDB.bytes(path: redis.save())
      let (facts, collection) = try RDB.read(bytes)
      #expect(facts.problems.isEmpty)
      #expect(facts.records == 2)
      #expect(collection.records.map(\.kind) == [.library, .string])
      #expect(collection.byKey["greetings"]?.body == Expected.blob(code))
      let (_, some) = try RDB.read(bytes, selection: .slots(.all))
      #expect(some.records.map(\.kind) == [.string])
    }
  }
}

func expectMatch(_ checksum: ReadFacts.Checksum, sourceLocation: SourceLocation = #_sourceLocation) {
  guard case .present(let stored, let computed) = checksum else {
    Issue.record("no checksum: \(checksum)", sourceLocation: sourceLocation)
    return
  }
  #expect(stored == computed, sourceLocation: sourceLocation)
}
