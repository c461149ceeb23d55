import DrillCrypto
import DrillEngines
import DrillFaults
import DrillModel
import DrillProduction
import Foundation

/// What a scenario begins with: made once, and copied for each scenario.
enum ScenarioBase: String, CaseIterable, Sendable {
  /// Two full backups of one cluster (`$older`, `$backup`) and one of another (`$foreign`), at whose cut questions were asked whose answers are chance; production is
  /// over.
  case backup
  /// A full backup (`$link0`) and three increments on it (`$link1` … `$backup`).
  case chain
  /// As ``backup``, and production still answers: nothing was written after the cut. On Redis its changes since then are recorded.
  case live
  /// As ``live``, and twice a second one of production's records expires; `lasting:N` expire tomorrow. Redis alone.
  case expiring

  /// Whether production still answers.
  var isLive: Bool { self == .live || self == .expiring }
}

/// A base that stands, with the servers that belong to it.
struct StandingBase: Sendable {
  /// What scenarios copy.
  var folder: String
  var engine: ProductionFile.Engine
  var variables: [String: String]
  /// Fields of the drill.
  var drill: [String: String]
  /// What copies do not copy but link to, since it goes on changing.
  var shared: [String] = []

  /// Enough for a thousand of one shard.
  static let records = 3600
  static let shards = 3

  /// Makes a base below `root`, hands it to `body`, and ends and removes all of it.
  static func with<R: Sendable>(
    _ base: ScenarioBase, _ engine: ProductionFile.Engine, seed: UInt64, below root: String,
    _ body: @escaping @Sendable (StandingBase) async throws -> R
  ) async throws -> R {
    let folder = "\(root)/\(base.rawValue)-\(engine.rawValue)"
    try FileManager.default.createDirectory(atPath: folder + "/backups", withIntermediateDirectories: true)
    for key in ["seal", "other", "second"] { _ = try Firedrill.keygen(out: "\(folder)/\(key)") }
    let maker = Maker(base: base, engine: engine, seed: seed, folder: folder)
    switch engine {
    case .sqlite: return try await maker.sqlite(body)
    case .redis: return try await maker.redis(root, body)
    }
  }

  private struct Maker: Sendable {
    var base: ScenarioBase
    var engine: ProductionFile.Engine
    var seed: UInt64
    var folder: String

    func sqlite<R: Sendable>(_ body: @escaping @Sendable (StandingBase) async throws -> R) async throws -> R {
      try writeWorkload()
      let live = folder + "/live"
      try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: true)
      let production = try await SyntheticSQLiteProduction.make(
        in: live, seed: seed, records: StandingBase.records, shards: StandingBase.shards)
      try await production.churn(changes: 60, seed: seed &+ 1)
      for file in production.cluster.files {
        _ = try SQLiteContentFault(statements: ScenarioOddities.statements(for: file.slots ?? .all)).plant(
          in: file.path)
      }
      try writeClusters {
        ScenarioClusterText.sqlite(production.cluster, named: $0, tombstones: ["odd": "odd_deleted"], answers: $1)
      }
      let standing = try await takeBackups { step in
        try await production.churn(changes: 40, seed: seed &+ UInt64(step) &+ 2)
        guard step == 1 else { return }
        for file in production.cluster.files {
          _ = try SQLiteContentFault(statements: ScenarioOddities.deletion).plant(in: file.path)
        }
      }
      if !base.isLive { try await production.churn(changes: 60, seed: seed &+ 9) }
      await production.close()
      return try await body(standing)
    }

    func redis<R: Sendable>(
      _ root: String, _ body: @escaping @Sendable (StandingBase) async throws -> R
    ) async throws -> R {
      try writeWorkload()
      let shape = SyntheticRedisCluster.Shape(masters: StandingBase.shards, replicasPerMaster: 0, syncDelaySeconds: 0)
      let standing = try await SyntheticRedisCluster.with(shape, name: "shop", below: root) {
        cluster -> (StandingBase, R?) in
        try await cluster.fill(records: StandingBase.records, seed: seed)
        try await cluster.send(ScenarioOddities.commands)
        for master in cluster.masters {
          try await RedisConnection.with(master) {
            _ = try await $0.ask("ACL", "SETUSER", "worker", "on", ">worker", "~job:*", "-@all", "+get", "+set")
          }
        }
        if base == .expiring { try await cluster.send(Maker.expiring()) }
        try writeClusters { ScenarioClusterText.redis(cluster.masters, named: $0, answers: $1) }
        let standing = try await takeBackups { step in
          try await cluster.send((0..<40).map { ["SET", "step:\(step):\($0)", "\($0)"] })
          if step == 1 { try await cluster.send(ScenarioOddities.deletions) }
        }
        guard base.isLive else { return (standing, nil) }
        // A stream is known to reach a snapshot once it goes past it: at the next of these, if nothing is written.
        for master in cluster.masters {
          try await RedisConnection.with(master) {
            _ = try await $0.ask("CONFIG", "SET", "repl-ping-replica-period", "1")
          }
        }
        return (standing, try await following(standing, body))
      }
      if let result = standing.1 { return result }
      return try await body(standing.0)
    }

    /// Takes the last backup, and goes on recording what changes while `body` runs.
    private func following<R: Sendable>(
      _ standing: StandingBase, _ body: @escaping @Sendable (StandingBase) async throws -> R
    ) async throws -> R {
      let runner = CaptureRunner(
        engine: RedisEngine(), cluster: try ClusterFile.read(path: folder + "/cluster.yaml"),
        catalog: folder + "/backups", key: try KeyFile.readSigningKey(folder + "/seal"), follows: true,
        events: { _ in })
      return try await runner.run { sealed in
        var standing = standing
        standing.variables["backup"] = sealed.manifest.backup
        standing.shared = ["backups/.changes"]
        return try await body(standing)
      }
    }

    /// Takes the backups of this base, with some changes between them.
    private func takeBackups(_ change: (Int) async throws -> Void) async throws -> StandingBase {
      var variables: [String: String] = [:]
      func capture(_ cluster: String = "cluster.yaml", on predecessor: String? = nil) async throws -> String {
        try await Firedrill.capture(
          cluster: "\(folder)/\(cluster)", to: folder + "/backups", key: folder + "/seal", on: predecessor
        ).manifest.backup
      }
      switch base {
      case .backup, .live, .expiring:
        variables["foreign"] = try await capture("books.yaml")
        variables["older"] = try await capture()
        try await change(1)
        // Of Redis the last one of a live base is taken with what changes after it.
        if base == .backup || engine == .sqlite { variables["backup"] = try await capture() }
      case .chain:
        for step in 0...3 {
          let link = try await capture(on: step == 0 ? nil : "latest")
          variables["link\(step)"] = link
          variables["backup"] = link
          try await change(step + 1)
        }
      }
      try writeTopology(of: variables["backup"] ?? variables["older"] ?? "")
      return StandingBase(
        folder: folder, engine: engine, variables: variables,
        drill: [
          "drill": "scenario", "seed": "5", "cluster": "cluster.yaml", "catalog": "backups", "trust": "seal.pub",
          "backup": "{id: $backup}", "level": "answers", "reference": base.isLive ? "[captured, live]" : "captured",
          "ledger": "ledger.sqlite", "sandbox": "{folder: work}",
        ])
    }

    /// The topology that a backup states, as a file that people write.
    private func writeTopology(of backup: String) throws {
      let topology = try Firedrill.inspect(backup: backup, catalog: folder + "/backups").manifest.topology
      let shards = topology.shards.map { "  - {shard: \"\($0.name)\", slots: \"\($0.slots)\"}\n" }.joined()
      try write("epoch: \(topology.epoch)\nshards:\n\(shards)", to: "topology.yaml")
    }

    private func write(_ text: String, to name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    /// One that is drilled, and one whose questions have answers by chance.
    private func writeClusters(_ text: (_ name: String, _ answers: String) -> String) throws {
      try write(text("shop", "profile: workload.yaml"), to: "cluster.yaml")
      try write(text("books", "profile: noisy.yaml"), to: "books.yaml")
    }

    private func writeWorkload() throws {
      try write(engine.scenarioWorkload, to: "workload.yaml")
      try write(engine.noisyWorkload, to: "noisy.yaml")
    }

    /// For the time of ten minutes.
    private static func expiring() -> [[String]] {
      let now = Instant.now.millisecondsSince1970
      return (1...1200).map { ["SET", "brief:\($0)", "\($0)", "PXAT", "\(now + Int64($0) * 500)"] }
        + (1...50).map { ["SET", "lasting:\($0)", "\($0)", "PXAT", "\(now + 86_400_000)"] }
    }
  }
}
