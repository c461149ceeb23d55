import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

/// A small production on SQLite files, made and captured once for a suite; each test works on a copy.
struct CapturedShop: Sendable {
  static let records = 2000
  static let shards = 4

  @TaskLocal static var current: CapturedShop?

  let home: String
  let backup: String

  /// A test's own copy.
  static func withBench<R: Sendable>(_ body: (DrillBench) async throws -> R) async throws -> R {
    guard let shop = current else { preconditionFailure("the suite needs the trait .capturedShop") }
    return try await DrillBench.with(copyOf: shop.home, backup: shop.backup, body)
  }

  /// Makes the production, churns it, captures it and churns it again. `live/` stands as at the cut, `later/` as some changes afterwards.
  static func make(in home: String) async throws -> CapturedShop {
    let live = home + "/live"
    try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: true)
    let production = try await SyntheticSQLiteProduction.make(in: live, seed: 7, records: records, shards: shards)
    try await production.churn(changes: 200, seed: 8)

    for name in ["seal", "other"] { _ = try Firedrill.keygen(out: "\(home)/\(name)") }
    try FileManager.default.copyItem(
      atPath: Repository.path("workloads/documents.yaml"), toPath: home + "/documents.yaml")
    for (name, place) in [("shop", "live"), ("shop-later", "later")] {
      try Data(clusterFile(production.cluster.files, in: place).utf8).write(
        to: URL(fileURLWithPath: "\(home)/\(name).yaml"))
    }
    try FileManager.default.createDirectory(atPath: home + "/backups", withIntermediateDirectories: true)
    let sealed = try await Firedrill.capture(cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")

    let aside = home + "/aside"
    try await copyAtRest(live, to: aside, production)
    try await production.churn(changes: 300, seed: 9)
    await production.close()
    try FileManager.default.moveItem(atPath: live, toPath: home + "/later")
    try FileManager.default.moveItem(atPath: aside, toPath: live)
    return CapturedShop(home: home, backup: sealed.manifest.backup)
  }

  /// Copies files with their write-ahead logs, while nobody writes.
  private static func copyAtRest(
    _ folder: String, to other: String, _ production: SyntheticSQLiteProduction
  ) async throws {
    _ = try await production.recordCount()
    try FileManager.default.copyItem(atPath: folder, toPath: other)
    for name in try FileManager.default.contentsOfDirectory(atPath: other) where name.hasSuffix("-shm") {
      try FileManager.default.removeItem(atPath: "\(other)/\(name)")
    }
  }

  private static func clusterFile(_ files: [ClusterDescription.ShardFile], in place: String) -> String {
    var lines = ["cluster: shop", "engine: sqlite", "files:"]
    for file in files {
      let slots = file.slots.map { ", slots: \"\($0)\"" } ?? ""
      lines.append("  - {shard: \(file.name), path: \(place)/\(file.name).db\(slots)}")
    }
    lines += [
      "version_columns: {\"*\": version}",
      "tombstones: {customers: customers_deleted, orders: orders_deleted, sessions: sessions_deleted}",
      "capture: {cut: coherent, max_pause: 60s}",
      "answers: {profile: documents.yaml, operations: 400, budget: 60s}",
    ]
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Captures a ``CapturedShop`` before the suite's first test, and removes it after its last.
struct CapturedShopTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let shop = try await CapturedShop.make(in: folder + "/shop")
      try await CapturedShop.$current.withValue(shop) { try await function() }
    }
  }
}

extension Trait where Self == CapturedShopTrait {
  static var capturedShop: Self { Self() }
}
