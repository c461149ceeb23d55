import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Logs that end too early, that are damaged, and whose files do not belong together.
@Suite("An append-only log")
struct AOFDamageTests {
  private func outcome(_ bytes: [UInt8], _ folder: String) async throws -> (Set<AOFLogs.Content>, ReadFacts)? {
    do {
      return try await AOFLogs.contents(of: AOFByHand.artifact(bytes, in: folder))
    } catch let error as DrillError where error.code == .artifactUnreadable {
      return nil
    }
  }

  @Test("cut off anywhere ends with its last whole command, and what is behind that is counted")
  func truncation() async throws {
    let log = AOFByHand.sample
    try await RedisFixture.withFolder { folder in
      // Within a transaction, its beginning is the last end.
      let open = log.ends[5]..<log.ends[8]
      let before = log.ends[4]
      var last = 0
      var lastContents: Set<AOFLogs.Content> = []
      for count in 0...log.bytes.count {
        if log.ends.contains(count), !open.contains(count) {
          last = count
          lastContents = try await AOFLogs.contents(of: AOFByHand.artifact(Array(log.bytes[..<count]), in: folder))
            .records
        }
        #expect(!open.contains(count) || last == before, "the sample's transaction is where the test takes it to be")
        let (records, facts) = try #require(try await outcome(Array(log.bytes[..<count]), folder), "cut at \(count)")
        #expect(facts.problems.isEmpty && facts.bytesRead == UInt64(count), "cut at \(count)")
        #expect(records == lastContents, "cut at \(count)")
        #expect(facts.leftOutBytes == (count == last ? [:] : [.tornTail: UInt64(count - last)]), "cut at \(count)")
        #expect(facts.notes.contains { $0.contains("from byte \(last) on") } == (count != last), "cut at \(count)")
      }
      #expect(lastContents.count == 7)
    }
  }

  @Test(
    "with a changed byte where its form is says so, and with one elsewhere never breaks",
    arguments: [UInt8(1), 2, 0x80, 0xff])
  func flips(mask: UInt8) async throws {
    let log = AOFByHand.sample
    try await RedisFixture.withFolder { folder in
      let whole = try await AOFLogs.contents(of: AOFByHand.artifact(log.bytes, in: folder)).records
      for index in log.bytes.indices {
        var damaged = log.bytes
        damaged[index] ^= mask
        guard let (records, facts) = try await outcome(damaged, folder) else { continue }
        #expect(facts.problems.isEmpty || records.isEmpty, "byte \(index)")
        guard log.isForm[index] else { continue }
        #expect(!facts.problems.isEmpty || !facts.leftOutBytes.isEmpty, "byte \(index) changed by \(mask)")
        #expect(records != whole, "byte \(index) changed by \(mask)")
      }
    }
  }

  @Test("with a length that now leads over the commands behind it is damaged there, not torn")
  func swallowed() async throws {
    var log = AOFByHand()
    log.add("SET", "a", "1")
    log.add("SET", "b", "2")
    let place = log.bytes.count
    log.add("SET", "c", "3")
    for number in 0..<20 { log.add("SET", "k\(number)", "v") }
    try await RedisFixture.withFolder { folder in
      let text = String(decoding: log.bytes, as: UTF8.self).replacing("$1\r\n3\r\n", with: "$999\r\n3\r\n")
      let facts = try await AOFLogs.contents(of: AOFByHand.artifact(Array(text.utf8), in: folder)).facts
      #expect(facts.problems.map(\.kind) == [.undecodable])
      #expect(facts.problems.first?.offset == Int64(place))
      #expect(facts.problems.first?.part == "log.aof")
      #expect(facts.leftOutBytes.isEmpty)
    }
  }

  @Test("torn in the middle of a value that looks like commands is torn all the same")
  func lookalike() async throws {
    var log = AOFByHand.sample
    let whole = log.bytes.count
    log.add("SET", "a", "*1\r\n$4\r\nPING\r\nand more")
    try await RedisFixture.withFolder { folder in
      let facts = try await AOFLogs.contents(of: AOFByHand.artifact(Array(log.bytes.dropLast(3)), in: folder)).facts
      #expect(facts.problems.isEmpty)
      #expect(facts.leftOutBytes == [.tornTail: UInt64(log.bytes.count - 3 - whole)])
    }
  }

  @Test("of zeros at its end, as a crash leaves them, is damaged where they begin")
  func zeros() async throws {
    let log = AOFByHand.sample
    try await RedisFixture.withFolder { folder in
      let bytes = log.bytes + [UInt8](repeating: 0, count: 100)
      let facts = try await AOFLogs.contents(of: AOFByHand.artifact(bytes, in: folder)).facts
      #expect(facts.problems.map(\.offset) == [Int64(log.bytes.count)])
    }
  }

  @Test("is read up to a second, and up to a byte, as if it ended there")
  func points() async throws {
    let log = AOFByHand.sample
    try await RedisFixture.withFolder { folder in
      let artifact = try AOFByHand.artifact(log.bytes, in: folder)
      for (point, count) in [
        (AOFPoint.time(1_700_000_000), 9), (.time(1_700_000_001), 15), (.time(1), 1), (.end, 15),
        (.position(file: "log.aof", offset: UInt64(log.ends[7])), 5), (.position(file: "log.aof", offset: 1), 0),
      ] {
        let end = count == 0 ? 0 : log.ends[count - 1]
        let (records, facts) = try await AOFLogs.contents(of: artifact, upTo: point)
        let prefix = try await AOFLogs.contents(
          of: AOFByHand.artifact(Array(log.bytes[..<end]), in: folder, named: "prefix.aof"))
        #expect(records == prefix.records, "\(point)")
        #expect(facts.leftOutBytes[.afterPoint] ?? 0 == UInt64(log.bytes.count - end), "\(point)")
      }
    }
  }

  // MARK: Several files

  private static let manifest = """
    file a.1.base.aof seq 1 type b
    file a.1.incr.aof seq 1 type i
    file "a.2.incr.aof" seq 2 type i startoffset 5
    file a.0.incr.aof seq 9 type h

    """

  private static var files: [(name: String, bytes: [UInt8])] {
    [
      ("a.1.base.aof", AOFLogs.encoded("SET", "a", "1")),
      ("a.1.incr.aof", AOFLogs.encoded("SELECT", "0") + AOFLogs.encoded("INCRBY", "a", "4")),
      ("a.2.incr.aof", AOFLogs.encoded("APPEND", "a", "x")), ("a.0.incr.aof", AOFLogs.encoded("FLUSHALL")),
    ]
  }

  @Test("of several files is read in the order of its manifest, without its history")
  func parts() async throws {
    try await RedisFixture.withFolder { folder in
      let artifact = try AOFByHand.artifact(Self.files, manifest: Self.manifest, in: folder)
      let (records, facts) = try await AOFLogs.contents(of: artifact)
      #expect(facts.problems.isEmpty)
      #expect(records.map(\.body) == [Expected.blob("5x")])
      #expect(facts.leftOutBytes == [.notLoaded: UInt64(AOFLogs.encoded("FLUSHALL").count)])
      let size = Self.files.reduce(Self.manifest.utf8.count) { $0 + $1.bytes.count }
      #expect(facts.bytesRead == UInt64(size))
    }
  }

  @Test("whose files and manifest do not fit says which does not")
  func misfits() async throws {
    try await RedisFixture.withFolder { folder in
      func problems(
        _ files: [(name: String, bytes: [UInt8])], _ manifest: String = Self.manifest
      ) async throws -> [ReadFacts.Problem] {
        let (records, facts) = try await AOFLogs.contents(
          of: AOFByHand.artifact(files, manifest: manifest, in: folder))
        #expect(records.isEmpty)
        return facts.problems
      }
      let missing = try await problems(Self.files.filter { $0.name != "a.1.incr.aof" })
      #expect(missing.map(\.kind) == [.missingPart] && missing[0].detail.contains("a.1.incr.aof"))
      let unnamed = try await problems(Self.files + [("a.3.incr.aof", [])])
      #expect(unnamed.map(\.kind) == [.unnamedPart] && unnamed[0].part == "a.3.incr.aof")
      var torn = Self.files
      torn[1].bytes.removeLast(3)
      let inMiddle = try await problems(torn)
      #expect(inMiddle.map(\.kind) == [.undecodable] && inMiddle[0].part == "a.1.incr.aof")
      var snapshot = Self.files
      snapshot[2].bytes = SnapshotBytes().sealed
      #expect(try await problems(snapshot).map(\.part) == ["a.2.incr.aof"])
      for (text, word) in [
        (Self.manifest.replacing("seq 2", with: "seq 1"), "sequence number 1 after 1"), ("", "empty"),
        (Self.manifest.replacing("type i", with: "type q"), "unknown type"),
        (Self.manifest.replacing("a.1.incr.aof", with: "../a.1.incr.aof"), "path"),
        (Self.manifest + "file b.base.rdb seq 2 type b\n", "second base"), (Self.manifest + "file x seq 3\n", "pairs"),
        (Self.manifest + "file a.9.incr.aof seq 9 type i", "does not end"), ("# nothing\n", "nothing to load"),
      ] {
        let found = try await problems(Self.files, text)
        #expect(found.first?.kind == .undecodable && found.first?.part == "appendonly.aof.manifest", "\(word)")
        #expect(found.first?.detail.contains(word) == true, "\(word): \(found.first?.detail ?? "")")
      }
    }
  }

  @Test("with a snapshot whose checksum does not fit, or that ends too early, says so")
  func snapshots() async throws {
    try await RedisFixture.withFolder { folder in
      let snapshot = SnapshotBytes().adding([0]).adding("key").adding("value").sealed
      let tail = AOFLogs.encoded("APPEND", "key", "!")
      let (records, facts) = try await AOFLogs.contents(of: AOFByHand.artifact(snapshot + tail, in: folder))
      #expect(records.map(\.body) == [Expected.blob("value!")])
      #expect(facts.checksumBytes == UInt64(snapshot.count) && facts.bytesRead == UInt64(snapshot.count + tail.count))
      for index in snapshot.indices {
        var damaged = snapshot + tail
        damaged[index] ^= 1
        guard let (_, facts) = try await outcome(damaged, folder) else { continue }
        var isSilent = facts.problems.isEmpty
        if case .present(let stored, let computed) = facts.checksum, stored != computed { isSilent = false }
        #expect(!isSilent, "byte \(index)")
        guard let (_, short) = try await outcome(Array(snapshot[..<index]), folder) else { continue }
        // Fewer bytes than a snapshot's mark are the beginning of nothing.
        #expect(!short.problems.isEmpty || index == 0, "cut at \(index)")
      }
    }
  }

  @Test("takes a record of its snapshot to another database before its own is emptied or exchanged")
  func databases() async throws {
    let snapshot = SnapshotBytes().adding([0]).adding("moved").adding("1").adding([0]).adding("gone").adding("2")
      .adding([0xfe, 7, 0]).adding("untouched").adding("3").adding([0xfe, 8, 0]).adding("other").adding("4").sealed
    let tail = [
      ["MOVE", "moved", "1"], ["FLUSHDB"], ["SWAPDB", "7", "8"], ["SELECT", "8"], ["SET", "new", "5"],
    ].flatMap { words in
      words.reduce(into: Array("*\(words.count)\r\n".utf8)) { $0 += Array("$\($1.utf8.count)\r\n\($1)\r\n".utf8) }
    }
    try await RedisFixture.withFolder { folder in
      let artifact = try AOFByHand.artifact(snapshot + tail, in: folder)
      let (records, facts) = try await AOFLogs.contents(of: artifact)
      #expect(
        Set(records.map { "\($0.namespace) \(String(decoding: $0.key, as: UTF8.self))" })
          == ["db1 moved", "db8 untouched", "db8 new", "db7 other"])
      #expect(facts.records == 4)
      let selected = try await AOFLogs.contents(
        of: artifact, selection: .slots(SlotSet([RedisSlot.slot(of: Array("untouched".utf8))])))
      #expect(selected.records == records.filter { $0.key == Array("untouched".utf8) } && selected.facts.records == 4)
    }
  }

  // MARK: What is not known

  @Test("leaves out keys that commands wrote whose effect is not modelled, until something replaces them")
  func unmodelled() async throws {
    var log = AOFByHand()
    log.add("SET", "kept", "1")
    log.add("PFADD", "hll", "a")
    log.add("EVAL", "return redis.call('SET', KEYS[1], 'x')", "2", "scripted", "kept too")
    log.add("SET", "kept too", "2")
    log.add("INCRBYFLOAT", "float", "0.1")
    log.add("RENAME", "hll", "renamed")
    log.add("SUNIONSTORE", "joined", "absent", "float")
    log.add("DEL", "scripted")
    log.add("APPEND", "float", "1")
    log.add("JSON.SET", "doc", "$", "{}")
    try await RedisFixture.withFolder { folder in
      let (records, facts) = try await AOFLogs.contents(of: AOFByHand.artifact(log.bytes, in: folder))
      #expect(Set(records.map { String(decoding: $0.key, as: UTF8.self) }) == ["kept", "kept too"])
      #expect(
        Set(facts.leftOutRecords.map { String(decoding: $0.key, as: UTF8.self) })
          == ["hll", "renamed", "float", "joined", "doc"])
      #expect(facts.leftOutRecords.allSatisfy { $0.namespace == "db0" })
      #expect(facts.notes.contains { $0.hasPrefix("5 keys are left out") && $0.contains("PFADD (1)") })
      log.add("FLUSHALL")
      let emptied = try await AOFLogs.contents(of: AOFByHand.artifact(log.bytes, in: folder))
      #expect(emptied.records.isEmpty && emptied.facts.leftOutRecords.isEmpty)
    }
  }

  @Test("with a command that is not known, or a script without keys, cannot be told")
  func unknown() async throws {
    try await RedisFixture.withFolder { folder in
      for command in [
        AOFLogs.encoded("SOMETHING.NEW", "k"), AOFLogs.encoded("EVAL", "return 1", "0"),
        AOFLogs.encoded("JSON.MSET", "k"),
      ] {
        let artifact = try AOFByHand.artifact(AOFLogs.encoded("SET", "a", "1") + command, in: folder)
        await #expect { try await AOFLogs.contents(of: artifact) } throws: { error in
          let error = error as? DrillError
          return error?.code == .artifactUnreadable && error?.detail.contains("byte 27") == true
        }
      }
    }
  }

  @Test("of other data than its snapshot says that commands had no effect")
  func foreign() async throws {
    let snapshot = SnapshotBytes().adding([0]).adding("key").adding("value").sealed
    try await RedisFixture.withFolder { folder in
      let (records, facts) = try await AOFLogs.contents(
        of: AOFByHand.artifact(snapshot + AOFLogs.encoded("LPUSH", "key", "x"), in: folder))
      #expect(records.map(\.body) == [Expected.blob("value")])
      #expect(facts.notes.contains { $0.hasPrefix("1 commands change nothing") })
    }
  }
}
