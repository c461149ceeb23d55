import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill of SQLite databases of any kind")
struct DatabaseKindTests {
  /// A kind of database, and one change of it that a backup must not have.
  struct Kind: Sendable, CustomTestStringConvertible {
    var name: String
    var setup: [String]
    var change: [String]
    var code = FindingCode.contentDiffers
    var stage = Stage.compare

    var testDescription: String { name }
  }

  static let kinds: [Kind] =
    [
      Kind(
        name: "WITHOUT ROWID",
        setup: [
          "CREATE TABLE t(a, b, v, PRIMARY KEY(b, a)) WITHOUT ROWID", "INSERT INTO t VALUES(1, 'x', 1), (2, 'x', 2)",
        ],
        change: ["UPDATE t SET v=3 WHERE a=2"]),
      Kind(
        name: "STRICT",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v ANY, w REAL) STRICT", "INSERT INTO t VALUES(1, 5, 5)"],
        change: ["UPDATE t SET v='5'"]),
      Kind(
        name: "virtual generated column",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v, w AS (v * 2))", "INSERT INTO t(id, v) VALUES(1, 2)"],
        change: [
          "PRAGMA writable_schema=ON",
          "UPDATE sqlite_schema SET sql='CREATE TABLE t(id INTEGER PRIMARY KEY, v, w AS (v * 3))' WHERE name='t'",
        ]),
      Kind(
        name: "stored generated column",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v, w AS (v * 2) STORED)", "INSERT INTO t(id, v) VALUES(1, 2)"],
        change: ["UPDATE t SET v=4"]),
      Kind(
        name: "NULL in a key",
        setup: [
          "CREATE TABLE t(a TEXT, b, v, PRIMARY KEY(a, b))",
          "INSERT INTO t VALUES(NULL, 1, 1), (NULL, 1, 2), ('x', NULL, 3)",
        ],
        change: ["UPDATE t SET v=9 WHERE v=2"]),
      Kind(
        name: "blob key, against the same bytes as text",
        setup: ["CREATE TABLE t(k PRIMARY KEY, v)", "INSERT INTO t VALUES(x'616263', 1), (x'00ff', 2)"],
        change: ["UPDATE t SET k='abc' WHERE v=1"]),
      Kind(
        name: "no primary key", setup: ["CREATE TABLE t(a, b)", "INSERT INTO t VALUES(1, 2), (1, 2), (3, 4)"],
        change: ["DELETE FROM t WHERE rowid=1"]),
      Kind(
        name: "text that is not UTF-8",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES(1, CAST(x'ff41' AS TEXT))"],
        change: ["UPDATE t SET v=CAST(x'fe41' AS TEXT)"]),
      Kind(
        name: "UTF-16 little-endian",
        setup: [
          "PRAGMA encoding='UTF-16le'", "CREATE TABLE t(k TEXT PRIMARY KEY, v)", "INSERT INTO t VALUES('zoé', 'a')",
        ],
        change: ["UPDATE t SET v='b'"]),
      Kind(
        name: "UTF-16 big-endian",
        setup: [
          "PRAGMA encoding='UTF-16be'", "CREATE TABLE t(k TEXT PRIMARY KEY, v)", "INSERT INTO t VALUES('zoé', 'a')",
        ],
        change: ["UPDATE t SET v='b'"]),
      Kind(
        name: "FTS5", setup: ["CREATE VIRTUAL TABLE f USING fts5(a, b)", "INSERT INTO f VALUES('one', 'two')"],
        change: ["UPDATE f SET b='three'"]),
      Kind(
        name: "FTS5, behind its module's back",
        setup: ["CREATE VIRTUAL TABLE f USING fts5(a, b)", "INSERT INTO f VALUES('one', 'two')"],
        change: ["UPDATE f_content SET c1='three'"], code: .databaseCorrupt, stage: .decode),
      Kind(
        name: "FTS5 without contents",
        setup: ["CREATE VIRTUAL TABLE f USING fts5(a, content='')", "INSERT INTO f(rowid, a) VALUES(1, 'one')"],
        change: ["INSERT INTO f(f) VALUES('delete-all')", "INSERT INTO f(rowid, a) VALUES(1, 'two')"]),
      Kind(
        name: "FTS4", setup: ["CREATE VIRTUAL TABLE f USING fts4(a)", "INSERT INTO f VALUES('one')"],
        change: ["UPDATE f SET a='two'"]),
      Kind(
        name: "FTS4 with languages",
        setup: ["CREATE VIRTUAL TABLE f USING fts4(a, languageid=\"lid\")", "INSERT INTO f(a, lid) VALUES('one', 3)"],
        change: ["UPDATE f SET lid=4"]),
      Kind(
        name: "FTS5 in WAL mode",
        setup: [
          "PRAGMA journal_mode=WAL", "CREATE VIRTUAL TABLE f USING fts5(a)", "INSERT INTO f VALUES('one')",
          "CREATE TABLE t(id INTEGER PRIMARY KEY)",
        ], change: ["INSERT INTO t VALUES(1)"]),
      Kind(
        name: "R-tree",
        setup: ["CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +v)", "INSERT INTO r VALUES(1, 1, 2, 'a')"],
        change: ["UPDATE r SET x1=3"]),
      Kind(
        name: "R-tree, behind its module's back",
        setup: [
          "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200) INSERT INTO r SELECT i, i, i+1 FROM n",
        ], change: ["DELETE FROM r_rowid WHERE rowid=5"], code: .databaseCorrupt, stage: .decode),
      Kind(
        name: "an index is missing",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t(v)", "INSERT INTO t VALUES(1, 2)"],
        change: ["DROP INDEX i"]),
      Kind(
        name: "a view is another",
        setup: ["CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE VIEW w AS SELECT v FROM t"],
        change: ["DROP VIEW w", "CREATE VIEW w AS SELECT id FROM t"]),
      Kind(
        name: "a trigger is missing",
        setup: [
          "CREATE TABLE t(id INTEGER PRIMARY KEY, v)",
          "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE id<0; END",
        ],
        change: ["DROP TRIGGER g"]),
      Kind(
        name: "an empty table is missing", setup: ["CREATE TABLE t(a)", "CREATE TABLE u(a)"], change: ["DROP TABLE u"]),
      Kind(
        name: "user_version", setup: ["CREATE TABLE t(a)", "PRAGMA user_version=7"], change: ["PRAGMA user_version=8"]),
      Kind(name: "application_id", setup: ["CREATE TABLE t(a)"], change: ["PRAGMA application_id=8"]),
      Kind(
        name: "a foreign key",
        setup: [
          "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p)",
          "INSERT INTO p VALUES(1)",
          "INSERT INTO c VALUES(1, 1)",
        ], change: ["DELETE FROM p"], code: .foreignKeyViolated, stage: .decode),
    ]
    + [512, 1024, 4096, 32768, 65536].flatMap { size in
      ["NONE", "FULL", "INCREMENTAL"].map { mode in
        Kind(
          name: "pages of \(size) bytes, auto-vacuum \(mode)",
          setup: [
            "PRAGMA page_size=\(size)", "PRAGMA auto_vacuum=\(mode)", "PRAGMA journal_mode=WAL",
            "CREATE TABLE t(id INTEGER PRIMARY KEY, v)",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO t SELECT i, hex(zeroblob(i * 5)) FROM n",
            "DELETE FROM t WHERE id%3=0",
          ], change: ["UPDATE t SET v='' WHERE id=100"])
      }
    }

  private func drill(_ bench: DrillBench) async throws -> Run { try await bench.run(DrillBench.Drill(level: .content)) }

  @Test("passes at content where nothing is wrong, and finds one change by its code", arguments: kinds)
  func kind(_ kind: Kind) async throws {
    try await ForeignDatabase.with(kind.setup) { path in
      try await ForeignDatabase.withBackup(of: [path]) { bench in
        expectClean(try await drill(bench), at: .content)
        try bench.plant(kind.change)
        expect(try await drill(bench), .fail, [kind.code], at: kind.stage)
      }
    }
  }

  @Test("finds a change in one of two shards whose tables have the same names and the same keys")
  func sameNames() async throws {
    let table = ["CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t(v)"]
    try await ForeignDatabase.with(table + ["INSERT INTO t VALUES(1, 'a'), (2, 'b')"]) { one in
      try await ForeignDatabase.with(table + ["INSERT INTO t VALUES(1, 'a'), (2, 'c')", "CREATE TABLE mine(a)"]) {
        other in
        try await ForeignDatabase.withBackup(of: [one, other]) { bench in
          // The shards' schemas differ, and that is no fault.
          expectClean(try await drill(bench), at: .content)
          try bench.plant(["UPDATE t SET v='c' WHERE id=2"])
          expect(try await drill(bench), .fail, [.contentDiffers], at: .compare)
        }
      }
    }
  }

  @Test("an index that one of two shards has lost is found, though the other still has it")
  func lostInOneShard() async throws {
    let table = ["CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t(v)"]
    try await ForeignDatabase.with(table) { path in
      try await ForeignDatabase.withBackup(of: [path, path]) { bench in
        expectClean(try await drill(bench), at: .content)
        try bench.plant(["DROP INDEX i"])
        expect(try await drill(bench), .fail, [.contentDiffers], at: .compare)
      }
    }
  }

  @Test("a copy by VACUUM INTO, and a file after VACUUM, have the fingerprint of the original")
  func vacuumed() async throws {
    let setup = Self.kinds.prefix(5).flatMap(\.setup).enumerated().map {
      $1.replacing("TABLE t(", with: "TABLE t\($0)(")
    }
    .filter { !$0.hasPrefix("INSERT") }
    let rows = [
      "CREATE TABLE n(a, b)", "INSERT INTO n VALUES(1, 2), (3, 4), (5, 6)", "DELETE FROM n WHERE a=3",
      "CREATE TABLE p(k TEXT PRIMARY KEY, v)", "INSERT INTO p VALUES('x', zeroblob(5000)), (NULL, 7)",
      "CREATE VIRTUAL TABLE f USING fts5(a)", "INSERT INTO f VALUES('one two'), ('three')",
      "DELETE FROM f WHERE rowid=1",
      "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)", "INSERT INTO r VALUES(7, 1, 2)", "PRAGMA user_version=3",
    ]
    try await ForeignDatabase.with(setup + rows) { path in
      let folder = (path as NSString).deletingLastPathComponent
      let original = try await Firedrill.fingerprint(of: path)
      try ForeignDatabase.execute(["VACUUM INTO '\(folder)/copy.db'"], on: path)
      let copy = try await Firedrill.fingerprint(of: folder + "/copy.db")
      #expect(copy.root == original.root && copy.records == original.records && original.records > 10)
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: path)) != Data(contentsOf: URL(fileURLWithPath: folder + "/copy.db")))
      try ForeignDatabase.execute(["PRAGMA page_size=512", "PRAGMA auto_vacuum=FULL", "VACUUM"], on: path)
      #expect(try await Firedrill.fingerprint(of: path).root == original.root)
      try ForeignDatabase.execute(["UPDATE n SET b=7 WHERE a=5"], on: folder + "/copy.db")
      #expect(try await Firedrill.fingerprint(of: folder + "/copy.db").root != original.root)
    }
  }

  @Test(
    "a table of a module that is not at hand makes a drill inconclusive, and its coverage says how much was not seen")
  func missingModule() async throws {
    let places =
      "INSERT INTO sqlite_schema VALUES('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING quadtree(x, y)')"
    try await ForeignDatabase.with(
      ["CREATE TABLE t(id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES(1)", "PRAGMA writable_schema=ON", places]
    ) { path in
      try await ForeignDatabase.withBackup(of: [path]) { bench in
        let run = try await drill(bench)
        expect(run, .inconclusive, obstacles: [.featureMissing])
        let records = try #require(run.coverage.first { $0.of == "records of the artifacts" }?.coverage)
        #expect(records.skipped == [.featureMissing: 1] && records.examined == 4 && records.declared == 5)
      }
    }
  }

  @Test("a schema that changed since the backup is accounted for by its version, in a live comparison")
  func liveSchema() async throws {
    let setup = [
      "PRAGMA journal_mode=WAL", "CREATE TABLE t(id INTEGER PRIMARY KEY, v, version)", "INSERT INTO t VALUES(1, 2, 3)",
    ]
    try await ForeignDatabase.with(setup) { path in
      try await ForeignDatabase.withBackup(of: [path], cluster: ["version_columns: {\"*\": version}"]) { bench in
        let live = DrillBench.Drill(level: .content, more: ["reference: live"])
        expectClean(try await bench.run(live), at: .content)
        try ForeignDatabase.execute(
          ["CREATE INDEX later ON t(v)", "INSERT INTO t VALUES(2, 2, 4)"], on: bench.folder + "/s0.db")
        let run = try await bench.run(live)
        expectClean(run, at: .content)
        // The row, the index, and the schema as a whole, which was one and is another.
        #expect(Set(run.drift.map(\.cause)) == [.versionAfterCut] && run.drift.reduce(0) { $0 + $1.count } == 4)
        // Nothing counts the changes of a program's own number.
        try ForeignDatabase.execute(["PRAGMA user_version=5"], on: bench.folder + "/s0.db")
        expect(try await bench.run(live), .inconclusive)
      }
    }
  }

  @Test("a log that was sealed as a database's companion is applied, and a damaged, a missing or a stray one is found")
  func companion() async throws {
    let setup = [
      "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)",
      "PRAGMA wal_checkpoint(TRUNCATE)",
    ]
    try await ForeignDatabase.with(setup + ["INSERT INTO t VALUES(1, 'a'), (2, 'b')"]) { path in
      try await ForeignDatabase.withBackup(of: [path]) { bench in
        // The same contents as the captured file's, the rows in the log alone.
        let artifact = try bench.dataArtifacts()[0]
        let target = bench.path(of: artifact)
        try ForeignDatabase.withHotCopy(setup, ["INSERT INTO t VALUES(1, 'a')", "INSERT INTO t VALUES(2, 'b')"]) {
          hot in
          for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: target + suffix)
            try FileManager.default.copyItem(atPath: hot + suffix, toPath: target + suffix)
          }
        }
        #expect(
          try await drill(bench).findings(.artifactUnexpected).map(\.subject.artifact) == [artifact.name + "-wal"])
        try bench.reseal { manifest in
          manifest.artifacts.append(
            Artifact(
              name: artifact.name + "-wal", role: .companion, shard: artifact.shard, format: "sqlite-log", sizeBytes: 0,
              digest: artifact.digest))
        }
        expectClean(try await drill(bench), at: .content)
        var log = try Data(contentsOf: URL(fileURLWithPath: target + "-wal"))
        log[32 + 24 + 100] ^= 1
        try log.write(to: URL(fileURLWithPath: target + "-wal"))
        try bench.reseal()
        expect(try await drill(bench), .fail, [.artifactUnreadable], at: .decode)
        try FileManager.default.removeItem(atPath: target + "-wal")
        let missing = try await drill(bench)
        #expect(missing.verdict == .fail && missing.firstFailingStage == .integrity)
        #expect(missing.findings(.artifactMissing).count == 1)
      }
    }
  }

  @Test("a manifest whose companion lies beside no data artifact is not read")
  func strayCompanion() async throws {
    try await ForeignDatabase.with(["CREATE TABLE t(a)"]) { path in
      try await ForeignDatabase.withBackup(of: [path]) { bench in
        try Data("log".utf8).write(to: URL(fileURLWithPath: bench.backupFolder + "/stray-wal"))
        try bench.reseal { manifest in
          manifest.artifacts.append(
            Artifact(
              name: "stray-wal", role: .companion, shard: "s0", format: "sqlite-log", sizeBytes: 0,
              digest: manifest.artifacts[0].digest))
        }
        expect(try await drill(bench), .fail, [.manifestUnreadable], at: .manifest)
      }
    }
  }

  @Test("a workload names any table: quoted names, composite, NULL and blob keys, rows without a key, full text")
  func anyTable() async throws {
    let workload = """
      workload: odd
      engine: sqlite
      mix:
        - {name: composite, table: "odd \\"na'me", sql: 'SELECT v FROM "odd ""na''me" WHERE a IS ?1 AND b IS ?2', parameters: [{key: 0}, {key: 1}]}
        - {name: whole, table: bag, sql: 'SELECT count(*), b FROM bag WHERE a IS ?1 GROUP BY b', parameters: [{key: 0}]}
        - {name: text, table: f, sql: 'SELECT body FROM f WHERE rowid=?1', parameters: [{key: 0}]}
        - {name: word, table: f, sql: 'SELECT body FROM f WHERE f MATCH ''words'' AND rowid=?1', parameters: [{key: 0}]}
        - {name: place, table: r, sql: 'SELECT low FROM r WHERE id=?1', parameters: [{key: 0}]}

      """
    let setup = [
      "CREATE TABLE \"odd \"\"na'me\"(a, b, v, PRIMARY KEY(a, b))",
      "INSERT INTO \"odd \"\"na'me\" VALUES(NULL, x'00ff', 1), ('x', NULL, 2), (1.5, 'y', 3)", "CREATE TABLE bag(a, b)",
      "INSERT INTO bag VALUES(NULL, 1), (NULL, 1), (2, 3)", "CREATE VIRTUAL TABLE f USING fts5(body)",
      "INSERT INTO f VALUES('some words')", "CREATE VIRTUAL TABLE r USING rtree(id, low, high)",
      "INSERT INTO r VALUES(1, 2, 3)",
    ]
    try await ForeignDatabase.with(setup) { path in
      try await ForeignDatabase.withBackup(
        of: [path], cluster: ["answers: {profile: odd.yaml, operations: 60, budget: 60s}"],
        files: ["odd.yaml": workload]
      ) { bench in
        let run = try await bench.run()
        expectClean(run, at: .answers)
        #expect(run.answers?.equal == 60)
        let asked = try bench.answers().operations
        #expect(Set(asked.map(\.name)) == ["composite", "whole", "text", "word", "place"])
        try bench.plant(["UPDATE \"odd \"\"na'me\" SET v=9", "UPDATE bag SET b=9"])
        expect(try await bench.run(), .fail, [.contentDiffers, .answerDiffers], at: .compare)
      }
    }
  }
}
