import DrillEngines
import DrillModel
import Testing

/// Damage of every kind: always a problem or a checksum that does not fit, never a crash and never silence.
@Suite struct RDBDamageTests {
  /// A small file in which every type stands in every encoding that 7.0 writes.
  private func everything() throws -> [UInt8] {
    try PrivateRedis.with { redis in
      try redis.command(
        "FUNCTION", "LOAD", "#!lua name=f\nredis.register_function('h', function() return 'aaaaaaaaaaaaaaaaaa' end)")
      for (suffix, entries) in [("", "128"), (":plain", "0")] {
        for setting in ["hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"] {
          try redis.command("CONFIG", "SET", setting, entries)
        }
        try redis.command("HSET", "h" + suffix, "f", "v", "n", "-300")
        try redis.command("ZADD", "z" + suffix, "1", "a", "2.5", "b")
        try redis.command("SADD", "i" + suffix, "1", "2", "70000")
      }
      try redis.command("SADD", "i16", "1")
      try redis.command("SET", "string", String(repeating: "ab", count: 30), "PXAT", "99999999999999")
      try redis.command("SET", "n8", "1")
      try redis.command("SET", "n16", "1000")
      try redis.command("SET", "n32", "100000")
      try redis.command("RPUSH", "l", "a", "7", String(repeating: "z", count: 70))
      try redis.command("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "10b")
      try redis.command("RPUSH", "l:plain", "longer than ten bytes", "b")
      try redis.command("SELECT", "1")
      try redis.command("XADD", "s", "1-1", "f", "v")
      try redis.command("XADD", "s", "2-1", "f", "w")
      try redis.command("XADD", "s", "3-1", "g", "w", "h", "4")
      try redis.command("XDEL", "s", "2-1")
      try redis.command("XGROUP", "CREATE", "s", "g", "0")
      try redis.command("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
      return try RDB.bytes(path: redis.save())
    }
  }

  private func isSilent(_ facts: ReadFacts) -> Bool {
    guard facts.problems.isEmpty, facts.bytesAfterEnd == 0 else { return false }
    guard case .present(let stored, let computed) = facts.checksum else { return false }
    return stored == computed
  }

  @Test("the undamaged file is silent, and reads the same in portions of one byte")
  func clean() throws {
    let file = try everything()
    let (facts, collection) = try RDB.read(file)
    #expect(isSilent(facts))
    #expect(facts.bytesRead == UInt64(file.count))
    #expect(facts.records == 15)
    #expect(!collection.isOpen)
    let (sameFacts, same) = try RDB.read(file, portion: 1)
    #expect(sameFacts == facts)
    #expect(same.records == collection.records)
  }

  @Test("a file cut off anywhere is undecodable, and all that is handed on is a beginning of what was there")
  func truncation() throws {
    let file = try everything()
    let whole = try RDB.read(file).collection.records
    for count in 0..<file.count {
      let (facts, collection) = try RDB.read(Array(file[..<count]))
      #expect(facts.problems.map(\.kind) == [.undecodable], "cut at \(count)")
      #expect(facts.problems.first?.offset ?? -1 <= Int64(count), "cut at \(count)")
      #expect(facts.checksum == .absent, "cut at \(count)")
      #expect(collection.records.elementsEqual(whole.prefix(collection.records.count)), "cut at \(count)")
      #expect(!collection.isOpen, "cut at \(count)")
    }
  }

  @Test("a changed byte anywhere is seen", arguments: [UInt8(0x01), 0x80, 0xff])
  func flips(mask: UInt8) throws {
    let file = try everything()
    for index in file.indices {
      var damaged = file
      damaged[index] ^= mask
      let (facts, _) = try RDB.read(damaged)
      #expect(!isSilent(facts), "byte \(index) changed by \(mask)")
      if index >= file.count - 8 {
        #expect(facts.problems.isEmpty, "byte \(index) changed by \(mask)")
        guard case .present(let stored, let computed) = facts.checksum else {
          Issue.record("no checksum with byte \(index) changed by \(mask)")
          continue
        }
        #expect(stored != computed)
      }
      // The same without the checksum to help: whatever it reads as, it is never taken for checked.
      let (unguarded, _) = try RDB.read(SnapshotBytes.withoutChecksum(damaged))
      #expect(!isSilent(unguarded), "byte \(index) changed by \(mask)")
    }
  }

  @Test("a trailer of zeros says that there is no checksum")
  func disabled() throws {
    let (facts, collection) = try RDB.read(SnapshotBytes.withoutChecksum(everything()))
    #expect(facts.checksum == .disabled)
    #expect(facts.problems.isEmpty)
    #expect(collection.records.count == 15)
  }

  @Test("bytes after the end are counted")
  func bytesAfterEnd() throws {
    let file = try everything()
    let (facts, _) = try RDB.read(file + [UInt8](repeating: 7, count: 3_000_001), portion: 1 << 16)
    #expect(facts.bytesAfterEnd == 3_000_001)
    #expect(facts.bytesRead == UInt64(file.count) + 3_000_001)
    #expect(facts.problems.isEmpty)
    expectMatch(facts.checksum)
  }

  @Test(
    "claims of enormous sizes end where the bytes end",
    arguments: [
      [0x00, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],  // a string of 2^60 bytes
      [0x00, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],  // a key of 2^60 bytes
      [0x00, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x00, 1, 0x61, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [0x02, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],  // a set of 2^60 members
      [0x04, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],
      [0x05, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],
      [0x12, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],
      [0x13, 1, 0x61, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],
      [0x00, 1, 0x61, 0xc3, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x81, 0x10, 0, 0, 0, 0, 0, 0, 0],  // compressed
      [0x0b, 1, 0x61, 0x0a, 8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0],  // an intset of 2^32 members
      [0x10, 1, 0x61, 0x07, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],  // a listpack of 2^32 bytes
    ] as [[UInt8]])
  func enormous(record: [UInt8]) throws {
    let (facts, collection) = try RDB.read(SnapshotBytes().adding(record).sealed)
    #expect(facts.problems.map(\.kind) == [.undecodable])
    #expect(collection.records.isEmpty)
  }

  @Test(
    "versions that are not known are refused by name",
    arguments: ["REDIS0013", "REDIS0001", "REDIS0000", "REDIS9999", "VALKEY079", "VALKEY081"])
  func versions(magic: String) throws {
    let (facts, collection) = try RDB.read(SnapshotBytes(version: magic).sealed)
    #expect(facts.problems.map(\.kind) == [.unsupportedVersion])
    #expect(facts.problems.first?.detail.contains(magic.filter(\.isLetter)) == true)
    #expect(collection.records.isEmpty)
  }

  @Test("what is no snapshot is undecodable", arguments: ["", "REDIS", "REDIS00x0", "SQLite format 3", "redis0010"])
  func noSnapshot(text: String) throws {
    let (facts, _) = try RDB.read(Array(text.utf8))
    #expect(facts.problems.map(\.kind) == [.undecodable])
  }

  @Test(
    "an unread type and an unknown opcode are refused with their number",
    arguments: [UInt8(6), 8, 26, 27, 100, 239, 240, 243])
  func unknown(byte: UInt8) throws {
    let (facts, _) = try RDB.read(SnapshotBytes().adding([byte]).adding("a").adding([0]).sealed)
    #expect(facts.problems.map(\.kind) == [.undecodable])
    #expect(facts.problems.first?.detail.contains("\(byte)") == true)
  }

  @Test("an error of the source or of the handler comes through unchanged")
  func errors() throws {
    struct Stop: Error {}
    struct Broken: ByteSource {
      mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int { throw Stop() }
    }
    let file = try everything()
    #expect(throws: Stop.self) { try RDBReader().read(Broken(), selection: .all) { _ in } }
    #expect(throws: Stop.self) { try RDBReader().read(MemoryByteSource(file), selection: .all) { _ in throw Stop() } }
    #expect { try FileByteSource(path: "/nonexistent/dump.rdb") } throws: {
      ($0 as? DrillError)?.code == .artifactUnreadable
    }
    #expect { try FileByteSource(path: "/tmp") } throws: { ($0 as? DrillError)?.code == .artifactUnreadable }
  }
}
