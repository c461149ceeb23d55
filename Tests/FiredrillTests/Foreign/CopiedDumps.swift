import DrillEngines
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// What a cron job copied from a real Redis Cluster of three masters: an RDB file of each, and no word about them.
///
/// ```
/// <home>/dumps/night/<node id>.rdb   what BGSAVE wrote, copied by a script
/// <home>/nodes.conf                  what CLUSTER NODES said then
/// <home>/shop.yaml, seal, seal.pub   as in every bench
/// ```
struct CopiedDumps: Sendable {
  static let records = 1500
  static let seed: UInt64 = 23

  @TaskLocal static var current: CopiedDumps?

  let cluster: SyntheticRedisCluster
  let home: String
  /// The masters' node ids, in the order of their slots.
  let nodes: [String]

  /// A test's own copy of it all.
  static func withBench<R: Sendable>(_ body: (ForeignBench) async throws -> R) async throws -> R {
    guard let dumps = current else { preconditionFailure("the suite needs the trait .copiedDumps") }
    return try await TestBench.with { bench in
      for name in try FileManager.default.contentsOfDirectory(atPath: dumps.home) {
        try FileManager.default.copyItem(atPath: "\(dumps.home)/\(name)", toPath: "\(bench.folder)/\(name)")
      }
      return try await body(ForeignBench(bench: bench, nodes: dumps.nodes))
    }
  }

  fileprivate static func copy(from cluster: SyntheticRedisCluster, to home: String) async throws -> [String] {
    let night = home + "/dumps/night"
    try FileManager.default.createDirectory(atPath: night, withIntermediateDirectories: true)
    var nodes: [String] = []
    for master in cluster.masters {
      try await RedisConnection.with(master) { connection in
        let id = try #require(try await connection.ask("CLUSTER", "MYID").text)
        nodes.append(id)
        _ = try await connection.ask("BGSAVE")
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !(connection.ask("INFO", "persistence").text ?? "").contains("rdb_bgsave_in_progress:0") {
          try #require(.now < deadline, "BGSAVE does not end")
          try await Task.sleep(for: .milliseconds(5))
        }
        let folder = try await connection.ask("CONFIG", "GET", "dir")
        guard let path = folder.array?.last?.text else {
          throw TestBench.Failure(detail: "CONFIG GET dir: \(folder)")
        }
        try FileManager.default.copyItem(atPath: path + "/dump.rdb", toPath: "\(night)/\(id).rdb")
        try #require(try await connection.ask("CLUSTER", "NODES").text).write(
          toFile: home + "/nodes.conf", atomically: true, encoding: .utf8)
      }
    }
    return nodes
  }
}

/// One test's own dumps, and the drills of them.
struct ForeignBench: Sendable {
  let bench: TestBench
  let nodes: [String]

  var folder: String { bench.folder }
  var night: String { bench.folder + "/dumps/night" }
  func dump(_ index: Int) -> String { "\(night)/\(nodes[index]).rdb" }

  /// Runs a drill whose `backup:` is `unsealed`, keys in clear.
  func run(
    _ unsealed: String = "{unsealed: night}", level: Level = .restored, more: [String] = [], name: String = "drill"
  ) async throws -> Run {
    let lines =
      [
        "drill: \(name)", "seed: 5", "cluster: shop.yaml", "catalog: dumps", "backup: \(unsealed)",
        "level: \(level.rawValue)", "ledger: ledger.sqlite", "sandbox: {folder: work}",
      ] + more
    let path = try bench.write(lines.joined(separator: "\n") + "\n", to: "\(name).yaml")
    let outcomes = try await Firedrill.run(drill: path, options: RunOptions(showsKeys: true))
    return try #require(outcomes.first).run
  }

  /// Changes one byte of a file.
  func flip(_ path: String, fromEnd: Int) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - fromEnd] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  /// What `sha256sum` says of files, with names relative to where it runs.
  func sums(_ names: String, in folder: String, to path: String, tag: Bool = false) async throws {
    try await shell("cd '\(folder)' && sha256sum \(tag ? "--tag" : "") \(names) > '\(path)'")
  }

  @discardableResult
  func shell(_ command: String) async throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", command]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw TestBench.Failure(detail: "\(process.terminationStatus): \(command)")
    }
    return process.terminationStatus
  }
}

/// Starts, fills and dumps the cluster before the suite's first test, and ends it after its last.
struct CopiedDumpsTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      try await SyntheticRedisCluster.with(
        .init(replicasPerMaster: 0, syncDelaySeconds: 0), name: "shop", below: folder
      ) { cluster in
        try await cluster.fill(records: CopiedDumps.records, seed: CopiedDumps.seed)
        let home = folder + "/home"
        try CapturedRedis.prepare(home, for: cluster)
        let nodes = try await CopiedDumps.copy(from: cluster, to: home)
        let dumps = CopiedDumps(cluster: cluster, home: home, nodes: nodes)
        try await CopiedDumps.$current.withValue(dumps) { try await function() }
      }
    }
  }
}

extension Trait where Self == CopiedDumpsTrait {
  static var copiedDumps: Self { Self() }
}
