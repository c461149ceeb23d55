import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// A real Redis Cluster of three masters with a replica each, captured once; it lives as long as its suite.
struct CapturedRedis: Sendable {
  static let records = 2000
  static let seed: UInt64 = 11

  @TaskLocal static var current: CapturedRedis?

  let cluster: SyntheticRedisCluster
  let home: String
  let backup: String

  /// A test's own copy, and the cluster that it came from.
  static func withBench<R: Sendable>(_ body: (DrillBench, SyntheticRedisCluster) async throws -> R) async throws -> R {
    guard let redis = current else { preconditionFailure("the suite needs the trait .capturedRedis") }
    return try await DrillBench.with(copyOf: redis.home, backup: redis.backup) { try await body($0, redis.cluster) }
  }

  /// Cluster file, keys and workload for `cluster`.
  static func prepare(_ home: String, for cluster: SyntheticRedisCluster) throws {
    try FileManager.default.createDirectory(atPath: home + "/backups", withIntermediateDirectories: true)
    for name in ["seal", "other"] { _ = try Firedrill.keygen(out: "\(home)/\(name)") }
    try FileManager.default.copyItem(
      atPath: Repository.path("workloads/mixed-ttl.yaml"), toPath: home + "/mixed-ttl.yaml")
    let text = """
      cluster: shop
      engine: redis
      mode: \(cluster.description.isCluster ? "cluster" : "standalone")
      nodes: [\(cluster.masters.map { "\"\($0)\"" }.joined(separator: ", "))]
      capture: {cut: coherent, max_pause: 10s}
      answers: {profile: mixed-ttl.yaml, operations: 400, budget: 5s}

      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: home + "/shop.yaml"))
  }
}

/// Starts, fills and captures a ``CapturedRedis`` before the suite's first test, and ends it after its last.
struct CapturedRedisTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      try await SyntheticRedisCluster.with(.init(syncDelaySeconds: 0), name: "shop", below: folder) { cluster in
        try await cluster.fill(records: CapturedRedis.records, seed: CapturedRedis.seed)
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: cluster)
        let sealed = try await Firedrill.capture(
          cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
        let captured = CapturedRedis(cluster: cluster, home: home, backup: sealed.manifest.backup)
        try await CapturedRedis.$current.withValue(captured) { try await function() }
      }
    }
  }
}

extension Trait where Self == CapturedRedisTrait {
  static var capturedRedis: Self { Self() }
}
