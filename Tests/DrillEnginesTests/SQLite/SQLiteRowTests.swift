import DrillCrypto
import DrillEngines
import DrillModel
import Foundation
import Testing

@Suite("Rows of SQLite files as records")
struct SQLiteRowTests {
  @Test("a row is its columns in the table's order, each typed as it is stored")
  func typedColumns() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d, e)",
        "INSERT INTO t VALUES(7, NULL, -5, 1.5, 'zoé', x'00ff')")
      let (fold, facts) = try readRows(file)
      var expected: [UInt8] = []
      expected.appendInteger(7)
      expected.appendNull()
      expected.appendInteger(-5)
      expected.appendReal(1.5)
      expected.appendText(Array("zoé".utf8))
      expected.appendBlob([0, 0xff] as [UInt8])
      #expect(fold.records.map(\.namespace) == ["t"])
      #expect(fold.records.first?.key == rowKey(7))
      #expect(fold.records.first?.body == expected)
      #expect(facts.records == 1)
      #expect(facts.problems.isEmpty && facts.notes.isEmpty)
      #expect(
        facts.bytesRead == UInt64(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0))
    }
  }

  @Test("a schema that computes with JSON is read: it is no damage")
  func computedColumns() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, d TEXT CHECK (json_valid(d)), k AS (json_extract(d, '$.k')))",
        "CREATE INDEX t_by_k ON t(k)", "CREATE INDEX t_by_n ON t(json_extract(d, '$.n'))",
        "INSERT INTO t(id, d) VALUES(1, '{\"k\":\"v\",\"n\":2}')")
      let (fold, facts) = try readRows(file)
      #expect(facts.problems.isEmpty)
      #expect(fold.records.count == 1)
      #expect(facts.notes == ["not read: column t.k is computed, not stored"])
    }
  }

  @Test("values that SQL calls equal, or that look alike, have different bytes")
  func typesAreTold() async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let connection = try SQLiteConnection(path: path, access: .creator)
      try connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v)")
      let values: [Scalar] = [
        .integer(1), .real(1), .text("1"), .blob([0x31]), .null, .text(""), .blob([]), .real(0), .real(-0.0),
        .integer(0),
      ]
      let insert = try connection.prepare("INSERT INTO t VALUES(?1, ?2)")
      for (index, value) in values.enumerated() {
        try insert.bind(1, Int64(index))
        try insert.bind(2, value)
        try insert.run()
      }
      connection.close()
      let (fold, _) = try readRows(ArtifactFile(shard: "a", format: "sqlite", path: path))
      // The body without the key's column, which is nine bytes.
      let bodies = Set(fold.records.map { $0.body.dropFirst(9) })
      #expect(bodies.count == values.count)
    }
  }

  @Test("the slot is the first 14 bits of the digest of the key's first atom, and a customer's rows share it")
  func slots() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE c(id TEXT PRIMARY KEY, v)", "CREATE TABLE o(v, n INT, c TEXT, PRIMARY KEY(c, n))",
        "INSERT INTO c VALUES('anna', 1)", "INSERT INTO o VALUES(0, 1, 'anna'), (0, 2, 'anna')")
      let (fold, _) = try readRows(file)
      var atom: [UInt8] = []
      atom.appendText(Array("anna".utf8))
      let digest = SHA256.digest(atom).bytes
      let slot = Slot(Int(digest[0]) << 6 | Int(digest[1]) >> 2)
      #expect(fold.records.count == 3)
      #expect(fold.records.allSatisfy { $0.slot == slot })
      #expect(fold.records.allSatisfy { SQLiteEngine().slot(ofKey: $0.key) == $0.slot })
      var key = atom
      key.appendInteger(2)
      #expect(fold.records.contains { $0.namespace == "o" && $0.key == key })
    }
  }

  @Test("a key that is no sequence of atoms has a slot all the same")
  func strangeKeys() {
    let keys: [[UInt8]] = [[], [9], [1, 2], [3, 255, 255, 255, 255, 255, 255, 255, 255, 1], [0]]
    for key in keys { #expect(SQLiteEngine().slot(ofKey: key).rawValue < Slot.count) }
  }

  @Test("the same rows in another order, with another page size or journal give the same records")
  func layoutDoesNotMatter() async throws {
    try await withSQLiteFolder { folder in
      let table = "CREATE TABLE t(k TEXT, n INT, v, PRIMARY KEY(k, n))"
      let rows = (0..<500).map { "('k\($0 % 37)', \($0), 'value \($0 * 7)')" }
      let one = try makeDatabase(folder + "/1", table, "INSERT INTO t VALUES" + rows.joined(separator: ","))
      let other = try makeDatabase(
        folder + "/2", "PRAGMA page_size=512", "PRAGMA journal_mode=WAL", table, "CREATE INDEX i ON t(v, n, k)",
        "INSERT INTO t VALUES" + rows.reversed().joined(separator: ","), "DELETE FROM t WHERE n=3",
        "INSERT INTO t VALUES" + rows[3])
      let (a, b) = (try readRows(one).fold, try readRows(other).fold)
      #expect(a.content == b.content)
      #expect(a.sum == b.sum)
      #expect(a.records != b.records)
    }
  }

  @Test("where a table has no primary key its rowids are compared, and the facts say so")
  func rowids() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(rowid TEXT, v)",
        "INSERT INTO t(_rowid_, rowid, v) VALUES(-3, 'x', 1), (12, 'x', 1)")
      let (fold, facts) = try readRows(file)
      #expect(fold.records.map(\.key) == [rowKey(-3), rowKey(12)])
      #expect(facts.notes == ["rowids were compared: table t has no primary key"])
    }
  }

  @Test("tables WITHOUT ROWID, odd names, generated columns and the largest rowids are read")
  func otherTables() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE w(b TEXT, a INT, PRIMARY KEY(a, b)) WITHOUT ROWID", "INSERT INTO w VALUES('x', 1)",
        "CREATE TABLE \"odd \"\" na'me\"(\"co\"\"l\" INTEGER PRIMARY KEY, select_ INT)",
        "INSERT INTO \"odd \"\" na'me\" VALUES(1, 2)",
        "CREATE TABLE g(id INTEGER PRIMARY KEY, v INT, twice AS (v*2), thrice AS (v*3) STORED)",
        "INSERT INTO g(id, v) VALUES(1, 5)", "CREATE TABLE edge(id INTEGER PRIMARY KEY)",
        "INSERT INTO edge VALUES(\(Int64.max)), (\(Int64.min)), (0)")
      let (fold, facts) = try readRows(file)
      var key: [UInt8] = []
      key.appendInteger(1)
      key.appendText(Array("x".utf8))
      #expect(fold.records.first { $0.namespace == "w" }?.key == key)
      #expect(fold.records.first { $0.namespace == "g" }?.body == rowKey(1, 5, 15))
      #expect(fold.records.first { $0.namespace == "odd \" na'me" }?.body == rowKey(1, 2))
      #expect(fold.records.filter { $0.namespace == "edge" }.count == 3)
      #expect(facts.notes == ["not read: column g.twice is computed, not stored"])
    }
  }

  @Test("virtual tables and what they are stored in are named as not read; SQLite's own tables are passed over")
  func virtualTables() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE VIRTUAL TABLE f USING fts5(body)", "INSERT INTO f VALUES('words')",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t DEFAULT VALUES",
        "CREATE VIEW v AS SELECT 1",
        "ANALYZE")
      let (fold, facts) = try readRows(file)
      #expect(Set(fold.records.map(\.namespace)) == ["t"])
      #expect(facts.notes.contains("not read: f is a virtual table"))
      #expect(facts.notes.contains("not read: f_content belongs to a virtual table"))
      #expect(!facts.notes.contains { $0.contains("sqlite_") })
    }
  }

  @Test("texts of a UTF-16 database are its stored bytes, and the facts say so")
  func utf16() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "PRAGMA encoding='UTF-16le'", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)",
        "INSERT INTO t VALUES(1, 'ab')")
      let (fold, facts) = try readRows(file)
      var expected = rowKey(1)
      expected.appendText([0x61, 0, 0x62, 0] as [UInt8])
      #expect(fold.records.first?.body == expected)
      #expect(facts.notes == ["texts were compared as they are stored, in UTF-16le"])
    }
  }

  @Test("a selection of slots hands on their rows alone, and the parts add up to the whole")
  func selection() async throws {
    try await withSQLiteFolder { folder in
      let rows = (0..<300).map { "(\($0), \($0))" }.joined(separator: ",")
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES" + rows)
      let whole = try readRows(file)
      let half = SlotSet(0...8000)
      let (one, facts) = try readRows(file, .slots(half))
      let other = try readRows(file, .slots(SlotSet.all.subtracting(half))).fold
      #expect(one.records.allSatisfy { half.contains($0.slot) })
      #expect(one.count > 0 && other.count > 0)
      #expect(one.content.union(other.content) == whole.fold.content)
      #expect(facts.records == 300)
    }
  }

  @Test("large values come in pieces that put the row together again, whatever the table", arguments: [false, true])
  func largeValues(isWithoutRowid: Bool) async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let connection = try SQLiteConnection(path: path, access: .creator)
      try connection.execute(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c, d)" + (isWithoutRowid ? " WITHOUT ROWID" : ""))
      let blob = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      let text = Array(repeating: "día ", count: 400_000).joined()
      let insert = try connection.prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5)")
      let rows: [Int64] = [-1, 5, 6, 9]
      for id in rows {
        try insert.bind(1, id)
        // 5 and 9 are large, the last row too.
        try insert.bind(2, id == 5 ? .blob(blob) : .integer(id))
        try insert.bind(3, .real(0.5))
        try insert.bind(4, id == 5 || id == 9 ? .text(text) : .null)
        try insert.bind(5, .text("end"))
        try insert.run()
      }
      connection.close()
      let file = ArtifactFile(shard: "a", format: "sqlite", path: path)
      let (fold, facts) = try readRows(file)
      #expect(facts.records == 4 && fold.count == 4 && facts.problems.isEmpty)
      #expect(fold.records.map(\.key) == rows.map { rowKey($0) })
      #expect(fold.largestBatch < 1 << 20)
      #expect(fold.pieces > 30)
      var five = rowKey(5)
      five.appendBlob(blob)
      five.appendReal(0.5)
      five.appendText(Array(text.utf8))
      five.appendText(Array("end".utf8))
      #expect(rowBody(of: rowKey(5), in: fold) == five)
      let slots = SlotSet([SQLiteEngine().slot(ofKey: rowKey(6))])
      #expect(try readRows(file, .slots(slots)).fold.records.map(\.key) == [rowKey(6)])
    }
  }

  @Test("two hundred thousand rows come in batches of bounded size")
  func manyRows() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)",
        """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<200000)
        INSERT INTO t SELECT i, 'a value of some length, number ' || i FROM n
        """)
      let (fold, facts) = try readRows(file, keepsRecords: false)
      #expect(facts.records == 200_000 && fold.count == 200_000)
      #expect(fold.largestBatch < 1 << 19)
    }
  }
}
