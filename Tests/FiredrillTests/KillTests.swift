import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Glibc
import Testing

/// `firedrill` ended from outside: nothing of it is left, at the latest when the next run starts.
@Suite struct KillTests {
  private static let smallSQLite = """
    drill: small
    seed: 42
    production: {engine: sqlite, shards: 2, records: 30000, seed: 7, changes: 50}
    reference: [captured, live]
    workload: {profile: \(TestBench.repositoryFile("workloads/documents.yaml")), operations: 300}
    """

  /// What is started next: it sweeps like any other, and takes no time.
  private static let tiny = """
    drill: tiny
    production: {engine: sqlite, shards: 1, records: 100, seed: 7, changes: 5}
    level: decoded
    """

  /// One server plays production, so that nothing has to be formed.
  private static let smallRedis = """
    drill: small
    seed: 42
    production: {engine: redis, shards: 1, replicas: 0, records: 2000, seed: 7, writes_per_second: 50}
    capture: {follow: true}
    reference: [captured, live]
    workload: {profile: \(TestBench.repositoryFile("workloads/mixed-ttl.yaml")), operations: 300}
    """

  /// Starts the drill, kills it when it has said `moment`, and returns what was running below it at that moment.
  private func kill(_ drill: String, when moment: String, in bench: TestBench) async throws -> [ProcessTable.Entry] {
    let process = try FiredrillProcess.start(["run", drill], in: bench)
    try await process.waitUntilItSays(moment)
    // Stopped first, so that it starts nothing between our looking and its end.
    process.send(SIGSTOP)
    let children = ProcessTable().descendants(of: process.processID)
    process.send(SIGKILL)
    #expect(try await process.waitForEnd().status == nil, "killed too late, after it had ended: \(moment)")
    return children
  }

  private func expectNothingLeft(of children: [ProcessTable.Entry], in bench: TestBench, _ moment: String) {
    let table = ProcessTable()
    #expect(children.filter(table.entries.contains).isEmpty, "killed at '\(moment)', still running")
    #expect(table.working(in: bench.work).isEmpty, "killed at '\(moment)', still working below the work root")
    #expect(bench.leftovers.isEmpty, "killed at '\(moment)', still there")
  }

  private func runs(in bench: TestBench) async throws -> [[String: Any]] {
    let listed = try await FiredrillProcess.run(["ledger", "list", "--json"], in: bench)
    #expect(listed.status == 0, "\(listed.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: Any]])
  }

  @Test(
    "killed in any phase of a drill on SQLite, it leaves nothing after the next start, and the ledger says that it was interrupted",
    .timeLimit(.minutes(10)))
  func killedInEachPhaseOfSQLite() async throws {
    try await TestBench.with { bench in
      let drill = try bench.write(Self.smallSQLite, to: "drill.yaml")
      let nextDrill = try bench.write(Self.tiny, to: "next.yaml")
      let moments = [
        "making a synthetic production", "catalog: capturing", "manifest: ", "integrity: hashing", "decode: ",
        "fingerprint: ", "replay: ", "compare: ",
      ]
      for (number, moment) in moments.enumerated() {
        let children = try await kill(drill, when: moment, in: bench)
        let next = try await FiredrillProcess.run(["run", nextDrill], in: bench)
        #expect(next.status == 0, "\(next.output)\(next.errors)")
        #expect(next.errors.contains("removed what 1 interrupted run had left"))
        expectNothingLeft(of: children, in: bench, moment)
        let verified = try await FiredrillProcess.run(["ledger", "verify"], in: bench)
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
        let states = try await runs(in: bench).compactMap { $0["state"] as? String }
        #expect(states.count { $0 == "finished" } == number + 1, "killed at '\(moment)'")
        // The run begins before there is anything to drill, so that a night that ends early can be seen.
        #expect(states.count { $0 == "interrupted" } == number + 1, "killed at '\(moment)'")
      }
    }
  }

  @Test(
    "killed in any phase of a drill on Redis, no server, socket or folder of production or sandbox is left",
    .timeLimit(.minutes(5)),
    arguments: ["catalog: capturing", "decode: ", "is restored", "fingerprint: ", "replay: ", "compare: "])
  func killedOnRedis(when moment: String) async throws {
    try await TestBench.with { bench in
      let drill = try bench.write(Self.smallRedis, to: "drill.yaml")
      let next = try bench.write(Self.tiny, to: "next.yaml")
      let children = try await kill(drill, when: moment, in: bench)
      #expect(children.contains { $0.name == "redis-server" }, "there was a production to be ended")
      if moment == "is restored" {
        #expect(children.count { $0.name == "redis-server" } == 2, "there was a sandbox to be ended as well")
      }
      #expect(try await FiredrillProcess.run(["run", next], in: bench).status == 0)
      expectNothingLeft(of: children, in: bench, moment)
      let verified = try await FiredrillProcess.run(["ledger", "verify"], in: bench)
      #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    }
  }

  @Test(
    "asked to stop by SIGTERM or SIGINT, it cleans up by itself and ends with the status for inconclusive",
    .timeLimit(.minutes(5)), arguments: [SIGTERM, SIGINT])
  func stopped(by signal: Int32) async throws {
    try await TestBench.with { bench in
      let drill = try bench.write(Self.smallRedis, to: "drill.yaml")
      for moment in ["redis shards", "is restored"] {
        let process = try FiredrillProcess.start(["run", drill], in: bench)
        try await process.waitUntilItSays(moment)
        process.send(SIGSTOP)
        let children = ProcessTable().descendants(of: process.processID)
        process.send(signal)
        process.send(SIGCONT)
        let ending = try await process.waitForEnd()
        #expect(ending.status == ExitStatus.inconclusive.rawValue, "\(moment): \(ending.errors)")
        #expect(
          ending.errors.contains("interrupted; what it had started has been removed"), "\(moment): \(ending.errors)")
        expectNothingLeft(of: children, in: bench, moment)
      }
      #expect(try await runs(in: bench).compactMap { $0["state"] as? String } == ["interrupted", "interrupted"])
      #expect(try await FiredrillProcess.run(["ledger", "verify"], in: bench).status == 0)
    }
  }

  @Test(
    "killed while it holds writes on three masters, they resume within the longest pause that the plan allows",
    .timeLimit(.minutes(3)))
  func killedDuringThePause() async throws {
    try await TestBench.with { bench in
      try await SyntheticRedisCluster.with(
        .init(masters: 3, replicasPerMaster: 1, syncDelaySeconds: 0), below: bench.folder
      ) { production in
        try await production.fill(records: 2000, seed: 7)
        let maxPause = Duration.seconds(3)
        let cluster = try bench.write(
          """
          cluster: shop
          engine: redis
          nodes: [\(production.masters.map(\.description).joined(separator: ", "))]
          capture: {cut: coherent, max_pause: 3s}
          answers: {profile: \(TestBench.repositoryFile("workloads/mixed-ttl.yaml")), operations: 1000000, budget: 1500ms}
          """, to: "cluster.yaml")
        #expect(try await FiredrillProcess.run(["keygen", "--out", "\(bench.folder)/seal"], in: bench).status == 0)

        try await PausedWriters.with(production.masters) { writers in
          let capture = try FiredrillProcess.start(
            ["capture", cluster, "--to", bench.catalog, "--key", "\(bench.folder)/seal"], in: bench)
          try await writers.waitUntilCounted()
          capture.send(SIGKILL)
          #expect(try await capture.waitForEnd().status == nil, "\(capture.errors)")
          #expect(try await writers.areHeld(), "the kill came outside of the pause")
          let atTheKill = try await writers.written()
          // A read that the same servers hold for as long: their own timers, not this machine's load, are the bound.
          try await writers.readBlocking(for: maxPause)
          let afterwards = try await writers.written()
          for (before, after) in zip(atTheKill, afterwards) { #expect(after > before, "writes did not resume in time") }
        }
        #expect(try bench.catalogued().allSatisfy { $0.hasPrefix(".partial-") }, "nothing was sealed")
        let next = try await FiredrillProcess.run(
          ["capture", cluster, "--to", bench.catalog, "--key", "\(bench.folder)/seal"], in: bench)
        #expect(next.status == 0, "\(next.errors)")
        #expect(
          try bench.catalogued().count { $0.hasPrefix(".partial-") } == 0, "what the killed capture had read is left")
        #expect(try bench.catalogued().count { $0.hasPrefix("shop-") } == 1)
      }
    }
  }
}
