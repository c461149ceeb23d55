import DrillEngines
import DrillModel
import DrillProduction
import Foundation

/// Drills in which nothing is wrong: for each seed another production, workload and drill; none may have a finding or an obstacle.
struct CleanSeeds: Sendable {
  var program: ScenarioProgram
  /// Absolute; everything lies below it.
  var root: String
  var width: Int

  /// - Parameter told: called with each result as it comes.
  func run(
    _ seeds: Range<UInt64>, on engine: ProductionFile.Engine, told: @escaping @Sendable (CleanResult) -> Void
  ) async throws -> [CleanResult] {
    try await withThrowingTaskGroup(of: [CleanResult].self) { group in
      for worker in 0..<UInt64(width) {
        let own = seeds.filter { $0 % UInt64(width) == worker }
        guard !own.isEmpty else { continue }
        group.addTask {
          switch engine {
          case .sqlite:
            var results: [CleanResult] = []
            for seed in own { results.append(try await one(seed, engine, told) { try await sqlite($0) }) }
            return results
          case .redis: return try await redis(own, told)
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.seed < $1.seed }
    }
  }

  /// What a seed draws.
  private struct Draw {
    var seed: UInt64
    var folder: String
    var records: Int
    var shards: Int
    var changes: Int
    var drill: [String: String]
    var workload: String

    init(_ seed: UInt64, _ engine: ProductionFile.Engine, folder: String) {
      var random = SeededGenerator(seed: seed, purpose: "clean seed")
      self.seed = seed
      self.folder = folder
      records = 20 + random.index(below: 900)
      shards = 1 + random.index(below: 5)
      changes = random.index(below: 80)
      let isLive = random.index(below: 2) == 0
      drill = [
        "drill": "clean", "seed": "\(random.next() % 1_000_000)", "cluster": "cluster.yaml", "catalog": "backups",
        "trust": "seal.pub", "level": "answers", "reference": isLive ? "[captured, live]" : "captured",
        "ledger": "ledger.sqlite",
        "sandbox": random.index(below: 3) == 0 ? "{folder: work, memory: 1MiB}" : "{folder: work}",
      ]
      if isLive { drill["workload"] = "workload.yaml" }
      workload = engine.scenarioWorkload
        .replacing("operations: 200", with: "operations: \(20 + random.index(below: 400))")
        .replacing("zipfian: 0.5", with: "zipfian: \(0.1 + Double(random.index(below: 12)) / 10)")
        .replacing("pipelining: 8", with: "pipelining: \(1 + random.index(below: 16))")
        .replacing("connections: 2", with: "connections: \(1 + random.index(below: 4))")
    }

    func write(_ cluster: String) throws {
      try FileManager.default.createDirectory(atPath: folder + "/backups", withIntermediateDirectories: true)
      _ = try Firedrill.keygen(out: folder + "/seal")
      for (name, text) in [("workload.yaml", workload), ("cluster.yaml", cluster)] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
    }

    func capture() async throws {
      _ = try await Firedrill.capture(
        cluster: folder + "/cluster.yaml", to: folder + "/backups", key: folder + "/seal", on: nil)
    }
  }

  private func one(
    _ seed: UInt64, _ engine: ProductionFile.Engine, _ told: @Sendable (CleanResult) -> Void,
    _ make: (Draw) async throws -> Void
  ) async throws -> CleanResult {
    let start = ContinuousClock.now
    let draw = Draw(seed, engine, folder: "\(root)/c\(String(seed, radix: 36))\(engine == .redis ? "r" : "s")")
    defer { try? FileManager.default.removeItem(atPath: draw.folder) }
    var result = CleanResult(engine: engine, seed: seed, differences: [], elapsedMs: 0)
    do {
      try await make(draw)
      let bench = ScenarioBench(
        folder: draw.folder, engine: engine, seed: seed, program: program, drill: draw.drill,
        command: ["run", "drill.yaml"],
        variables: [:])
      let outcome = try await program.run(bench)
      result.differences = outcome.unproven + outcome.differences(from: .clean)
      if !result.differences.isEmpty { result.differences += outcome.lines.suffix(3).map { "it said: \($0)" } }
    } catch let error as DrillError {
      result.differences = ["it could not be run: \(error)"]
    }
    result.elapsedMs = start.duration(to: .now).milliseconds
    told(result)
    return result
  }

  private func sqlite(_ draw: Draw) async throws {
    let live = draw.folder + "/live"
    try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: true)
    let production = try await SyntheticSQLiteProduction.make(
      in: live, seed: draw.seed, records: draw.records, shards: draw.shards)
    try await production.churn(changes: draw.changes, seed: draw.seed &+ 1)
    try draw.write(
      ScenarioClusterText.sqlite(
        production.cluster, answers: "profile: workload.yaml, seed: \(draw.seed % 1000)"))
    try await draw.capture()
    // Changes after the cut are explained by their versions.
    if draw.seed.isMultiple(of: 3) { try await production.churn(changes: draw.changes, seed: draw.seed &+ 2) }
    await production.close()
  }

  /// One cluster, whose contents are other ones for each seed.
  private func redis(_ seeds: [UInt64], _ told: @Sendable (CleanResult) -> Void) async throws -> [CleanResult] {
    let shape = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0, syncDelaySeconds: 0)
    return try await SyntheticRedisCluster.with(shape, name: "shop", below: root) { cluster in
      var results: [CleanResult] = []
      for seed in seeds {
        results.append(
          try await one(seed, .redis, told) { draw in
            try await cluster.empty()
            try await cluster.fill(records: draw.records, seed: seed)
            try draw.write(
              ScenarioClusterText.redis(cluster.masters, answers: "profile: workload.yaml, seed: \(seed % 1000)"))
            try await draw.capture()
          })
      }
      return results
    }
  }
}
