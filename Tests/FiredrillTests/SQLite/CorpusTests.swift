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

  @Test("each is captured, sealed, restored and found equal, and one changed value in it is found", arguments: TestCorpus.paths)
  func drilled(path: String) async throws {
    try await ForeignDatabase.withBackup(of: [path]) { bench in
      let drill = DrillBench.Drill(level: .content)
      let run = try await bench.run(drill)
      expectClean(run, at: .content)
      let records = try #require(run.coverage.first { $0.of == "records of the artifacts" }?.coverage)
      #expect(records.examined == records.declared && records.examined > 10)
      let (change, table) = try Self.change(bench)
      try bench.plant([change])
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

  /// An update of one value of one row, in the first column of a table that no trigger, key, index or foreign key watches.
  private static func change(_ bench: DrillBench) throws -> (sql: String, table: String) {
    let connection = try SQLiteConnection(path: bench.path(of: try bench.dataArtifacts()[0]), access: .sealed)
    defer { connection.close() }
    let columns = try connection.prepare(
      """
      SELECT l.name, c.name FROM pragma_table_list l, pragma_table_xinfo(l.name) c
      WHERE l.schema='main' AND l.type='table' AND l.name NOT LIKE 'sqlite%' AND c.pk=0 AND c.hidden=0 AND c."notnull"=0
        AND NOT EXISTS (SELECT 1 FROM sqlite_schema g WHERE g.type='trigger' AND g.tbl_name=l.name)
        AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(l.name))
        AND NOT EXISTS (SELECT 1 FROM pragma_index_list(l.name) i, pragma_index_info(i.name) n WHERE n.name=c.name)
      ORDER BY l.name, c.cid
      """)
    while try columns.step() {
      let (table, column) = (columns.string(0), columns.string(1))
      guard let count = try connection.integer("SELECT count(*) FROM \"\(table)\""), count > 0 else { continue }
      let limit = "(SELECT min(rowid) FROM \"\(table)\")"
      guard (try? connection.integer("SELECT \(limit)")) != nil else { continue }
      return ("UPDATE \"\(table)\" SET \"\(column)\"='planted ' || ifnull(\"\(column)\", '') WHERE rowid=\(limit)", table)
    }
    throw DrillError(.usage, subject: "corpus", detail: "no table of this database can be changed")
  }
}
