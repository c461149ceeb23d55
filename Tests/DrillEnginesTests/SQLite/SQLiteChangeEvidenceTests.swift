import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

@Suite("Evidence of changes in SQLite files")
struct SQLiteChangeEvidenceTests {
  private let topology = Topology(epoch: 0, shards: [.init(name: "a", slots: .all)], mapsSlots: false)

  private func evidence(
    _ folder: String, tombstones: Bool = true, column: String = "version", restored: [String], later: [String]
  ) async throws -> SQLiteChangeEvidence {
    let schema = "CREATE TABLE t(k TEXT PRIMARY KEY, v, version); CREATE TABLE gone(k TEXT PRIMARY KEY, version);"
    try makeDatabase(folder + "/live", schema, "PRAGMA journal_mode=WAL", restored.joined(separator: ";"))
    let cluster = ClusterDescription(
      name: "c", engine: "sqlite", files: [.init(name: "a", path: folder + "/live", slots: nil)],
      versionColumns: ["*": column], tombstones: tombstones ? ["t": "gone"] : [:])
    try FileManager.default.createDirectory(atPath: folder + "/cut", withIntermediateDirectories: false)
    let backup = try await SQLiteEngine().withLive(cluster) { live in
      try await live.capture(CapturePlan(coherence: .coherent), into: folder + "/cut") { _ in }
    }
    let changed = try makeDatabase(folder + "/later", schema, later.joined(separator: ";"))
    return try SQLiteChangeEvidence(
      cut: backup.cut, restored: .init(files: backup.files, topology: topology),
      later: .init(files: [changed], topology: topology), cluster: cluster)
  }

  private func fact(_ evidence: SQLiteChangeEvidence, _ key: String, table: String = "t") -> ChangeFact {
    var bytes: [UInt8] = []
    bytes.appendText(Array(key.utf8))
    return evidence.evidence(namespace: table, key: bytes, slot: SQLiteEngine().slot(ofKey: bytes))
  }

  @Test("rows are judged by their version against the cut's largest, and a tie is none")
  func versions() async throws {
    try await withSQLiteFolder { folder in
      let evidence = try await evidence(
        folder, restored: ["INSERT INTO t VALUES('a', 1, 10), ('b', 1, 20), ('top', 1, 30)"],
        later: [
          "INSERT INTO t VALUES('a', 2, 31), ('b', 2, 20), ('top', 2, 30), ('new', 1, 32), ('old', 1, 7)",
          "INSERT INTO t VALUES('tie', 1, 30), ('none', 1, NULL)",
        ])
      #expect(fact(evidence, "a") == .version(isPastCut: true))
      #expect(fact(evidence, "b") == .version(isPastCut: false))
      #expect(fact(evidence, "top") == .version(isPastCut: false))
      #expect(fact(evidence, "new") == .version(isPastCut: true))
      #expect(fact(evidence, "old") == .version(isPastCut: false))
      #expect(fact(evidence, "tie") == .unknown)
      #expect(fact(evidence, "none") == .unknown)
      #expect(evidence.evidence(namespace: "t", key: [3, 9], slot: Slot(0)) == .unknown)
      #expect(fact(evidence, "a", table: "other") == .unknown)
    }
  }

  @Test("a deletion is judged by its tombstone, and one without speaks against it")
  func deletions() async throws {
    try await withSQLiteFolder { folder in
      let rows = ["INSERT INTO t VALUES('a', 1, 10), ('b', 1, 20), ('c', 1, 30)", "INSERT INTO gone VALUES('b', 25)"]
      let evidence = try await evidence(
        folder, restored: rows, later: ["INSERT INTO gone VALUES('b', 25), ('c', 31)"])
      #expect(fact(evidence, "a") == .unchanged)
      #expect(fact(evidence, "b") == .version(isPastCut: false))
      #expect(fact(evidence, "c") == .version(isPastCut: true))
      #expect(fact(evidence, "c", table: "gone") == .version(isPastCut: true))
    }
    try await withSQLiteFolder { folder in
      let evidence = try await evidence(
        folder, tombstones: false, restored: ["INSERT INTO t VALUES('a', 1, 10)"], later: [])
      #expect(fact(evidence, "a") == .deletedUnversioned)
    }
  }

  @Test(
    "a table without the version column has no evidence, texts are versions too, and an empty table's rows are all new")
  func otherColumns() async throws {
    try await withSQLiteFolder { folder in
      let evidence = try await evidence(
        folder, column: "updated", restored: ["INSERT INTO t VALUES('a', 1, 10)"],
        later: ["INSERT INTO t VALUES('a', 2, 11)"])
      #expect(fact(evidence, "a") == .unknown)
    }
    try await withSQLiteFolder { folder in
      let evidence = try await evidence(
        folder, restored: ["INSERT INTO t VALUES('a', 1, '2026-01-01T00:00:00Z')"],
        later: ["INSERT INTO t VALUES('a', 2, '2026-01-02T00:00:00Z'), ('b', 1, '2025-12-31T00:00:00Z'), ('c', 1, 5)"])
      #expect(fact(evidence, "a") == .version(isPastCut: true))
      #expect(fact(evidence, "b") == .version(isPastCut: false))
      #expect(fact(evidence, "c") == .unknown)
    }
    try await withSQLiteFolder { folder in
      let evidence = try await evidence(folder, restored: [], later: ["INSERT INTO t VALUES('a', 2, 11)"])
      #expect(fact(evidence, "a") == .version(isPastCut: true))
    }
  }

  @Test("every difference that production makes after the cut is explained, and a planted one is not")
  func production() async throws {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: 3, records: 8000, shards: 2)
      try await production.churn(changes: 500, seed: 4)
      for name in ["cut", "later"] {
        try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: false)
      }
      let engine = SQLiteEngine()
      func capture(_ name: String) async throws -> CapturedBackup {
        try await engine.withLive(production.cluster) { live in
          try await live.capture(production.cluster.capture, into: folder + "/" + name) { _ in }
        }
      }
      let cut = try await capture("cut")
      let made = try await production.churn(changes: 800, seed: 5)
      #expect(made.inserted > 50 && made.updated > 50 && made.deleted > 50)
      let later = try await capture("later")
      // Planted in the backup: one row altered, one dropped and one resurrected, each with a version of before.
      let sealed = try SQLiteConnection(path: cut.files[0].path, access: .writer)
      let untouched = "customer_id NOT IN (SELECT customer_id FROM theirs)"
      try sealed.execute("ATTACH '\(later.files[0].path)' AS later")
      try sealed.execute(
        """
        CREATE TEMP TABLE theirs AS SELECT customer_id FROM later.customers
        WHERE version > (SELECT max(version) FROM main.customers)
        """
      )
      let altered = try #require(try sealed.integer("SELECT min(customer_id) FROM main.customers WHERE \(untouched)"))
      let dropped = try #require(
        try sealed.integer(
          "SELECT max(customer_id) FROM main.customers JOIN later.customers USING(customer_id) WHERE \(untouched)"))
      try sealed.execute("UPDATE main.customers SET country='XX' WHERE customer_id=\(altered)")
      try sealed.execute("DELETE FROM main.customers WHERE customer_id=\(dropped)")
      try sealed.execute("INSERT INTO main.customers VALUES(9999999, 'e', 'DE', 1, NULL, '{}', 17)")
      sealed.close()
      for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: cut.files[0].path + suffix) }

      let window = ChangeWindow(
        cut: cut.cut, restored: cut.files, topology: cut.topology, snapshot: later, changes: nil, patience: .zero)
      let evidence = try await engine.changeEvidence(for: production.cluster, in: window)
      let before = Set(try cut.files.flatMap { try readRows($0).fold.records })
      let after = Set(try later.files.flatMap { try readRows($0).fold.records })
      var unexplained: Set<[UInt8]> = []
      var explained = 0
      for record in before.symmetricDifference(after) {
        let fact = evidence.evidence(namespace: record.namespace, key: record.key, slot: record.slot)
        switch fact {
        case .version(isPastCut: true): explained += 1
        case .version(isPastCut: false), .unchanged: unexplained.insert(record.key)
        default: Issue.record("\(fact) in \(record.namespace)")
        }
      }
      #expect(explained > 800)
      #expect(unexplained == [rowKey(altered), rowKey(dropped), rowKey(9_999_999)])
      await production.close()
    }
  }

  @Test("a position's text is read back as it was, whatever its names and versions")
  func positions() {
    let position = SQLitePosition(
      schema: 9,
      versions: [
        "plain": .integer(-12), "odd;=\"name%": .real(1e300), "é": .text("2026-01-01 00:00:00; =x"), "empty": .null,
        "r": .real(3),
      ])
    #expect(SQLitePosition(parsing: position.description) == position)
    #expect(
      SQLitePosition(schema: 9, versions: ["b": .integer(5), "a": .null]).description == "@schema=9;a=-;b=5")
    for text in ["", "a=1", "@schema=x", "@schema=1;a", "@schema=1;a=1;a=2", "@schema=1;a=b", "@schema=1;a=1=2"] {
      #expect(SQLitePosition(parsing: text) == nil, "\(text)")
    }
  }
}
