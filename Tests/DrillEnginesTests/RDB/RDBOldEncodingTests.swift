import DrillModel
import Testing

@testable import DrillEngines

/// Encodings that Redis 7.0 reads and does not write, and those of later servers, put together by hand.
@Suite("Encodings of servers before and after 7.0")
struct RDBOldEncodingTests {
  /// A ziplist's entry without the length of the one before; what it reads as.
  private static let entries: [(bytes: [UInt8], text: String)] = [
    ([0x01, 0x61], "a"), ([0xf1], "0"), ([0xfd], "12"), ([0xfe, 0xff], "-1"), ([0xc0, 0x00, 0x80], "-32768"),
    ([0xf0, 0x00, 0x00, 0x80], "-8388608"), ([0xd0, 0x00, 0x00, 0x00, 0x80], "-2147483648"),
    ([0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80], "-9223372036854775808"), ([0x00], ""),
    ([0x41, 0x00] + [UInt8](repeating: 0x62, count: 256), String(repeating: "b", count: 256)),
    ([0x80, 0, 0, 0, 2, 0x63, 0x64], "cd"), ([0x02, 0x31, 0x30], "10"),
  ]

  /// Puts entries together, each with the length of the one before.
  private static func ziplist(_ entries: [[UInt8]], changing: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var body: [UInt8] = []
    var previous = 0
    var tail = 10
    for entry in entries {
      tail = 10 + body.count
      let start = body.count
      if previous < 254 { body.append(UInt8(previous)) } else { body += [254] + littleEndian(UInt32(previous)) }
      body += entry
      previous = body.count - start
    }
    let count = littleEndian(UInt32(11 + body.count))
    var bytes = count + littleEndian(UInt32(tail)) + littleEndian(UInt16(entries.count)) + body + [0xff]
    changing(&bytes)
    return bytes
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func string(_ bytes: [UInt8]) -> [UInt8] {
    bytes.count < 64 ? [UInt8(bytes.count)] + bytes : [0x80] + littleEndian(UInt32(bytes.count)).reversed() + bytes
  }

  private func record(_ type: UInt8, _ value: [UInt8], version: String = "REDIS0009") throws -> CollectedRecord {
    let file = SnapshotBytes(version: version).adding([type]).adding("k").adding(value)
    let (facts, collection) = try RDB.read(file.sealed)
    #expect(facts.problems.isEmpty, "\(facts.problems)")
    return try #require(collection.byKey["k"])
  }

  private func blobs(_ texts: String...) -> [UInt8] { texts.flatMap { Expected.blob($0) } }

  @Test("a list as ziplist, and one as quicklist of ziplists, with every kind of entry")
  func lists() throws {
    let bytes = RDBOldEncodingTests.string(RDBOldEncodingTests.ziplist(RDBOldEncodingTests.entries.map(\.bytes)))
    let body = RDBOldEncodingTests.entries.flatMap { Expected.blob($0.text) }
    #expect(try record(10, bytes).body == body)
    #expect(try record(14, [2] + bytes + bytes).body == body + body)
    #expect(try record(10, bytes).kind == .list)
  }

  @Test("a hash and a sorted set as ziplist, a set as listpack")
  func others() throws {
    let pairs = RDBOldEncodingTests.ziplist([[0x01, 0x61], [0xf3], [0x01, 0x62], [0x03, 0x31, 0x2e, 0x35]])
    let hash = try record(13, RDBOldEncodingTests.string(pairs))
    #expect(hash.kind == .hash && hash.elements == [blobs("a", "2"), blobs("b", "1.5")])
    let sortedSet = try record(12, RDBOldEncodingTests.string(pairs))
    #expect(sortedSet.kind == .sortedSet)
    #expect(sortedSet.elements == [blobs("a") + Expected.real(2), blobs("b") + Expected.real(1.5)])
    let set = try record(
      20, RDBOldEncodingTests.string([12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x05, 1, 0xff]), version: "REDIS0011")
    #expect(set.kind == .set && set.elements == [blobs("a"), blobs("5")])
  }

  @Test(
    "a ziplist whose parts disagree is undecodable",
    arguments: [
      (0, 1), (4, 1), (8, 1),  // its size, where its last entry is, how many there are
      (10, 1), (14, 1), (17, 1),  // the length of the entry before
      (11, 1), (15, 3), (18, 0xf0),  // an entry's encoding
      (19, 1),  // the end mark
    ] as [(Int, UInt8)])
  func brokenZiplists(index: Int, change: UInt8) throws {
    func problems(changing: (inout [UInt8]) -> Void) throws -> [ReadFacts.Problem.Kind] {
      let bytes = RDBOldEncodingTests.ziplist([[0x02, 0x61, 0x62], [0x01, 0x63], [0xf2]], changing: changing)
      let file = SnapshotBytes().adding([10]).adding("k").adding(RDBOldEncodingTests.string(bytes))
      return try RDB.read(file.sealed).facts.problems.map(\.kind)
    }
    #expect(try problems { _ in } == [])
    #expect(try problems { $0[index] ^= change } == [.undecodable])
  }

  @Test("a hash as zipmap, with free bytes and long values; one that says too much is undecodable")
  func zipmaps() throws {
    let long = [UInt8](repeating: 0x78, count: 300)
    let pairs: [UInt8] =
      [1, 0x61, 2, 3, 0x31, 0x32, 0, 0, 0] + [1, 0x62, 254] + RDBOldEncodingTests.littleEndian(UInt32(300)) + [0] + long
    let hash = try record(9, RDBOldEncodingTests.string([2] + pairs + [0xff]), version: "REDIS0003")
    #expect(hash.elements == [blobs("a", "12"), blobs("b", String(repeating: "x", count: 300))])
    #expect(try record(9, RDBOldEncodingTests.string([254] + pairs + [0xff])).elements.count == 2)
    for bytes in [[3] + pairs + [0xff], [2] + pairs, [1, 1, 0x61, 0xff], [1, 1, 0x61, 1, 0, 0xff]] as [[UInt8]] {
      let file = SnapshotBytes().adding([9]).adding("k").adding(RDBOldEncodingTests.string(bytes))
      #expect(try RDB.read(file.sealed).facts.problems.map(\.kind) == [.undecodable], "\(bytes)")
    }
  }

  @Test("a hash whose fields expire is the same from Redis 7.4, its release candidates and Valkey 9.0")
  func expiringFields() throws {
    let when: UInt64 = 4_000_000_000_000
    let time = RDBOldEncodingTests.littleEndian(when)
    let expected = [blobs("a", "1") + Expected.integer(Int64(when)), blobs("b", "2")]
    let metadata: [UInt8] = time + [2, 1, 1, 0x61, 1, 0x31, 0, 1, 0x62, 1, 0x32]
    #expect(try record(24, metadata, version: "REDIS0012").elements == expected)
    let absolute: [UInt8] = [0x81] + time.reversed()
    let early: [UInt8] = [2] + absolute + [1, 0x61, 1, 0x31, 0, 1, 0x62, 1, 0x32]
    #expect(try record(22, early, version: "REDIS0012").elements == expected)
    let listpack: [UInt8] =
      [0x81, 0x61, 2, 1, 1, 0xf4] + time + [9, 0x81, 0x62, 2, 2, 1, 0, 1]
    let bytes = RDBOldEncodingTests.littleEndian(UInt32(listpack.count + 7)) + [6, 0] + listpack + [0xff]
    #expect(try record(25, time + RDBOldEncodingTests.string(bytes), version: "REDIS0012").elements == expected)
    #expect(try record(23, RDBOldEncodingTests.string(bytes), version: "REDIS0012").elements == expected)
    let none = [UInt8](repeating: 0xff, count: 8)
    let valkey: [UInt8] = [2, 1, 0x61, 1, 0x31] + time + [1, 0x62, 1, 0x32] + none
    #expect(try record(22, valkey, version: "VALKEY080").elements == expected)
  }

  @Test("numbers of keys per slot are passed over; a byte is read as its family means it")
  func families() throws {
    let slots = SnapshotBytes(version: "REDIS0012").adding([244, 0x40, 0x64, 1, 0, 0]).adding("k").adding("v")
    let (facts, collection) = try RDB.read(slots.sealed)
    #expect(facts.problems.isEmpty && collection.byKey["k"]?.body == Expected.blob("v"))
    // Valkey keeps 23 for a form of its format 81; 26 and 27 are streams of Redis' formats after 12.
    for (version, type) in [
      ("VALKEY080", UInt8(23)), ("VALKEY080", 24), ("VALKEY080", 25), ("REDIS0012", 26), ("REDIS0012", 27),
      ("REDIS0009", 6), ("REDIS0009", 8),
    ] {
      let file = SnapshotBytes(version: version).adding([type]).adding("k").adding([0, 0])
      #expect(try RDB.read(file.sealed).facts.problems.map(\.kind) == [.undecodable])
    }
    let imported: [UInt8] = [243, 1, 0x6e, 2, 0, 5, 0x40, 0x64, 0x40, 0x65]
    let moving = SnapshotBytes(version: "VALKEY080").adding(imported).adding([0]).adding("k").adding("v")
    let (movingFacts, movingRecords) = try RDB.read(moving.sealed)
    #expect(movingFacts.problems.isEmpty && movingRecords.byKey["k"]?.body == Expected.blob("v"))
    #expect(movingFacts.notes == ["slots 0 to 5 were being imported", "slots 100 to 101 were being imported"])
    let meta = SnapshotBytes(version: "REDIS0012").adding(imported).adding([0]).adding("k").adding("v")
    #expect(try RDB.read(meta.sealed).facts.problems.map(\.kind) == [.undecodable])
    let function = SnapshotBytes().adding([246]).adding("name")
    #expect(try RDB.read(function.sealed).facts.problems.map(\.kind) == [.undecodable])
  }

  /// One file in which every encoding stands that 7.0 does not write.
  private func everythingElse(_ version: String) -> [UInt8] {
    func string(_ bytes: [UInt8]) -> [UInt8] { RDBOldEncodingTests.string(bytes) }
    let pairs = RDBOldEncodingTests.ziplist([[0x01, 0x61], [0xf3], [0x01, 0x62], [0xc0, 0x00, 0x80]])
    let time = RDBOldEncodingTests.littleEndian(UInt64(4_000_000_000_000))
    let listpack: [UInt8] = [0x81, 0x61, 2, 1, 1, 0xf4] + time + [9, 0x81, 0x62, 2, 2, 1, 0, 1]
    let expiring = RDBOldEncodingTests.littleEndian(UInt32(listpack.count + 7)) + [6, 0] + listpack + [0xff]
    var values: [(UInt8, [UInt8])] = [
      (1, [2, 1, 0x61, 0xc0, 5]), (2, [1, 1, 0x61]), (3, [2, 1, 0x61, 3, 0x31, 0x2e, 0x35, 1, 0x62, 254]),
      (9, string([1, 1, 0x61, 1, 2, 0x62, 0, 0, 0xff])), (10, string(pairs)), (12, string(pairs)), (13, string(pairs)),
      (14, [1] + string(pairs)), (20, string([12, 0, 0, 0, 2, 0, 0x81, 0x61, 2, 0x05, 1, 0xff])),
    ]
    if version.hasPrefix("REDIS") {
      values += [
        (24, time + [2, 1, 1, 0x61, 1, 0x31, 0, 1, 0x62, 1, 0x32]), (25, time + string(expiring)),
        (23, string(expiring)),
      ]
    } else {
      values.append((22, [1, 1, 0x61, 1, 0x31] + time))
    }
    let file = values.enumerated().reduce(SnapshotBytes(version: version).adding([0xf4, 5, 1, 0, 0xf9, 7, 0xf8, 9])) {
      $0.adding([$1.element.0]).adding("k\($1.offset)").adding($1.element.1)
    }
    return (version.hasPrefix("REDIS") ? file : file.adding([243, 1, 0x6e, 1, 0, 5])).sealed
  }

  @Test(
    "damage to encodings of other servers is never a crash and never silent",
    arguments: ["REDIS0012", "VALKEY080"])
  func damage(version: String) throws {
    let file = everythingElse(version)
    let (facts, whole) = try RDB.read(file)
    #expect(facts.problems.isEmpty && facts.records == (version == "REDIS0012" ? 12 : 10))
    let (sameFacts, same) = try RDB.read(file, portion: 1)
    #expect(sameFacts == facts && same.records == whole.records)
    for count in 0..<file.count {
      let (facts, collection) = try RDB.read(Array(file[..<count]))
      #expect(facts.problems.map(\.kind) == [.undecodable], "cut at \(count)")
      #expect(collection.records.elementsEqual(whole.records.prefix(collection.records.count)), "cut at \(count)")
    }
    for index in file.indices.dropLast(8) {
      for bit in 0..<8 {
        var damaged = file
        damaged[index] ^= 1 << UInt8(bit)
        let (facts, _) = try RDB.read(damaged)
        guard facts.problems.isEmpty, facts.bytesAfterEnd == 0 else { continue }
        guard case .present(let stored, let computed) = facts.checksum, stored != computed else {
          Issue.record("byte \(index), bit \(bit): nothing was seen")
          continue
        }
      }
    }
  }

  @Test("a file says who wrote it, a fork by its own name")
  func writers() throws {
    let file = SnapshotBytes(version: "VALKEY080").adding([0xfa]).adding("valkey-ver").adding("9.0.1").adding([0xfa])
      .adding("redis-ver").adding("7.2.4")
    #expect(try RDB.read(file.sealed).facts.writer == "valkey 9.0.1")
  }
}
