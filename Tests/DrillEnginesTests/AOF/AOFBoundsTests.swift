import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Logs of few bytes that ask for much memory or time.
@Suite("An append-only log that asks for more than it carries")
struct AOFBoundsTests {
  @Test("leaves out the keys that commands would fill with more zeros and copies than is allowed, and says so")
  func made() async throws {
    var log = AOFByHand()
    log.add("SET", "small", "1")
    log.add("SETRANGE", "padded", "100", "x")
    log.add("SETBIT", "bits", "4294967295", "1")
    log.add("SETRANGE", "long", "536870000", "x")
    log.add("BITFIELD", "field", "SET", "u8", "4294967000", "1")
    log.add("SADD", "set", "a", "b")
    for number in 0..<100 {
      log.add("COPY", "padded", "copy \(number)")
      log.add("SUNIONSTORE", "union \(number)", "set")
      log.add("BITOP", "NOT", "not \(number)", "padded")
    }
    try await RedisFixture.withFolder { folder in
      let artifact = try AOFByHand.artifact(log.bytes, in: folder)
      var keys: Set<String> = []
      let facts = try AOFReader(makes: 2_000).read(artifact, selection: .all) { batch in
        for piece in batch.pieces {
          keys.insert(
            String(decoding: batch.bytes[Int(piece.keyOffset)..<Int(piece.keyOffset + piece.keyCount)], as: UTF8.self))
        }
      }
      #expect(facts.problems.isEmpty)
      #expect(keys.isSuperset(of: ["small", "padded", "set", "copy 0", "union 0", "not 0"]))
      let left = Set(facts.leftOutRecords.map { String(decoding: $0.key, as: UTF8.self) })
      #expect(left.isSuperset(of: ["bits", "long", "field", "copy 99", "not 99", "union 99"]))
      #expect(left.isDisjoint(with: keys) && left.count + keys.count == 306)
      #expect(facts.notes.contains { $0.contains("SETBIT (1)") && $0.contains("SETRANGE (1)") })
      // What is allowed to make them makes them.
      #expect(try AOFReader(makes: 1 << 16).read(artifact, selection: .all) { _ in }.leftOutRecords.count == 3)
    }
  }

  @Test("claims of enormous counts and lengths end where the bytes end")
  func claims() async throws {
    try await RedisFixture.withFolder { folder in
      for text in [
        "*1152921504606846976\r\n", "*999999999999999999\r\n$3\r\nSET\r\n", "*2\r\n$1152921504606846976\r\nx",
        "*2\r\n$536870912\r\n", "*1000000000\r\n$0\r\n\r\n$0\r\n\r\n",
      ] {
        let artifact = try AOFByHand.artifact(Array(text.utf8), in: folder)
        let (records, facts) = try await AOFLogs.contents(of: artifact)
        #expect(records.isEmpty, "\(text)")
        #expect(!facts.problems.isEmpty || facts.leftOutBytes == [.tornTail: UInt64(text.utf8.count)], "\(text)")
      }
    }
  }

  @Test("ends in time where thousands of beginnings of commands follow a damaged length, and damage follows them")
  func beginnings() async throws {
    // Each would be followed to the damage at the end, and none leads anywhere.
    let commands = String(repeating: "*1\r\n$4\r\nPING\r\n", count: 5_000)
    // Words that begin commands of their own, each with all the words behind it.
    let nested = String(repeating: "$17\r\n\n*90000\r\n$4\r\nPING\r\n", count: 5_000)
    try await RedisFixture.withFolder { folder in
      for (text, detail) in [
        ("*2\r\n$99999999\r\n" + commands + "damage\r\n", ""),
        ("*2\r\n$99999999\r\n" + nested + "damage\r\n", "others may begin within it"),
      ] {
        let artifact = try AOFByHand.artifact(Array(text.utf8), in: folder)
        let facts = try await AOFLogs.contents(of: artifact).facts
        if detail.isEmpty {
          #expect(facts.problems.isEmpty && facts.leftOutBytes == [.tornTail: UInt64(text.utf8.count)])
        } else {
          #expect(facts.problems.map(\.kind) == [.undecodable])
          #expect(facts.problems.first?.detail.contains(detail) == true, "\(facts.problems)")
        }
      }
      // The neighbour: the same commands without damage behind them.
      let artifact = try AOFByHand.artifact(Array(("*2\r\n$99999999\r\n" + commands).utf8), in: folder)
      let facts = try await AOFLogs.contents(of: artifact).facts
      #expect(
        facts.problems.first?.detail.contains("another begins within it, at byte 15") == true, "\(facts.problems)")
    }
  }

  @Test("with a time stamp that no clock shows is read as if that line were not there")
  func timeStamps() async throws {
    try await RedisFixture.withFolder { folder in
      for stamp in ["9223372036854775807", "1099511627776", "-1", "99999999999999999999"] {
        let text = "#TS:1700000000\r\n*1\r\n$4\r\nPING\r\n#TS:\(stamp)\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n"
        let artifact = try AOFByHand.artifact(Array(text.utf8), in: folder)
        let scan = try AOFScan(AOFLayout(artifact))
        #expect(scan.time == 1_700_000_000 && scan.problems.isEmpty && scan.commands == 2, "\(stamp)")
      }
    }
  }

  @Test("claims for a group's thousands of pending entries take no copy of them each")
  func claimsOfManyEntries() async throws {
    var log = AOFByHand()
    log.add("XADD", "s", "1-1", "f", "v")
    log.add("XGROUP", "CREATE", "s", "g", "0")
    for number in 2...2_000 { log.add("XADD", "s", "\(number)-1", "f", "v") }
    for number in 2...2_000 {
      log.add(
        "XCLAIM", "s", "g", "c", "0", "\(number)-1", "TIME", "1700000000000", "RETRYCOUNT", "1", "FORCE", "JUSTID")
    }
    try await RedisFixture.withFolder { folder in
      let (records, facts) = try await AOFLogs.contents(of: AOFByHand.artifact(log.bytes, in: folder))
      #expect(facts.problems.isEmpty)
      // The group, its consumer, and each pending entry.
      #expect(records.first?.elements.count == 2 + 1_999)
    }
  }

  @Test("of several files whose manifest is cut off or changed is refused, or another log")
  func manifest() throws {
    let text = Array("file a.1.base.aof seq 1 type b\nfile \"a 1.incr.aof\" seq 1 type i\n".utf8)
    let whole = try AOFManifest(parsing: text)
    for end in text.indices {
      let read = try? AOFManifest(parsing: Array(text[..<end]))
      #expect(read == nil || read?.entries.count == 1, "cut off at \(end)")
    }
    for index in text.indices {
      for mask: UInt8 in [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xFF] {
        var changed = text
        changed[index] ^= mask
        guard let read = try? AOFManifest(parsing: changed), read == whole else { continue }
        // Letters of another case mean the same where a server reads them so, and one blank is as good as another.
        let pair = (text[index], changed[index])
        let isCase = mask == 0x20 && (pair.0 | 0x20) >= 0x61
        let isBlank = pair.0 == 0x20 && (0x09...0x0d).contains(pair.1)
        #expect(isCase || isBlank, "byte \(index) changed by \(mask)")
      }
    }
  }
}
