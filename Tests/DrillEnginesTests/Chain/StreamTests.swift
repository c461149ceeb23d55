import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Change streams put together by hand, with what may be wrong with them.
@Suite("Recorded change streams")
struct StreamTests {
  static let history = String(repeating: "a", count: 40)

  static func header(_ after: UInt64 = 100, shard: String = "a", database: UInt32? = 0) -> StreamHeader {
    StreamHeader(shard: shard, history: history, after: after, database: database)
  }

  /// Writes a stream; each batch is a second, nil for one that nobody knows, and its commands.
  @discardableResult
  static func write(
    _ header: StreamHeader, _ batches: [(second: Int64?, commands: [String])], to path: String
  ) throws -> UInt64 {
    let recorder = try StreamRecorder(path: path, header)
    for batch in batches {
      var received = ReceivedBytes()
      let bytes = batch.commands.flatMap { RedisChangeLogTests.encoded($0) }
      bytes.withUnsafeBytes { received.append($0, at: batch.second ?? 0) }
      try recorder.take(received, isTimed: batch.second != nil)
    }
    return recorder.offset
  }

  static func base(_ folder: String, _ commands: String...) throws -> ArtifactFile {
    try AOFByHand.artifact(commands.flatMap { RedisChangeLogTests.encoded($0) }, in: folder, named: "base.aof")
  }

  static func assemble(
    _ base: ArtifactFile, _ streams: [String], _ point: RestorePoint, in folder: String
  ) throws -> AssembledShard {
    let place = "\(folder)/\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    return try RedisEngine().assemble(
      ShardChain(
        shard: "a", base: base,
        increments: try streams.enumerated().map { index, path in
          let facts = try RedisEngine().incrementFacts(ArtifactFile(shard: "a", format: "aof-stream", path: path))
          return .init(
            backup: "b\(index)", files: [ArtifactFile(shard: "a", format: "aof-stream", path: path)],
            position: facts.to ?? "", time: Instant(millisecondsSince1970: Int64(index + 1) * 1_000_000))
        }), upTo: point, in: place)
  }

  static func strings(_ file: ArtifactFile) async throws -> [String: String] {
    let (records, facts) = try await AOFLogs.contents(of: file)
    #expect(facts.problems.isEmpty)
    return Dictionary(
      uniqueKeysWithValues: records.map {
        ($0.namespace + " " + String(decoding: $0.key, as: UTF8.self), String(decoding: $0.body, as: UTF8.self))
      })
  }

  /// A base without a position of its own: an empty snapshot would name one.
  static func snapshot(_ folder: String) throws -> ArtifactFile {
    let bytes: [UInt8] = Array("REDIS0010".utf8) + [0xFF] + [UInt8](repeating: 0, count: 8)
    try Data(bytes).write(to: URL(fileURLWithPath: folder + "/base.rdb"))
    return ArtifactFile(shard: "a", format: "rdb", path: folder + "/base.rdb")
  }

  @Test("whether somebody still records a log is told, however the recorder ended")
  func recording() async throws {
    try await RedisFixture.withFolder { folder in
      let path = "\(folder)/a.aof"
      #expect(!StreamRecorder.isRecording(path))
      var recorder: StreamRecorder? = try StreamRecorder(path: path, Self.header())
      #expect(StreamRecorder.isRecording(path) && recorder != nil)
      recorder = nil
      #expect(!StreamRecorder.isRecording(path))
    }
  }

  @Test("points by time and by position are cut at whole commands, never within a transaction")
  func points() async throws {
    try await RedisFixture.withFolder { folder in
      let path = folder + "/1.aof"
      let end = try Self.write(
        Self.header(),
        [
          (10, ["SET a 1"]), (11, ["MULTI", "SET b 1"]), (12, ["SET c 1", "EXEC"]), (13, ["SELECT 2", "SET d 1"]),
        ], to: path)
      let base = try Self.snapshot(folder)
      func keys(_ point: RestorePoint) async throws -> [String] {
        try await Self.strings(try Self.assemble(base, [path], point, in: folder).file).keys.sorted()
      }
      #expect(try await keys(.end) == ["db0 a", "db0 b", "db0 c", "db2 d"])
      for (second, expected) in [(9, []), (10, ["db0 a"]), (11, ["db0 a"]), (12, ["db0 a", "db0 b", "db0 c"])] {
        #expect(try await keys(.time(Instant(millisecondsSince1970: Int64(second) * 1000 + 999))) == expected)
      }
      // Every offset: the number of keys never falls, and those of the transaction come together.
      var last = 0
      for offset in 100...end {
        let assembled = try Self.assemble(base, [path], .positions(["a": "\(Self.history):\(offset)"]), in: folder)
        let count = try await Self.strings(assembled.file).count
        #expect(count >= last && count != 2, "offset \(offset)")
        last = count
      }
      #expect(last == 4)
    }
  }

  @Test("a stream goes on in the database that the one before it selected")
  func databases() async throws {
    try await RedisFixture.withFolder { folder in
      let base = try Self.snapshot(folder)
      let first = try Self.write(Self.header(database: nil), [(10, ["SELECT 3", "SET a 1"])], to: folder + "/1.aof")
      try Self.write(Self.header(first, database: nil), [(11, ["SET b 1"])], to: folder + "/2.aof")
      let assembled = try Self.assemble(base, [folder + "/1.aof", folder + "/2.aof"], .end, in: folder)
      #expect(try await Self.strings(assembled.file).keys.sorted() == ["db3 a", "db3 b"])
      let request = { (file: ArtifactFile) in
        var request = RedisFixture.request(file.path, in: folder)
        request.files = [file]
        return request
      }
      let held = try await RedisEngine().withSandbox(request(assembled.file)) { sandbox in
        try await AOFLogs.contents { try await sandbox.readRecords(shard: "a", selection: .all, into: $0) }.records
      }
      let ours = try await AOFLogs.contents(of: assembled.file).records
      #expect(held == ours)
    }
  }

  @Test(
    "a link that does not go on where the one before it ended, of another shard or server, or without an end is told")
  func wrongLinks() async throws {
    try await RedisFixture.withFolder { folder in
      let base = try Self.snapshot(folder)
      func problems(_ paths: String...) throws -> [String] {
        try Self.assemble(base, paths.map { "\(folder)/\($0)" }, .end, in: folder).problems.map {
          "\($0.backup) \($0.problem.detail)"
        }
      }
      let end = try Self.write(Self.header(), [(10, ["SET a 1"])], to: folder + "/1")
      try Self.write(Self.header(end), [(11, ["SET b 1"])], to: folder + "/2")
      #expect(try problems("1", "2").isEmpty)
      try Self.write(Self.header(end + 5), [(11, ["SET b 1"])], to: folder + "/gap")
      #expect(try problems("1", "gap").first?.hasPrefix("b1 it goes on from") == true)
      #expect(try problems("1", "1").first?.hasPrefix("b1 it goes on from") == true)
      #expect(try problems("2").isEmpty, "an empty snapshot does not say where it stands")
      var other = Self.header(end)
      other.history = String(repeating: "b", count: 40)
      try Self.write(other, [(11, ["SET b 1"])], to: folder + "/other")
      #expect(try problems("1", "other").count == 1)
      try Self.write(Self.header(end, shard: "z"), [(11, ["SET b 1"])], to: folder + "/shard")
      #expect(try problems("1", "shard").first?.contains("shard z") == true)
      try Self.write(Self.header(end), [(11, ["SET x 1", "MULTI", "SET b 1"])], to: folder + "/open")
      #expect(try problems("1", "open").first?.contains("has no end") == true)
    }
  }

  @Test("a stream that was cut off anywhere is whole up to its last annotation; a changed byte is told")
  func damage() async throws {
    try await RedisFixture.withFolder { folder in
      let path = folder + "/1"
      try Self.write(
        Self.header(), [(10, ["SET a 1"]), (11, ["SET b 1"]), (nil, ["SET c 1"]), (13, ["SET d 1"])], to: path)
      let whole = try RDB.bytes(path: path)
      let clean = try RedisEngine().incrementFacts(ArtifactFile(shard: "a", format: "aof-stream", path: path))
      #expect(clean.problems.isEmpty && clean.from == "\(Self.history):100")
      #expect(clean.firstTime?.millisecondsSince1970 == 10_000 && clean.lastTime?.millisecondsSince1970 == 13_000)
      let damaged = folder + "/2"
      func facts(_ bytes: [UInt8]) throws -> IncrementFacts {
        try Data(bytes).write(to: URL(fileURLWithPath: damaged))
        return try RedisEngine().incrementFacts(ArtifactFile(shard: "a", format: "aof-stream", path: damaged))
      }
      for count in 0..<whole.count {
        let facts = try facts(Array(whole[..<count]))
        #expect(!facts.problems.isEmpty || facts.to != clean.to, "cut at \(count)")
      }
      for index in whole.indices {
        var bytes = whole
        bytes[index] ^= 1 << UInt8(index % 8)
        let facts = try facts(bytes)
        #expect(!facts.problems.isEmpty, "flipped at \(index)")
      }
    }
  }

  @Test("a real server loads a stream as it was recorded, annotations and all")
  func loadedByServer() async throws {
    try await RedisFixture.withFolder { folder in
      try Self.write(
        Self.header(database: 2),
        [(10, ["SET a 1", "PING"]), (11, ["MULTI", "SET b 1"]), (12, ["EXEC", "PUBLISH c d"])], to: folder + "/1.aof")
      let file = ArtifactFile(shard: "a", format: "aof", path: folder + "/1.aof")
      for server in await TestServers.found() where server.version.major >= 7 {
        var request = RedisFixture.request(file.path, in: folder)
        request.files = [file]
        request.servers = [server.program.path]
        let held = try await RedisEngine().withSandbox(request) { sandbox in
          try await AOFLogs.contents { try await sandbox.readRecords(shard: "a", selection: .all, into: $0) }.records
        }
        let ours = try await AOFLogs.contents(of: file).records
        #expect(held.count == 2 && held == ours, "\(server.version)")
      }
    }
  }
}
