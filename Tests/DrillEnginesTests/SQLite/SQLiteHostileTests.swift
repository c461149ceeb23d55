import DrillEngines
import DrillModel
import Foundation
import Testing

@Suite("Hostile and broken SQLite files")
struct SQLiteHostileTests {
  private func write(_ bytes: some Sequence<UInt8>, _ path: String) throws -> ArtifactFile {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return ArtifactFile(shard: "a", format: "sqlite", path: path)
  }

  private func noise(_ count: Int, seed: UInt64 = 5) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(generator.index(below: 256)) }
  }

  private func problem(_ bytes: some Sequence<UInt8>, in folder: String) throws -> String? {
    let facts = try readRows(try write(bytes, folder + "/x")).facts
    #expect(facts.records == 0 && facts.problems.allSatisfy { $0.kind == .undecodable })
    return facts.problems.first?.detail
  }

  @Test("what is encrypted, packed, overwritten, empty or cut short is told apart in words")
  func whatItIs() async throws {
    try await withSQLiteFolder { folder in
      let sound = Array(
        try Data(
          contentsOf: URL(
            fileURLWithPath: makeDatabase(
              folder + "/a", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)",
              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<900) INSERT INTO t SELECT i, 'value ' || i FROM n"
            ).path)))
      #expect(try problem([], in: folder) == "the file is empty")
      #expect(try problem(Array("just some text, and no more of it".utf8), in: folder) == "not an SQLite database")
      #expect(
        try problem([0x1f, 0x8b] + noise(5000), in: folder)
          == "not an SQLite database but a gzip file; unpack it before it is sealed")
      #expect(try problem(Array("REDIS0011".utf8) + noise(100), in: folder) == "not an SQLite database but an RDB file")
      let random =
        "encrypted, or not an SQLite database: no magic, and its bytes look random; if it is encrypted, decrypt it with its key"
        + " before it is sealed"
      for seed in 1...20 { #expect(try problem(noise(8192, seed: UInt64(seed)), in: folder) == random, "seed \(seed)") }
      #expect(
        try problem(noise(16) + sound[16..<24] + noise(8192 - 24), in: folder)
          == "encrypted, but for the page size in its head: it has to be decrypted with its key before it is sealed")
      #expect(
        try problem(sound[..<100] + noise(sound.count - 100), in: folder)
          == "encrypted behind a head that is not: it has to be decrypted with its key before it is sealed")
      #expect(
        try problem([UInt8](repeating: 0, count: 16) + sound[16...], in: folder)
          == "the first 16 bytes are not an SQLite database's, and what follows is: its head was overwritten")
      #expect(
        try problem(sound.prefix(sound.count - 1000), in: folder)
          == "the file ends after \(sound.count - 1000) of \(sound.count) bytes")
      #expect(try readRows(try write(sound, folder + "/b")).facts.problems.isEmpty)
    }
  }

  @Test("views, triggers, columns and indexes that would load code are compared and never run")
  func codeInSchema() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES(1, 2)",
        "CREATE VIEW w AS SELECT load_extension('\(folder)/evil.so')",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('\(folder)/evil.so'); END",
        "CREATE VIEW \"sqlite\" AS SELECT fts3_tokenizer('simple', x'0102030405060708')",
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n")
      let (fold, facts) = try readRows(file)
      #expect(facts.problems.isEmpty && facts.unseen.isEmpty && fold.count == 1)
      #expect(fold.libraries.count == 6)
      let request = SandboxRequest(
        files: [file], topology: Topology(epoch: 0, shards: [.init(name: "a", slots: .all)], mapsSlots: false),
        clock: .now,
        folder: folder, isolation: .folder)
      try await SQLiteEngine().withSandbox(request) { sandbox in
        try await sandbox.withSession { session in
          let questions = [
            "SELECT * FROM w", "SELECT load_extension('x')", "SELECT fts3_tokenizer('simple', x'0102030405060708')",
            "SELECT writefile('x', 'y')",
          ].map {
            DrillModel.Operation(name: "o", slot: Slot(0), key: [], statement: .query($0, [], isOrdered: true))
          }
          for reply in await session.perform(questions, timeout: .seconds(20)).map(\.reply) {
            #expect(reply == .answered(.error("SQL 1")))
          }
        }
      }
    }
  }

  @Test("a table of a module that is not at hand is unseen and counted, and what it is stored in is compared")
  func missingModule() async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let file = try makeDatabase(
        path, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES(1, 2)",
        "CREATE TABLE places_node(id INTEGER PRIMARY KEY)",
        "INSERT INTO places_node VALUES(1)", "PRAGMA writable_schema=ON",
        "INSERT INTO sqlite_schema VALUES('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING quadtree(x, y)')"
      )
      let (fold, facts) = try readRows(file)
      #expect(facts.problems.isEmpty)
      #expect(
        facts.unseen == [
          .init(
            "virtual table places", records: 1,
            detail: "its module quadtree is not at hand; what it is stored in was compared")
        ])
      #expect(Set(fold.records.map(\.namespace)) == ["t", "places_node"])
      #expect(fold.libraries.keys.contains { $0.hasPrefix("table places, definition ") })
    }
  }

  @Test(
    "a function or a collation that is not at hand keeps nothing but its own column and its own checks from being looked at"
  )
  func missingFunction() async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let file = try makeDatabase(
        path, "CREATE TABLE t(id INTEGER PRIMARY KEY, v, w)", "INSERT INTO t VALUES(1, 2, 3)",
        "CREATE TABLE other(id INTEGER PRIMARY KEY, name TEXT)", "CREATE INDEX by_name ON other(name)",
        "INSERT INTO other VALUES(1, 'x')",
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_schema SET sql='CREATE TABLE t(id INTEGER PRIMARY KEY, v, w, z AS (title_sort(v)))' WHERE name='t'",
        "UPDATE sqlite_schema SET sql='CREATE INDEX by_name ON other(name COLLATE LOCALIZED)' WHERE name='by_name'")
      let (fold, facts) = try readRows(file)
      #expect(facts.problems.isEmpty)
      #expect(fold.records.map(\.namespace).sorted() == ["other", "t"])
      #expect(fold.records.first { $0.namespace == "t" }?.body == rowKey(1, 2, 3))
      #expect(Set(facts.unseen.map(\.name)) == ["column t.z", "free pages", "table other"])
      #expect(facts.unseen.first { $0.name == "column t.z" }?.records == 1)
    }
  }

  @Test("names with quotes, line ends, brackets and emoji are read, and two thousand tables")
  func oddNames() async throws {
    try await withSQLiteFolder { folder in
      let names = [
        "a\"b", "it's", "line\nend", "[x]", "`y`", "🚒 drill", "select", "a;b--", "%s", "ümläut", " ", "\u{1B}[2J",
        "back\\slash", "back\\x0aslash",
      ]
      let path = folder + "/a"
      let connection = try SQLiteConnection(path: path, access: .creator)
      try connection.execute("BEGIN")
      for name in names {
        let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
        try connection.execute("CREATE TABLE \(quoted)(\(quoted) INTEGER PRIMARY KEY, v)")
        try connection.execute("INSERT INTO \(quoted) VALUES(1, 2)")
      }
      for number in 0..<2000 {
        try connection.execute("CREATE TABLE many\(number)(id INTEGER PRIMARY KEY, v)")
        try connection.execute("INSERT INTO many\(number) VALUES(\(number), 1)")
      }
      try connection.execute("COMMIT")
      connection.close()
      let (fold, facts) = try readRows(ArtifactFile(shard: "a", format: "sqlite", path: path))
      #expect(facts.problems.isEmpty && facts.unseen.isEmpty)
      #expect(fold.count == names.count + 2000 && fold.libraries.count == names.count + 2001)
      // What a name could do to a screen is shown, and not done.
      #expect(
        Set(fold.records.map(\.namespace)).isSuperset(
          of: names.map {
            $0.replacing("\\", with: "\\\\").replacing("\n", with: "\\x0a").replacing("\u{1B}", with: "\\x1b")
          }))
      #expect(!fold.libraries.keys.contains { $0.contains("\n") || $0.contains("\u{1B}") })
    }
  }

  @Test("a length of a gigabyte in a record's head, or in a cell, is damage and not believed")
  func hugeLengths() async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      try makeDatabase(
        path, "PRAGMA page_size=1024", "CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)",
        "INSERT INTO t VALUES(1, x'\(String(repeating: "ab", count: 60))')")
      let sound = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      // The cell at the end of page 2: payload of 64 bytes (one byte), rowid 1, head of 4 bytes: its size, null, type 132 in two bytes.
      let cell = try #require(
        sound.indices.dropLast(6).first { $0 >= 1024 && Array(sound[$0..<($0 + 6)]) == [64, 1, 4, 0, 0x81, 0x04] })
      var head = sound
      // A blob of 2^30 bytes has type 2 × 2^30 + 12, in five bytes: the head grows into its value.
      head.replaceSubrange((cell + 2)..<(cell + 9), with: [7, 0, 0x88, 0x80, 0x80, 0x80, 0x0c])
      let (fold, facts) = try readRows(try write(head, folder + "/b"))
      #expect(
        facts.problems.map(\.kind).allSatisfy { $0 == .databaseCorrupt || $0 == .undecodable }
          && !facts.problems.isEmpty)
      #expect(fold.count == 0)
      var payload = sound
      payload.replaceSubrange(cell..<(cell + 5), with: [0x84, 0x80, 0x80, 0x80, 0x00])
      #expect(try !readRows(try write(payload, folder + "/c")).facts.problems.isEmpty)
      #expect(try readRows(ArtifactFile(shard: "a", format: "sqlite", path: path)).facts.problems.isEmpty)
    }
  }

  @Test(
    "a full-text index and an R-tree that do not fit their rows are damage, and sound ones are not",
    arguments: ["fts5", "fts4", "rtree"])
  func derivedDamage(module: String) async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let file =
        module == "rtree"
        ? try makeDatabase(
          path, "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200) INSERT INTO r SELECT i, i, i + 1 FROM n"
        )
        : try makeDatabase(
          path, "CREATE VIRTUAL TABLE r USING \(module)(body)", "INSERT INTO r VALUES('some words'), ('and others')")
      #expect(try readRows(file).facts.problems.isEmpty)
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(try readRows(file).facts.problems.isEmpty)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
      switch module {
      case "fts5": try makeDatabase(path, "UPDATE r_content SET c0='no such words' WHERE id=1")
      case "fts4": try makeDatabase(path, "UPDATE r_content SET c0body='no such words' WHERE docid=1")
      default: try makeDatabase(path, "DELETE FROM r_rowid WHERE rowid=7")
      }
      let facts = try readRows(file).facts
      #expect(facts.problems.map(\.kind) == [.databaseCorrupt] && facts.records == 0)
      #expect(
        facts.problems.first?.detail.hasPrefix(
          module == "rtree" ? "R-tree r:" : "full-text table r: its index is damaged") == true)
    }
  }

  @Test("Litestream's own tables are left out, and a table of the same name with other columns is not")
  func litestream() async throws {
    try await withSQLiteFolder { folder in
      let table = "CREATE TABLE t(id INTEGER PRIMARY KEY, v)"
      let row = "INSERT INTO t VALUES(1, 2)"
      let plain = try readRows(try makeDatabase(folder + "/a", table, row)).fold
      let (followed, facts) = try readRows(
        try makeDatabase(
          folder + "/b", table, row, "CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
          "CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)", "INSERT INTO _litestream_seq VALUES(1, 77)"))
      #expect(followed.content == plain.content && followed.libraries == plain.libraries)
      #expect(facts.notes == ["left out, since it is no content: _litestream_lock, _litestream_seq"])
      let own = try readRows(
        try makeDatabase(
          folder + "/c", table, row, "CREATE TABLE _litestream_seq(id INTEGER PRIMARY KEY, seq INTEGER, mine)",
          "INSERT INTO _litestream_seq VALUES(1, 77, 1)")
      ).fold
      #expect(own.count == 2 && own.libraries.count == 3)
    }
  }
}
