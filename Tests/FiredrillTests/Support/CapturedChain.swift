import DrillModel
import DrillProduction
import Firedrill
import Foundation
import GRDB
import Testing

/// A small production on SQLite files, backed up in full and then in increments while it goes on; captured once for a suite, and each test
/// works on a copy.
///
/// ```
/// <home>/backups/…        links[0], the full backup, and the increments on it
/// <home>/copies/0 …       the store at each cut, as `VACUUM INTO` copied it
/// ```
struct CapturedChain: Sendable {
  static let increments = 5
  static let records = 800
  static let shards = 2

  @TaskLocal static var current: CapturedChain?

  let home: String
  /// Oldest first.
  let links: [String]
  /// A full backup that was taken when the last increment was, and nothing had changed since.
  let second: String

  /// A test's own copy; its backup is the last increment.
  static func withBench<R: Sendable>(_ body: (DrillBench, CapturedChain) async throws -> R) async throws -> R {
    guard let chain = current, let tip = chain.links.last else {
      preconditionFailure("the suite needs the trait .capturedChain")
    }
    return try await DrillBench.with(copyOf: chain.home, backup: tip) { try await body($0, chain) }
  }

  static func make(in home: String) async throws -> CapturedChain {
    let live = home + "/live"
    for folder in [live, home + "/copies"] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    let production = try await SyntheticSQLiteProduction.make(in: live, seed: 11, records: records, shards: shards)
    for name in ["seal", "other"] { _ = try Firedrill.keygen(out: "\(home)/\(name)") }
    try Data(clusterFile(production.cluster.files).utf8).write(to: URL(fileURLWithPath: home + "/shop.yaml"))
    func capture(on predecessor: String?) async throws -> String {
      try await Firedrill.capture(
        cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal", on: predecessor
      ).manifest.backup
    }
    var links: [String] = []
    for number in 0...increments {
      try await production.churn(changes: 60, seed: 100 + UInt64(number))
      links.append(try await capture(on: number == 0 ? nil : "latest"))
      try copy(live, to: "\(home)/copies/\(number)")
    }
    let second = try await capture(on: nil)
    await production.close()
    return CapturedChain(home: home, links: links, second: second)
  }

  /// The store's own copy of itself, while nobody writes.
  private static func copy(_ live: String, to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    for number in 0..<shards {
      let queue = try DatabaseQueue(path: "\(live)/shard-\(number).db")
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "VACUUM INTO ?", arguments: ["\(folder)/shard-\(number).sqlite"])
      }
      try queue.close()
    }
  }

  static func clusterFile(_ files: [ClusterDescription.ShardFile]) -> String {
    let lines =
      ["cluster: shop", "engine: sqlite", "files:"]
      + files.map { "  - {shard: \($0.name), path: live/\($0.name).db, slots: \"\($0.slots?.description ?? "")\"}" } + [
        "version_columns: {\"*\": version}", "capture: {cut: coherent, max_pause: 60s}",
      ]
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Captures a ``CapturedChain`` before the suite's first test, and removes it after its last.
struct CapturedChainTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let chain = try await CapturedChain.make(in: folder + "/shop")
      try await CapturedChain.$current.withValue(chain) { try await function() }
    }
  }
}

extension Trait where Self == CapturedChainTrait {
  static var capturedChain: Self { Self() }
}

extension DrillBench {
  /// The same bench about another backup of its catalog.
  func about(_ backup: String) -> DrillBench { DrillBench(folder: folder, backup: backup) }
}

extension DrillBench {
  /// Runs one statement on a database below the bench's folder.
  func execute(_ sql: String, on path: String) throws {
    let queue = try DatabaseQueue(path: "\(folder)/\(path)")
    defer { try? queue.close() }
    try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
  }
}
