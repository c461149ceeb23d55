import DrillEngines
import DrillModel
import DrillProduction
import DrillTesting
import Foundation
import Testing

@Suite("What every engine owes")
struct EngineConformanceTests {
  /// Runs the suite on a small SQLite production, as `engine` reads it.
  private func violations(_ engine: some Engine) async throws -> [Violation] {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: 5, records: 400, shards: 2)
      let work = folder + "/conformance"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      let queries = [
        "SELECT count(*) FROM customers", "SELECT * FROM orders ORDER BY rowid LIMIT 3", "SELECT 1 WHERE 0",
      ]
      let operations = queries.flatMap { sql in
        [0, 16383].map {
          DrillModel.Operation(
            name: sql, slot: Slot($0), key: [], statement: .query(sql, [], isOrdered: true))
        }
      }
      let violations = try await EngineConformance(
        engine, cluster: production.cluster, operations: operations, folder: work
      ).violations()
      await production.close()
      return violations
    }
  }

  @Test("the SQLite engine keeps every obligation")
  func sqlite() async throws { #expect(try await violations(SQLiteEngine()) == []) }

  @Test("the Redis engine keeps every obligation, single server and cluster", arguments: [false, true])
  func redis(isCluster: Bool) async throws {
    try await RedisFixture.withFolder { folder in
      let shape = SyntheticRedisCluster.Shape(masters: isCluster ? 3 : 1, replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, below: folder) { cluster in
        let keys = (0..<50).map { "key:\($0)" }
        try await cluster.send(keys.map { ["SET", $0, "value of \($0)"] })
        try await cluster.send(keys.map { ["RPUSH", "list:\($0)", "a", "b"] })
        let operations = (keys + ["list:key:7", "absent"]).flatMap { key in
          ["GET", "TYPE", "PTTL"].map { name in
            DrillModel.Operation(
              name: name, slot: RedisEngine().slot(ofKey: Array(key.utf8)), key: Array(key.utf8),
              statement: .command([Array(name.utf8), Array(key.utf8)]))
          }
        }
        let work = folder + "/suite"
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
        let found = try await EngineConformance(
          RedisEngine(), cluster: cluster.description, operations: operations, folder: work, isolation: .process
        ).violations()
        #expect(found == [])
      }
    }
  }

  @Test("an engine that does not keep an obligation is told which", arguments: LyingEngine.Lie.allCases)
  func liars(lie: LyingEngine.Lie) async throws {
    #expect(Set(try await violations(LyingEngine(lie: lie)).map(\.obligation)).contains(lie.breaks), "\(lie)")
  }
}
