import DrillModel
import Testing

@Suite struct RDBStreamTests {
  private func id(_ milliseconds: Int64, _ sequence: Int64) -> [UInt8] {
    Expected.integer(milliseconds) + Expected.integer(sequence)
  }

  private func entry(_ milliseconds: Int64, _ sequence: Int64, _ fields: [(String, String)]) -> [UInt8] {
    id(milliseconds, sequence) + Expected.integer(Int64(fields.count))
      + fields.flatMap { Expected.blob($0) + Expected.blob($1) }
  }

  @Test("entries are read in order: shared fields, other fields, integers, deleted ones left out, over several nodes")
  func entries() throws {
    try PrivateRedis.with(["stream-node-max-entries", "5"]) { redis in
      var expected: [UInt8] = []
      for index in 0..<17 {
        let fields =
          index % 3 == 0 ? [("a", "1"), ("b", "-77777")] : [("a", "text \(index)"), ("b", "300"), ("c\(index)", "")]
        let milliseconds = Int64(1000 + index * 1000)
        let sequence = Int64(index % 2 == 0 ? 5 : 0)
        try redis.command(
          (["XADD", "s", "\(milliseconds)-\(sequence)"] + fields.flatMap { [$0, $1] }).map { Array($0.utf8) })
        if index % 4 == 2 {
          try redis.command("XDEL", "s", "\(milliseconds)-\(sequence)")
        } else {
          expected += entry(milliseconds, sequence, fields)
        }
      }
      let (facts, collection) = try RDB.read(path: redis.save())
      let record = try #require(collection.byKey["s"])
      #expect(facts.problems.isEmpty)
      #expect(record.kind == .stream)
      #expect(record.body == expected + Expected.null + id(17000, 5))
      #expect(record.elements.isEmpty)
    }
  }

  @Test("an emptied stream keeps its last id, and the largest id is read")
  func extremes() throws {
    try PrivateRedis.with { redis in
      try redis.command("XADD", "emptied", "7-3", "f", "v")
      try redis.command("XDEL", "emptied", "7-3")
      try redis.command("XADD", "largest", "18446744073709551615-18446744073709551615", "f", "v")
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      #expect(collection.byKey["emptied"]?.body == Expected.null + id(7, 3))
      #expect(collection.byKey["largest"]?.body == entry(-1, -1, [("f", "v")]) + Expected.null + id(-1, -1))
    }
  }

  @Test("groups, consumers and pending entries are elements, each pending entry with its consumer")
  func groups() throws {
    try PrivateRedis.with { redis in
      for index in 1...6 { try redis.command("XADD", "s", "\(index)-0", "f", "v\(index)") }
      try redis.command("XGROUP", "CREATE", "s", "workers", "0")
      try redis.command("XGROUP", "CREATE", "s", "idle", "3-0")
      try redis.command("XREADGROUP", "GROUP", "workers", "ann", "COUNT", "2", "STREAMS", "s", ">")
      try redis.command("XREADGROUP", "GROUP", "workers", "bob", "COUNT", "3", "STREAMS", "s", ">")
      try redis.command("XACK", "s", "workers", "4-0")
      try redis.command("XCLAIM", "s", "workers", "bob", "0", "1-0", "TIME", "1700000000000", "RETRYCOUNT", "9")
      try redis.command("XCLAIM", "s", "workers", "ann", "0", "5-0", "TIME", "1700000000001", "RETRYCOUNT", "3")
      for (name, owner) in [("2-0", "ann"), ("3-0", "bob")] {
        try redis.command("XCLAIM", "s", "workers", owner, "0", name, "TIME", "1700000000002", "RETRYCOUNT", "1")
      }
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      let record = try #require(collection.byKey["s"])
      func pending(_ ms: Int64, _ consumer: String, _ time: Int64, _ count: Int64) -> [UInt8] {
        Expected.null + Expected.null + Expected.blob("workers") + id(ms, 0) + Expected.blob(consumer)
          + Expected.integer(time)
          + Expected.integer(count)
      }
      let expected = [
        Expected.blob("workers") + id(5, 0), Expected.blob("idle") + id(3, 0),
        Expected.null + Expected.blob("workers") + Expected.blob("ann"),
        Expected.null + Expected.blob("workers") + Expected.blob("bob"),
        pending(1, "bob", 1_700_000_000_000, 9), pending(2, "ann", 1_700_000_000_002, 1),
        pending(3, "bob", 1_700_000_000_002, 1), pending(5, "ann", 1_700_000_000_001, 3),
      ]
      #expect(Set(record.elements) == Set(expected))
      #expect(record.elements.count == expected.count)
    }
  }
}
