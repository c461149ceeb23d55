import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// What a real server's log of several files grew by, as increments on a copy of it.
@Suite("What an append-only log grew by")
struct LogGrowthTests {
  private static func write(_ redis: PrivateRedis, _ writes: inout RandomWrites, steps: Int) throws {
    try redis.pipeline((0..<steps).flatMap { _ in writes.step() }.map { $0.map { Array($0.utf8) } })
  }

  private static func live(_ redis: PrivateRedis) throws -> ArtifactFile {
    try AOFLogs.artifact(redis.folder + "/appendonlydir")
  }

  private static func withLog<R: Sendable>(
    _ seed: UInt64, _ body: (PrivateRedis, inout RandomWrites, String) async throws -> R
  ) async throws -> R {
    let redis = try PrivateRedis.start(
      ["appendonly", "yes", "aof-timestamp-enabled", "yes", "appendfsync", "always"], program: "redis-server")
    defer { redis.end() }
    redis.toleratesErrors = true
    var writes = RandomWrites(seed: seed)
    return try await RedisFixture.withFolder { folder in try await body(redis, &writes, folder) }
  }

  private static func growth(
    _ redis: PrivateRedis, _ base: ArtifactFile, _ position: String, _ path: String
  ) throws -> ForeignGrowth {
    try RedisEngine().growth(of: try live(redis), on: base, after: position, to: path)
  }

  @Test("increments on a full backup are what the server holds, at their ends and at a second between them")
  func chain() async throws {
    let seed: UInt64 = 77
    try await Self.withLog(seed) { redis, writes, folder in
      let engine = RedisEngine()
      try Self.write(redis, &writes, steps: 80)
      // The full backup begins with a snapshot, and its log goes on in another database.
      try AOFLogs.rewrite(redis)
      // A log whose first second has no time stamp tells none of it.
      try await RedisChainTests.pass(.now)
      try redis.command("SELECT", "3")
      try redis.command("SET", "elsewhere", "1")
      let full = try AOFLogs.copy(redis, to: folder)
      let start = try #require(try engine.endPosition(of: full))
      #expect(start.contains(".incr.aof:"))
      var chain = ShardChain(shard: "a", base: full, increments: [])
      var position = start
      var copies: [(time: Instant, path: String)] = []
      for number in 1...3 {
        try Self.write(redis, &writes, steps: 40)
        if number < 3 {
          let time = Instant.now
          copies.append((time, "\(folder)/copy-\(number).rdb"))
          try FileManager.default.copyItem(atPath: try redis.save(), toPath: copies[number - 1].path)
          try await RedisChainTests.pass(time)
        }
        let base = chain.increments.isEmpty ? full : try Self.assembled(chain, .end, folder).file
        let growth = try Self.growth(redis, base, position, "\(folder)/increment-\(number)")
        let facts = try engine.incrementFacts(growth.file)
        #expect(facts.problems.isEmpty && facts.from == position && facts.to == growth.position)
        #expect(engine.order(position, growth.position) == -1)
        position = growth.position
        chain.increments.append(
          .init(backup: "b\(number)", files: [growth.file], position: position, time: .now))
      }
      let assembled = try Self.assembled(chain, .end, folder)
      #expect(assembled.problems.isEmpty && assembled.position == position)
      let ours = try await AOFLogs.contents(of: assembled.file)
      try FileManager.default.copyItem(atPath: try redis.save(), toPath: "\(folder)/end.rdb")
      let theirs = RedisChainTests.withoutLeftOut(
        try await AOFLogs.contents(ofSnapshot: "\(folder)/end.rdb"), ours.facts)
      #expect(ours.records == theirs, "seed \(seed)\n\(AOFLogs.differences(ours.records, theirs))")
      for copy in copies {
        let then = try await AOFLogs.contents(of: try Self.assembled(chain, .time(copy.time), folder).file)
        let expected = RedisChainTests.withoutLeftOut(try await AOFLogs.contents(ofSnapshot: copy.path), then.facts)
        #expect(then.records == expected, "seed \(seed), \(copy.time)\n\(AOFLogs.differences(then.records, expected))")
      }
    }
  }

  private static func assembled(_ chain: ShardChain, _ point: RestorePoint, _ folder: String) throws -> AssembledShard {
    let place = "\(folder)/\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    return try RedisEngine().assemble(chain, upTo: point, in: place)
  }

  @Test("a log that was rewritten since, another server's, one cut short, and a snapshot are refused")
  func refusals() async throws {
    func code(_ body: () throws -> ForeignGrowth) -> DrillError.Code? {
      do {
        _ = try body()
        return nil
      } catch {
        return (error as? DrillError)?.code
      }
    }
    try await Self.withLog(5) { redis, writes, folder in
      try Self.write(redis, &writes, steps: 20)
      let full = try AOFLogs.copy(redis, to: folder)
      let position = try #require(try RedisEngine().endPosition(of: full))
      let nothing = code { try Self.growth(redis, full, position, folder + "/none") }
      #expect(nothing == nil, "nothing new is no error")
      try await Self.withLog(6) { other, others, _ in
        try Self.write(other, &others, steps: 60)
        let another = code { try Self.growth(other, full, position, folder + "/other") }
        #expect(another == .captureRefused)
      }
      let beyond = position.replacing(/:\d+$/, with: ":99999999")
      let short = code { try Self.growth(redis, full, beyond, folder + "/short") }
      #expect(short == .captureRefused)
      let snapshot = ArtifactFile(shard: "a", format: "rdb", path: try redis.save())
      #expect(try RedisEngine().endPosition(of: snapshot) == nil)
      let ofSnapshot = code {
        try RedisEngine().growth(of: snapshot, on: full, after: position, to: folder + "/snapshot")
      }
      #expect(ofSnapshot == .captureRefused)
      try AOFLogs.rewrite(redis)
      let rewritten = code { try Self.growth(redis, full, position, folder + "/rewritten") }
      #expect(rewritten == .captureRefused)
    }
  }
}
