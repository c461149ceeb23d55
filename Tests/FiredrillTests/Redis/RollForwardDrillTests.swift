import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// A restored backup and what was recorded since lead to the live snapshot, or the drill says where they do not.
@Suite("Rolling a restored Redis Cluster forward", .serialized, .capturedRedis)
struct RollForwardDrillTests {
  /// What a captured and followed backup of the suite's cluster is put through before it is drilled.
  struct Followed: Sendable {
    var bench: DrillBench
    var cluster: SyntheticRedisCluster

    func drill() async throws -> Run {
      try await bench.run(.init(catalog: "followed", level: .content, more: ["reference: live"]))
    }
  }

  private func followed(from side: String = "replicas", _ body: @Sendable (Followed) async throws -> Void) async throws
  {
    try await CapturedRedis.withBench { bench, cluster in
      let file = URL(fileURLWithPath: bench.folder + "/shop.yaml")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacingOccurrences(of: "max_pause: 10s", with: "max_pause: 10s, from: \(side)").utf8).write(
        to: file)
      let catalog = bench.folder + "/followed"
      let following = Task {
        try await Firedrill.capture(
          cluster: bench.folder + "/shop.yaml", to: catalog, key: bench.folder + "/seal", follows: true)
      }
      defer { following.cancel() }
      let sealed = try #require(await eventually { try? Catalog(root: catalog).entries().first?.id })
      try await body(
        Followed(bench: DrillBench(folder: bench.folder, backup: sealed, catalog: "followed"), cluster: cluster))
    }
  }

  private func count(_ run: Run, _ cause: Drift.Cause) -> UInt64 {
    run.drift.reduce(0) { $0 + ($1.cause == cause ? $1.count : 0) }
  }

  @Test("examines what changed since the cut, and finds it equal")
  func clean() async throws {
    try await followed { followed in
      try await followed.cluster.send("HSET", "rolled", "a", "1", "b", "2")
      try await followed.cluster.send("HINCRBY", "rolled", "a", "5")
      try await followed.cluster.send("SET", "rolled:text", "v", "PX", "3600000")
      let run = try await followed.drill()
      expectClean(run, at: .content)
      #expect(count(run, .rolledForward) >= 2 && count(run, .changedAfterCut) == 0)
      let drift = try #require(run.coverage.first { $0.stage == .drift })
      // What expired meanwhile is explained by itself.
      #expect((drift.coverage.skipped[.explained] ?? 0) == count(run, .expiredSinceCut) && drift.coverage.examined > 0)
      #expect(run.notes.contains { $0.contains("rolled forward") })
    }
  }

  @Test("leaves out what a command made of a key that is not modelled, and says so")
  func notModelled() async throws {
    try await followed { followed in
      try await followed.cluster.send("PFADD", "rolled:hll", "a", "b")
      try await followed.cluster.send("SET", "rolled:text", "w")
      let run = try await followed.drill()
      #expect(run.verdict == .pass && count(run, .changedAfterCut) == 1 && count(run, .rolledForward) >= 1)
      let drift = try #require(run.coverage.first { $0.stage == .drift })
      #expect(drift.coverage.skipped[.notModelled] == 1)
      // What expired meanwhile is explained by itself.
      #expect((drift.coverage.skipped[.explained] ?? 0) == count(run, .expiredSinceCut))
    }
  }

  @Test(
    "a damaged record that the changes write anew cannot matter, and the report says so; one that they add to is found")
  func damaged() async throws {
    for isRewritten in [true, false] {
      try await followed { followed in
        let file = RedisFile(path: followed.bench.path(of: try followed.bench.dataArtifacts()[0]))
        let key = try #require(file.keys("item:*").first)
        try file.change([["DEL", key], ["HSET", key, "damaged", "1"]])
        try followed.bench.reseal()
        if isRewritten {
          try await followed.cluster.send("DEL", key)
          try await followed.cluster.send("SET", key, "written anew")
          let run = try await followed.drill()
          expectClean(run, at: .content)
          #expect(run.notes.contains { $0.contains("whatever the backup held of it") })
        } else {
          // Only its expiry is written: what it holds is what it held.
          try await followed.cluster.send("PEXPIREAT", key, "4000000000000")
          let run = try await followed.drill()
          expect(run, .fail, [.driftUnexplained], at: .drift)
          #expect(run.findings.map(\.subject.key) == [.clear(Array(key.utf8))])
          #expect(count(run, .differsRolledForward) == 1)
        }
      }
    }
  }

  @Test("finds a write that is missing in the stream, though the stream names its key")
  func withheld() async throws {
    try await followed(from: "masters") { followed in
      try await followed.cluster.send("INCR", "{rolled}:counter")
      // The server carries it out and tells nobody of it. The comment leads it to the key's shard.
      try await followed.cluster.send(
        "EVAL", "redis.set_repl(redis.REPL_NONE) return redis.call('INCR', KEYS[1]) --{rolled}", "1",
        "{rolled}:counter")
      let run = try await followed.drill()
      expect(run, .fail, [.driftUnexplained], at: .drift)
      #expect(run.findings.map(\.subject.key) == [.clear(Array("{rolled}:counter".utf8))])
      #expect(count(run, .differsRolledForward) == 1)
      try await followed.cluster.send("DEL", "{rolled}:counter")
    }
  }
}
