import DrillModel
import Testing

/// Records larger than a batch come in pieces, and no batch grows with them.
@Suite struct RDBLargeRecordTests {
  /// Bytes that do not compress, the same every time: they repeat only after LZF has forgotten them.
  private func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    let block = (0..<min(count, 16_384)).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += block }
    return Array(bytes.prefix(count))
  }

  private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  private static let batchLimit = 3 << 19

  @Test("large strings, elements, entries and keys are cut and come together again", arguments: ["yes", "no"])
  func largeParts(compression: String) throws {
    let options = [
      "rdbcompression", compression, "hash-max-listpack-value", "16777216", "list-max-listpack-size", "8192",
    ]
    try PrivateRedis.with(options) { redis in
      let noisy = noise(2_000_000, seed: 1)
      let even = [UInt8](repeating: 0x61, count: 2_500_000)
      let mixed = (0..<150).flatMap {
        noise(1_000, seed: UInt64($0)) + [UInt8](repeating: UInt8($0 & 255), count: 9_000)
      }
      let values = [noisy, even, mixed, text("small")]
      for (index, value) in values.enumerated() { try redis.command([text("SET"), text("string\(index)"), value]) }
      try redis.command([text("RPUSH"), text("list")] + values)
      try redis.command([text("SADD"), text("set")] + values)
      for value in values { try redis.command([text("HSET"), text("hash"), value, value]) }
      // Stays a listpack, which is one string to the format.
      try redis.command([text("HSET"), text("listpack"), text("f"), noisy, text("g"), even])
      try redis.command([text("XADD"), text("stream"), text("1-1"), text("f"), mixed, text("g"), noisy])
      try redis.command([text("SET"), noisy, even])
      try redis.command([text("SET"), even, text("v")])
      #expect(try redis.command("OBJECT", "ENCODING", "listpack") == .bytes(text("listpack")))
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      expectMatch(facts.checksum)
      let records = collection.byKey
      for (index, value) in values.enumerated() { #expect(records["string\(index)"]?.body == Expected.blob(value)) }
      #expect(records["list"]?.body == values.flatMap { Expected.blob($0) })
      #expect(Set(records["set"]?.elements ?? []) == Set(values.map { Expected.blob($0) }))
      #expect(Set(records["hash"]?.elements ?? []) == Set(values.map { Expected.blob($0) + Expected.blob($0) }))
      #expect(
        records["listpack"]?.elements == [
          Expected.blob("f") + Expected.blob(noisy), Expected.blob("g") + Expected.blob(even),
        ])
      let id = Expected.integer(1) + Expected.integer(1)
      #expect(
        records["stream"]?.body
          == id + Expected.integer(2) + Expected.blob("f") + Expected.blob(mixed) + Expected.blob("g")
          + Expected.blob(noisy)
          + Expected.null + id)
      #expect(collection.records.first { $0.key == noisy }?.body == Expected.blob(even))
      #expect(collection.records.first { $0.key == even }?.body == Expected.blob("v"))
      #expect(records["string0"]?.pieces ?? 0 > 1)
      #expect(records["hash"]?.pieces ?? 0 > 8)
    }
  }

  @Test("a collection of many elements comes in pieces, and no batch is larger for it")
  func manyElements() throws {
    try PrivateRedis.with { redis in
      let commands = stride(from: 0, to: 150_000, by: 500).map { start in
        [text("HSET"), text("hash")] + (start..<start + 500).flatMap { [text("field\($0)"), text("\($0 * 7919)")] }
      }
      try redis.pipeline(commands)
      let (facts, collection) = try RDB.read(path: redis.save())
      #expect(facts.problems.isEmpty)
      let record = try #require(collection.byKey["hash"])
      #expect(record.pieces > 3)
      #expect(collection.largestBatch < Self.batchLimit)
      let expected = Set((0..<150_000).map { Expected.blob("field\($0)") + Expected.blob("\($0 * 7919)") })
      #expect(record.elements.count == 150_000)
      #expect(Set(record.elements) == expected)
    }
  }

  @Test("a large value alone makes no batch larger")
  func batchesStaySmall() throws {
    let large = [0x00, 1, 0x61, 0x80, 0x00, 0x98, 0x96, 0x80] + noise(10_000_000, seed: 3)
    let (facts, collection) = try RDB.read(SnapshotBytes().adding(large).unsealed)
    #expect(facts.problems.isEmpty)
    #expect(collection.records.first?.body == Expected.blob(Array(large.dropFirst(8))))
    #expect(collection.largestBatch < Self.batchLimit)
  }

  @Test("a large record that is cut off has begun and never ends; one that is not selected leaves no trace")
  func cutOff() throws {
    let record: [UInt8] = [0x00, 1, 0x61, 0x80, 0x00, 0x4c, 0x4b, 0x40] + noise(5_000_000, seed: 2)
    let file = SnapshotBytes().adding([0x00]).adding("before").adding("v").adding(record).adding([0x00]).adding("z")
      .adding("w").unsealed
    let (facts, collection) = try RDB.read(Array(file.dropLast(1_000_000)))
    #expect(facts.problems.map(\.kind) == [.undecodable])
    #expect(collection.isOpen)
    #expect(collection.records.map { String(decoding: $0.key, as: UTF8.self) } == ["before", "a"])
    let others = SlotSet.all.subtracting(SlotSet([collection.records[1].slot]))
    let (all, selected) = try RDB.read(file, selection: .slots(others))
    #expect(all.problems.isEmpty)
    #expect(all.records == 3)
    #expect(selected.records.map { String(decoding: $0.key, as: UTF8.self) } == ["before", "z"])
    #expect(selected.byKey["z"]?.body == Expected.blob("w"))
  }
}
