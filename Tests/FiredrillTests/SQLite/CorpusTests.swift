import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("SQLite databases that others made")
struct CorpusTests {
  @Test("what is not at hand is named as not tried")
  func untried() {
    if !TestCorpus.missing.isEmpty {
      print("not tried, since make test-corpus did not fetch them: \(TestCorpus.missing.joined(separator: ", "))")
    }
    #expect(TestCorpus.paths.count + TestCorpus.missing.count == TestCorpus.names.count)
  }

  @Test(
    "each is captured, sealed, restored and found equal, and one changed value in it is found",
    arguments: TestCorpus.paths)
  func drilled(path: String) async throws {
    try await ForeignDatabase.withBackup(of: [path]) { bench in
      let drill = DrillBench.Drill(level: .content)
      let run = try await bench.run(drill)
      expectClean(run, at: .content)
      let records = try #require(run.coverage.first { $0.of == "records of the artifacts" }?.coverage)
      #expect(records.examined == records.declared && records.examined > 10)
      let table = try Self.plantChange(in: bench)
      let changed = try await bench.run(drill)
      expect(changed, .fail, [.contentDiffers], at: .compare)
      #expect(Set(changed.findings.compactMap(\.subject.namespace)) == [table])
    }
  }

  @Test("each has the fingerprint of its copy by VACUUM INTO", arguments: TestCorpus.paths)
  func vacuumed(path: String) async throws {
    try await TemporaryFolder.with { folder in
      try FileManager.default.copyItem(atPath: path, toPath: folder + "/a.db")
      try ForeignDatabase.execute(["VACUUM INTO '\(folder)/b.db'"], on: folder + "/a.db")
      let (one, other) = (
        try await Firedrill.fingerprint(of: folder + "/a.db"), try await Firedrill.fingerprint(of: folder + "/b.db")
      )
      #expect(one.root == other.root && one.records == other.records && one.problems.isEmpty)
    }
  }

  /// Changes one value of one row, of a column that no key, index or foreign key has part in, and returns its table.
  private static func plantChange(in bench: DrillBench) throws -> String {
    for (sql, table) in try changes(bench) where (try? bench.plant([sql])) != nil { return table }
    throw DrillError(.usage, subject: "corpus", detail: "no table of this database can be changed")
  }

  /// Updates that may be made: a constraint may still refuse one.
  private static func changes(_ bench: DrillBench) throws -> [(sql: String, table: String)] {
    let connection = try SQLiteConnection(path: bench.path(of: try bench.dataArtifacts()[0]), access: .sealed)
    defer { connection.close() }
    let columns = try connection.prepare(
      """
      SELECT l.name, c.name, ifnull((SELECT group_concat('"' || k.name || '"') FROM pragma_table_xinfo(l.name) k WHERE k.pk>0), 'rowid')
      FROM pragma_table_list l, pragma_table_xinfo(l.name) c
      WHERE l.schema='main' AND l.type='table' AND l.name NOT LIKE 'sqlite%' AND c.pk=0 AND c.hidden=0 AND c."notnull"=0
        AND (c.type='' OR c.type LIKE '%TEXT%' OR c.type LIKE '%CHAR%' OR l.strict=0)
        AND NOT EXISTS (SELECT 1 FROM sqlite_schema g WHERE g.type='trigger' AND g.tbl_name=l.name AND g.sql NOT LIKE '%INSERT ON%')
        AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(l.name) f WHERE f."from"=c.name)
        AND NOT EXISTS (SELECT 1 FROM pragma_index_list(l.name) i, pragma_index_info(i.name) n WHERE n.name=c.name)
      ORDER BY l.name, c.cid
      """)
    var changes: [(sql: String, table: String)] = []
    while try columns.step() {
      let (table, column, key) = (columns.string(0), columns.string(1), columns.string(2))
      guard let count = try connection.integer("SELECT count(*) FROM \"\(table)\""), count > 0 else { continue }
      changes.append(
        (
          "UPDATE \"\(table)\" SET \"\(column)\"='planted ' || ifnull(\"\(column)\", '')"
            + " WHERE (\(key)) IS (SELECT \(key) FROM \"\(table)\" LIMIT 1)",
          table
        ))
    }
    return changes
  }
}
