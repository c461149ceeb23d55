import DrillChecks
import DrillModel
import DrillProduction
import DrillReplay
import Foundation
import Testing

@testable import DrillEngines
@testable import Firedrill

@Suite("A drill with a load", .serialized, .capturedRedis)
struct SandboxLoadDrillTests {
  private static let workload = """
    workload: loaded
    engine: redis
    operations: 3000
    rate: 1500
    schedule: poisson
    connections: 4
    timeout: 30s
    mix:
      - {verb: get, weight: 5}
      - {verb: hgetall, weight: 2}
      - {verb: pexpiretime, weight: 1}
    writes:
      - {verb: set, weight: 2, keys: 20, size: 64B}
      - {verb: incr}
      - {verb: hset}
      - {verb: lpush}
      - {verb: zadd}
      - {verb: expire}
      - {verb: del}

    """

  private func write(_ text: String = workload, in bench: DrillBench) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: bench.folder + "/loaded.yaml"))
  }

  /// A machine that is busy with other things may be too slow for any rate; everything else has to hold.
  private func withoutSaturation(_ run: Run) -> Run {
    var run = run
    run.obstacles.removeAll { $0.code == .generatorSaturated }
    return run
  }

  @Test("passes, with latency from intended starts, while production sees no write")
  func clean() async throws {
    try await CapturedRedis.withBench { bench, cluster in
      try write(in: bench)
      for master in cluster.masters {
        try await RedisConnection.with(master, RedisCredentials()) { try await $0.ask("CONFIG", "RESETSTAT") }
      }
      let run = withoutSaturation(
        try await bench.run("load: {profile: loaded.yaml}", "workload: mixed-ttl.yaml", "reference: [captured, live]"))
      expectClean(run)
      let loaded = try #require(run.latencies.first { $0.side == Run.Latency.underLoad })
      let offered = try #require(loaded.offered)
      #expect(loaded.operations == 3000 && offered.unsent == 0)
      #expect(offered.latencyP50Us >= loaded.latencyP50Us * 0.9)
      #expect(run.phases.contains { $0.phase == .underLoad })
      let coverage = try #require(run.coverage.first { $0.of == "under load, answers" })
      #expect(coverage.stage == .replay && coverage.coverage.examined > 1000 && coverage.coverage.share == 1)
      let others = run.latencies.filter { $0.side != Run.Latency.underLoad }
      #expect(others.allSatisfy { $0.offered == nil })
      for master in cluster.masters {
        let seen = try await RedisConnection.with(master, RedisCredentials()) {
          try await $0.ask("INFO", "commandstats").text ?? ""
        }
        for verb in SandboxWrite.Verb.allCases {
          #expect(!seen.contains("cmdstat_\(verb.rawValue):"), "\(verb) reached production")
        }
      }
    }
  }

  @Test("restores in waves, each with its share of the load")
  func waves() async throws {
    try await CapturedRedis.withBench { bench, _ in
      try write(in: bench)
      let run = withoutSaturation(
        try await bench.run("load: {profile: loaded.yaml, rate: 3000}", "sandbox: {folder: work, memory: 1KiB}"))
      expectClean(run)
      #expect(run.latencies.first { $0.side == Run.Latency.underLoad }?.operations == 3000)
    }
  }

  @Test(
    "refuses a load that makes no sense, by file, line and column",
    arguments: [
      ("load: {profile: loaded.yaml}", "think_time: 5ms", "think_time"),
      ("load: {profile: loaded.yaml}", "duration: 5s", "duration"),
      ("load: {profile: loaded.yaml}", "ramp: {over: 3s, from: 9999}", "ramp"),
      ("load: {profile: loaded.yaml, duraton: 5s}", "", "'duration'"), ("load: {duration: 5s}", "", "'profile'"),
    ])
  func refused(load: String, field: String, word: String) async throws {
    try await CapturedRedis.withBench { bench, _ in
      try write(Self.workload + field + "\n", in: bench)
      let error = await #expect(throws: DrillError.self) { try await bench.run(load) }
      #expect(error?.code == .badFile && error?.detail.contains(word) == true, "\(String(describing: error))")
    }
  }

  /// A restored server behind a proxy that lies: what a server that answers otherwise under load looks like.
  @Test("finds an answer that is another one under load, and is silent where none is", arguments: [false, true])
  func lyingServer(lies: Bool) async throws {
    try await TemporaryFolder.with { folder in
      try await UnixRedis.with(folder) { server in
        try await server.send((0..<50).map { ["SET", "key:\($0)", "truth-\($0)"] })
        let topology = Topology(epoch: 1, shards: [.init(name: "a", slots: .all)])
        func store(_ endpoint: Endpoint) -> RedisStore {
          RedisStore(shards: [.init(name: "a", slots: .all, endpoint: endpoint)], topology: topology, kind: .sandbox)
        }
        let restored = store(.unix(path: folder + "/s"))
        let keys = try await restored.sampleKeys(seed: 1, size: 100).keys
        var profile = WorkloadProfile(
          name: "w", engine: "redis", operations: 2000,
          mix: [.init(name: "get", weight: 3, .redis(RedisQuestion(.get)))], connections: 2)
        profile.writes = [WeightedWrite(.set), WeightedWrite(.incr)]
        let load = try SandboxLoad(profile, over: keys, seed: 3, slot: RedisSlot.slot)
        let driver = ReplayDriver(profile, seed: 3)
        let alone = try await driver.replay(load.questions, on: restored)
        try await MisbehavingProxy.with(
          before: .unix(path: folder + "/s"), .saying("false-1", insteadOf: lies ? "truth-1" : "no-such", most: 1)
        ) { proxy in
          let loaded = store(.tcp(host: "127.0.0.1", port: proxy.port))
          let result = try await driver.load(
            load, on: RedisLoadedStore(members: loaded.members, slots: try #require(loaded.slotTable)))
          #expect(result.written > 0 && result.refused.isEmpty && result.unasked == 0)
          var judged = StageResult()
          try LoadPart(alone: alone, loaded: result).judge(backup: "b", by: .all, into: &judged)
          var blind = StageResult()
          try LoadPart(alone: alone, loaded: result).judge(
            backup: "b", by: .without(.answersUnderLoad), into: &blind)
          #expect(blind.judgement.findings.isEmpty)
          #expect(proxy.touched == (lies ? 1 : 0))
          #expect(judged.judgement.findings.map(\.code) == (lies ? [.answerDiffersUnderLoad] : []))
          #expect(judged.judgement.findings.allSatisfy { $0.stage == .replay && $0.subject.key != nil })
          #expect(judged.judgement.obstacles.isEmpty)
        }
      }
    }
  }
}
