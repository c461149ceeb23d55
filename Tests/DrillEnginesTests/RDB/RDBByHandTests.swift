import DrillModel
import Testing

@testable import DrillEngines

/// What the server at hand does not write: modules' values, older formats, collections without elements.
@Suite struct RDBByHandTests {
  /// The id of a type, packed as the format has it. Source: redis 7.0 src/module.c `moduleTypeEncodeId`.
  private func moduleID(_ name: String, version: UInt64) -> [UInt8] {
    let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    let id = name.utf8.reduce(UInt64(0)) { $0 << 6 | UInt64(characters.firstIndex(of: $1) ?? 0) } << 10 | version
    return [0x81] + (0..<8).map { UInt8(truncatingIfNeeded: id >> (56 - 8 * $0)) }
  }

  private let parts: [UInt8] =
    [1, 0x81] + [UInt8](repeating: 0xff, count: 8) + [2, 5, 3, 0, 0, 0xc0, 0x3f, 4, 0, 0, 0, 0, 0, 0, 0xf8, 0xbf]
    + [5, 3, 0x61, 0x62, 0x63, 5, 0xc0, 0xfe, 0]

  @Test("a module's value is its type's name, its version and its parts; its fields beside the records are noted")
  func modules() throws {
    let file = SnapshotBytes()
      .adding([0xf7] + moduleID("test-type", version: 3) + [2, 1] + parts)
      .adding([0x07]).adding("m").adding(moduleID("ReJSON-RL", version: 3) + parts)
      .adding([0x00]).adding("after").adding("v")
    let (facts, collection) = try RDB.read(file.sealed)
    #expect(facts.problems.isEmpty)
    #expect(facts.records == 2)
    #expect(facts.opaqueRecords == 1)
    #expect(
      facts.notes == [
        "1 values of a module, of type ReJSON-RL version 3, are compared as stored bytes",
        "1 fields that module test-type keeps beside the records were passed over",
      ])
    let record = try #require(collection.byKey["m"])
    #expect(record.kind == .module)
    #expect(
      record.body
        == Expected.blob("ReJSON-RL") + Expected.integer(3) + Expected.integer(-1) + Expected.integer(5)
        + Expected.real(1.5)
        + Expected.real(-1.5) + Expected.blob("abc") + Expected.blob("-2"))
    #expect(collection.byKey["after"]?.body == Expected.blob("v"))
  }

  @Test("a module's part of unknown kind is undecodable")
  func unknownPart() throws {
    let file = SnapshotBytes().adding([0x07]).adding("m").adding(moduleID("ReJSON-RL", version: 3) + [6, 0])
    #expect(try RDB.read(file.sealed).facts.problems.map(\.kind) == [.undecodable])
  }

  @Test("formats before 5 end without a checksum; expiries in seconds and scores as text are read")
  func oldFormat() throws {
    let records: [UInt8] =
      [0xfe, 0, 0xfd, 0x00, 0xe1, 0xf5, 0x05, 0x00, 1, 0x61, 1, 0x62]
      + [0x03, 1, 0x7a, 4, 1, 0x61, 3, 0x31, 0x2e, 0x35, 1, 0x62, 254, 1, 0x63, 255, 1, 0x64, 2, 0x2d, 0x30]
    let (facts, collection) = try RDB.read(SnapshotBytes(version: "REDIS0003").adding(records + [0xff]).bytes)
    #expect(facts.problems.isEmpty)
    #expect(facts.checksum == .absent)
    #expect(facts.formatVersion == 3)
    #expect(collection.byKey["a"]?.expiry == 100_000_000_000)
    let scores: [(String, Double)] = [("a", 1.5), ("b", .infinity), ("c", -.infinity), ("d", 0)]
    #expect(collection.byKey["z"]?.elements == scores.map { Expected.blob($0) + Expected.real($1) })
    #expect(collection.byKey["z"]?.expiry == RecordBatch.noExpiry)
  }

  @Test(
    "a score that is no number is undecodable",
    arguments: [[253], [3, 0x31, 0x2e, 0x78], [0], [3, 0x6e, 0x61, 0x6e]] as [[UInt8]])
  func badScore(score: [UInt8]) throws {
    let file = SnapshotBytes().adding([0x03, 1, 0x7a, 1, 1, 0x61] + score)
    #expect(try RDB.read(file.sealed).facts.problems.map(\.kind) == [.undecodable])
  }

  @Test("a collection without elements is passed over, as the server does, and noted")
  func emptyCollections() throws {
    let file = SnapshotBytes().adding([0x02]).adding("s").adding([0]).adding([0x00]).adding("k").adding("v")
    let (facts, collection) = try RDB.read(file.sealed)
    #expect(facts.problems.isEmpty)
    #expect(facts.records == 1)
    #expect(facts.notes.count == 1)
    #expect(collection.records.map(\.key) == [Array("k".utf8)])
  }

  @Test("unknown fields about the file are passed over, however long")
  func unknownAux() throws {
    let long: [UInt8] = [0x80, 0, 0x20, 0, 0] + [UInt8](repeating: 0x61, count: 1 << 21)
    let file = SnapshotBytes().adding([0xfa]).adding("new").adding([0xc0, 7]).adding([0xfa] + long + long)
      .adding([0xfa]).adding("redis-ver").adding("7.0.15")
    let (facts, _) = try RDB.read(file.unsealed)
    #expect(facts.problems.isEmpty)
    #expect(facts.writer == "7.0.15")
  }

  @Test(
    "a listpack whose parts disagree is undecodable",
    arguments: [
      [12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x05, 1, 0xff],  // as it should be
      [13, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x05, 1, 0xff],  // size
      [12, 0, 0, 0, 3, 0, 0x81, 0x61, 2, 0x05, 1, 0xff],  // count
      [12, 0, 0, 0, 2, 0, 0x81, 0x61, 3, 0x05, 1, 0xff],  // an entry's own length
      [12, 0, 0, 0, 2, 0, 0x82, 0x61, 2, 0x05, 1, 0xff],  // an entry's head
      [12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x05, 1, 0xf5],  // no end mark
      [12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0xff, 1, 0xff],  // an early end mark
    ] as [[UInt8]])
  func listpacks(listpack: [UInt8]) throws {
    let isWhole = listpack[0] == 12 && listpack[4] == 2 && listpack[6...] == [0x81, 0x61, 2, 0x05, 1, 0xff]
    let file = SnapshotBytes().adding([0x10]).adding("h").adding([UInt8(listpack.count)] + listpack)
    let (facts, collection) = try RDB.read(file.sealed)
    #expect(facts.problems.map(\.kind) == (isWhole ? [] : [.undecodable]))
    #expect(collection.records.count == (isWhole ? 1 : 0))
  }

  @Test(
    "an intset that is out of order or not as long as it says is undecodable",
    arguments: [
      [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0],
      [2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0],
      [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0],
      [2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 2, 0],
      [3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0],
    ] as [[UInt8]])
  func intsets(intset: [UInt8]) throws {
    let isWhole = intset == [2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0]
    let file = SnapshotBytes().adding([0x0b]).adding("s").adding([UInt8(intset.count)] + intset)
    #expect(try RDB.read(file.sealed).facts.problems.map(\.kind) == (isWhole ? [] : [.undecodable]))
  }

  @Test(
    "compressed bytes that refer before their start, run over or end early are undecodable",
    arguments: [
      ([0x01, 0x61, 0x62, 0x20, 0x01], 5),  // as it should be: "ab", then three from two back
      ([0x01, 0x61, 0x62, 0x20, 0x02], 5),  // before the start
      ([0x01, 0x61, 0x62, 0x20, 0x01], 4),  // runs over
      ([0x01, 0x61, 0x62, 0x20, 0x01], 6),  // ends early
      ([0x01, 0x61, 0x62, 0x20], 5),
      ([0x1f, 0x61], 5),
      ([0x01, 0x61, 0x62, 0x20, 0x01, 0x00, 0x61], 5),  // bytes left over
    ] as [([UInt8], UInt8)])
  func compressed(bytes: [UInt8], count: UInt8) throws {
    let file = SnapshotBytes().adding([0x00]).adding("k").adding([0xc3, UInt8(bytes.count), count] + bytes)
    let (facts, collection) = try RDB.read(file.sealed)
    if bytes == [0x01, 0x61, 0x62, 0x20, 0x01], count == 5 {
      #expect(facts.problems.isEmpty)
      #expect(collection.byKey["k"]?.body == Expected.blob("ababa"))
    } else {
      #expect(facts.problems.map(\.kind) == [.undecodable])
      #expect(collection.records.isEmpty)
    }
  }

  /// Source: redis 7.0 src/crc64.c, test vector; Redis Cluster specification, appendix A.
  @Test("checksums fit their published vectors, in one go and in parts")
  func checksums() {
    let digits = Array("123456789".utf8)
    var crc = CRC64()
    digits.withUnsafeBytes { crc.update($0) }
    #expect(crc.value == 0xe9c6_d914_c4b8_d9ca)
    let long = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let expected = SnapshotBytes.sealed(long).suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    // By carry-less multiplication, where this machine has it, and by tables.
    for isFolding in [true, false] {
      for split in [0, 1, 7, 15, 16, 17, 63, 64, 65, 127, 128, 129, 4096, 8191, 20_000, 39_999, 40_000] {
        var parts = CRC64(isFolding: isFolding)
        long[..<split].withUnsafeBytes { parts.update($0) }
        long[split...].withUnsafeBytes { parts.update($0) }
        #expect(parts.value == expected, "split at \(split)")
      }
    }
    let short = digits.withUnsafeBytes { RedisSlot.crc16($0) }
    #expect(short == 0x31c3)
  }

  @Test("slots are those that a server says")
  func slots() throws {
    #expect(RedisSlot.slot(of: Array("foo".utf8)) == Slot(12182))
    try PrivateRedis.with(["cluster-enabled", "yes"]) { redis in
      let keys = [
        "", "a", "foo", "{user1000}.following", "foo{}{bar}", "foo{{bar}}zap", "foo{bar}{zap}", "{", "}{", "{}", "a{b",
        "x}y{z}",
        "{12345678}", String(repeating: "long key ", count: 100), "é{ü}ß",
      ]
      for key in keys {
        let slot = try redis.command("CLUSTER", "KEYSLOT", key)
        #expect(slot == .integer(Int64(RedisSlot.slot(of: Array(key.utf8)).rawValue)), "\(key)")
      }
    }
  }
}
