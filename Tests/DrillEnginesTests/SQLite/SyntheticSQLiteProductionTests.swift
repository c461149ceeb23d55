import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

@Suite("The made-up SQLite production")
struct SyntheticSQLiteProductionTests {
  private func contents(seed: UInt64, churn: [UInt64], shards: Int = 4) async throws -> (Set<TestRow>, Int) {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: seed, records: 5000, shards: shards)
      let made = try await production.recordCount()
      for seed in churn { try await production.churn(changes: 300, seed: seed) }
      let content = try await SQLiteEngine().withLive(production.cluster) { try await readRows($0).content }
      await production.close()
      return (content, made)
    }
  }

  @Test("one seed gives one production, whatever the number of shards, and one course of changes")
  func deterministic() async throws {
    let (one, count) = try await contents(seed: 1, churn: [7, 8])
    #expect(count == 5000)
    #expect(try await contents(seed: 1, churn: [7, 8]).0 == one)
    #expect(try await contents(seed: 1, churn: [7, 8], shards: 3).0 == one)
    #expect(try await contents(seed: 2, churn: [7, 8]).0 != one)
    #expect(try await contents(seed: 1, churn: [7, 9]).0 != one)
  }

  @Test("rows lie on the shard that owns their slot, no reference dangles, and every table of note is filled")
  func wellFormed() async throws {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: 1, records: 5000)
      try await production.churn(changes: 2000, seed: 2)
      let backup = try await SQLiteEngine().withLive(production.cluster) { live in
        try await live.capture(production.cluster.capture, into: folder + "/") { _ in }
      }
      for file in backup.files {
        let (fold, facts) = try readRows(file)
        #expect(facts.problems.isEmpty && facts.notes.isEmpty)
        let slots = backup.topology.slotsAllowed(in: file.shard)
        #expect(fold.records.allSatisfy { slots.contains($0.slot) })
        #expect(Set(fold.records.map(\.namespace)).count == 6)
      }
      await production.close()
    }
  }
}
