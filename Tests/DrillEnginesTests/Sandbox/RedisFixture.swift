import DrillChecks
import DrillModel
import Foundation

@testable import DrillEngines
@testable import DrillProduction

/// What tests on real servers share: a folder of their own, artifacts made by a server, and records folded into
/// digests.
enum RedisFixture {
  static func withFolder<R: Sendable>(_ body: (String) async throws -> R) async throws -> R {
    let folder = "/tmp/fd-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
  }

  /// Starts a server, lets `fill` write to it, and returns the path of a copy of its snapshot.
  static func artifact(
    in folder: String, named name: String = "a", _ fill: (RedisConnection) async throws -> Void
  ) async throws -> String {
    try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
      try await RedisConnection.with(server.masters[0]) { connection in
        try await fill(connection)
        return try await snapshot(connection, in: folder, name)
      }
    }
  }

  static func snapshot(_ connection: RedisConnection, in folder: String, _ name: String) async throws -> String {
    try await connection.ask("SAVE", timeout: .seconds(60))
    let place = try await connection.ask("CONFIG", "GET", "dir").array?.last?.text ?? ""
    let path = "\(folder)/\(name).rdb"
    try FileManager.default.copyItem(atPath: "\(place)/dump.rdb", toPath: path)
    return path
  }

  static let topology = Topology(epoch: 1, shards: [.init(name: "a", slots: .all)])

  static func request(_ path: String, in folder: String, clock: Instant = .now) -> SandboxRequest {
    SandboxRequest(
      files: [ArtifactFile(shard: "a", format: "rdb", path: path)], topology: topology, clock: clock, folder: folder,
      loadTimeout: .seconds(120))
  }

  /// Digests of all records that `read` hands on, sorted, each with its expiry.
  static func digests(
    _ read: (RecordHandler) async throws -> ReadFacts
  ) async throws -> (records: [String], facts: ReadFacts) {
    var digester = RecordDigester()
    var records: [String] = []
    let facts = try await read { batch in
      digester.digest(batch) { records.append("\($0.content.hex) \($0.expiry) \($0.slot) \($0.kind)") }
    }
    precondition(digester.brokenRecords == 0 && !digester.isInsideRecord, "pieces that make no whole records")
    return (records.sorted(), facts)
  }

  static func digests(ofArtifact path: String) async throws -> [String] {
    try await digests {
      try RedisEngine().readArtifact(ArtifactFile(shard: "a", format: "rdb", path: path), selection: .all, into: $0)
    }.records
  }

  /// Processes whose working folder lies below `folder`, by number.
  static func processes(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { name in
      guard Int(name) != nil,
        let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
      else { return false }
      return place.hasPrefix(folder)
    }
  }

  /// Waits for a condition, and returns whether it came about in a time that only a broken program needs.
  static func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
      guard .now < deadline else { return false }
      try? await Task.sleep(for: .milliseconds(5))
    }
    return true
  }

  /// One of everything that Redis 7.0 keeps, small and larger than any step of the reader.
  static func fillWithEverything(_ connection: RedisConnection) async throws {
    func many(_ count: Int, _ make: (Int) -> [String]) -> [String] { (0..<count).flatMap(make) }
    var commands: [[String]] = [
      ["SET", "text", "some text"], ["SET", "empty", ""], ["SET", "number", "-42"],
      ["SET", "a\u{0}b\r\n", "foreign key"],
      ["SET", "big", String(repeating: "0123456789", count: 350_000)],
      ["SET", "edge", String(repeating: "x", count: 16 << 10)],
      ["SET", "expires", "v", "PXAT", "4000000000123"], ["HSET", "h", "f", "v", "g", ""],
      ["HSET", "h-big"] + many(30_000) { ["f\($0)", "\($0)"] }, ["RPUSH", "l", "1", "b", "1"],
      ["RPUSH", "l-edge"] + many(128) { ["\($0)"] }, ["RPUSH", "l-big"] + many(30_000) { ["element \($0)"] },
      ["SADD", "s-int", "3", "1", "2"], ["SADD", "s", "b", "a"], ["SADD", "s-big"] + many(30_000) { ["member \($0)"] },
      [
        "ZADD", "z", "1", "a", "-0.1", "b", "inf", "c", "-inf", "d", "-0", "e", "1e300", "f", "0.30000000000000004",
        "g",
      ],
      ["ZADD", "z-big"] + many(30_000) { ["\(Double($0) / 3)", "member \($0)"] },
      ["PEXPIREAT", "z-big", "4000000000999"],
      ["XADD", "x", "5-1", "f", "v", "f", "w"], ["XADD", "x", "7-0", "g", ""], ["XDEL", "x", "7-0"],
      ["XGROUP", "CREATE", "x", "g1", "0"], ["XGROUP", "CREATE", "x", "g2", "5-1"],
      ["XGROUP", "CREATECONSUMER", "x", "g2", "idle"],
      ["XREADGROUP", "GROUP", "g1", "alice", "STREAMS", "x", ">"], ["XADD", "x-empty", "1-1", "a", "b"],
      ["XTRIM", "x-empty", "MAXLEN", "0"],
      ["PFADD", "hll", "a", "b", "c"], ["GEOADD", "geo", "13.361389", "38.115556", "Palermo"],
      ["SETBIT", "bits", "77", "1"],
      ["FUNCTION", "LOAD", "#!lua name=mylib\nredis.register_function('f', function() return 1 end)"], ["SELECT", "3"],
      ["SET", "text", "another database"], ["SELECT", "15"], ["SET", "last", "1"], ["SELECT", "0"],
    ]
    for entry in 1...1500 { commands.append(["XADD", "x-big", "\(entry)-0", "n", "\(entry)"]) }
    commands.append(["XGROUP", "CREATE", "x-big", "workers", "0"])
    for consumer in 0..<3 {
      commands.append(["XREADGROUP", "GROUP", "workers", "w\(consumer)", "COUNT", "400", "STREAMS", "x-big", ">"])
    }
    let replies = await connection.pipeline(commands.map { $0.map { Array($0.utf8) } }, timeout: .seconds(60))
    if let failure = replies.failure { throw failure }
    for case .error(let line) in replies.values { throw DrillError(.serverFailed, detail: line) }
  }
}
