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
      #expect(facts.records == 3 && fold.libraries.count == 2)
      #expect(facts.problems.isEmpty && facts.notes.isEmpty && facts.unseen.isEmpty)
      #expect(
        facts.bytesRead == UInt64(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int ?? 0))
    }
  }

  @Test("a schema that computes with JSON is read, and what it computes: it is no damage")
  func computedColumns() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a",
        "CREATE TABLE t(id INTEGER PRIMARY KEY, d TEXT CHECK (json_valid(d)), k AS (json_extract(d, '$.k')))",
        "CREATE INDEX t_by_k ON t(k)", "CREATE INDEX t_by_n ON t(json_extract(d, '$.n'))",
        "INSERT INTO t(id, d) VALUES(1, '{\"k\":\"v\",\"n\":2}')")
      let (fold, facts) = try readRows(file)
      #expect(facts.problems.isEmpty)
      var expected = rowKey(1)
      expected.appendText(Array("{\"k\":\"v\",\"n\":2}".utf8))
      expected.appendText(Array("v".utf8))
      #expect(fold.records.map(\.body) == [expected])
      #expect(facts.notes.isEmpty && facts.unseen.isEmpty)
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

  @Test("where a table has no primary key its rows are compared whole, and the facts say so")
  func wholeRows() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE TABLE t(rowid TEXT, v)",
        "INSERT INTO t(_rowid_, rowid, v) VALUES(-3, 'x', 1), (12, 'x', 1), (13, NULL, 2)")
      let (fold, facts) = try readRows(file)
      var twice: [UInt8] = []
      twice.appendText(Array("x".utf8))
      twice.appendInteger(1)
      var null: [UInt8] = []
      null.appendNull()
      null.appendInteger(2)
      #expect(fold.records.map(\.key) == [twice, twice, null])
      #expect(fold.records.map(\.body) == [twice, twice, null])
      #expect(facts.notes == ["rows were compared whole, and not their rowids: table t has no primary key"])
      let other = try makeDatabase(
        folder + "/b", "CREATE TABLE t(rowid TEXT, v)",
        "INSERT INTO t(_rowid_, rowid, v) VALUES(1, NULL, 2), (2, 'x', 1), (3, 'x', 1)")
      #expect(try readRows(other).fold.sum == fold.sum)
    }
  }

  @Test(
    "a long row without a key stands under its first column and a digest, however it is read",
    arguments: [600, 300_000])
  func longWholeRows(size: Int) async throws {
    try await withSQLiteFolder { folder in
      let fill = "CAST(replace(hex(zeroblob(\(size / 2))), '0', 'z') AS TEXT)"
      let rows = "INSERT INTO t VALUES(7, \(fill), 1), (7, \(fill), 2), (\(fill), 7, 3)"
      let plain = try readRows(try makeDatabase(folder + "/a", "CREATE TABLE t(a, b, c)", rows)).fold
      // A hidden rowid and a computed column each make SQLite hand the values over whole.
      let hidden = try readRows(
        try makeDatabase(
          folder + "/b", "CREATE TABLE t(a, b, c)", "CREATE TABLE u(rowid, _rowid_, oid)",
          "INSERT INTO u" + rows.dropFirst(13))
      ).fold
      #expect(plain.count == 3 && plain.content.count == 3)
      #expect(plain.records.map(\.key) == hidden.records.map(\.key))
      #expect(plain.records.map(\.body) == hidden.records.map(\.body))
      #expect(plain.records[0].key.starts(with: rowKey(7)) && plain.records[0].key.count == 9 + 41)
      #expect(plain.records[2].key.count == 41)
      #expect(plain.records[0].slot == plain.records[1].slot)
      #expect(plain.records.allSatisfy { SQLiteEngine().slot(ofKey: $0.key) == $0.slot })
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
      #expect(fold.records.first { $0.namespace == "g" }?.body == rowKey(1, 5, 10, 15))
      #expect(fold.records.first { $0.namespace == "odd \" na'me" }?.body == rowKey(1, 2))
      #expect(fold.records.filter { $0.namespace == "edge" }.count == 3)
      #expect(facts.notes.isEmpty && facts.unseen.isEmpty)
    }
  }

  @Test("full-text and spatial tables are read through their modules; what is no content is named as left out")
  func virtualTables() async throws {
    try await withSQLiteFolder { folder in
      let file = try makeDatabase(
        folder + "/a", "CREATE VIRTUAL TABLE f USING fts5(body, \"odd name\")", "INSERT INTO f VALUES('words', 'more')",
        "CREATE VIRTUAL TABLE four USING fts4(body)", "INSERT INTO four VALUES('four words')",
        "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, +label)", "INSERT INTO r VALUES(4, 1, 2.5, 'here')",
        "CREATE VIRTUAL TABLE v USING fts5vocab(f, row)",
        "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO t DEFAULT VALUES",
        "CREATE VIEW w AS SELECT 1", "ANALYZE")
      let (fold, facts) = try readRows(file)
      #expect(Set(fold.records.map(\.namespace)) == ["f", "four", "r", "t"])
      var words: [UInt8] = []
      words.appendText(Array("words".utf8))
      words.appendText(Array("more".utf8))
      #expect(
        fold.records.first { $0.namespace == "f" }
          == TestRow(
            namespace: "f", key: rowKey(1), body: words, slot: SQLiteEngine().slot(ofKey: rowKey(1))))
      var place = rowKey(4)
      place.appendReal(1)
      place.appendReal(2.5)
      place.appendText(Array("here".utf8))
      #expect(fold.records.first { $0.namespace == "r" }?.body == place)
      #expect(facts.problems.isEmpty && facts.unseen.isEmpty)
      #expect(
        facts.notes.sorted() == [
          "f was read through its module fts5, and not what it is stored in",
          "four was read through its module fts4, and not what it is stored in",
          "left out, since it is derived: v, of module fts5vocab",
          "left out, since it is no content: sqlite_sequence, sqlite_stat1",
          "r was read through its module rtree, and not what it is stored in",
        ])
      #expect(!fold.libraries.keys.contains { $0.contains("sqlite_") })
      #expect(fold.libraries.keys.contains { $0.hasPrefix("view w, definition ") })
    }
  }

  @Test("a full-text table without contents of its own is compared by what its index is stored in")
  func contentless() async throws {
    try await withSQLiteFolder { folder in
      func read(_ name: String, _ word: String) throws -> (fold: RowFold, facts: ReadFacts) {
        try readRows(
          makeDatabase(
            "\(folder)/\(name)", "CREATE VIRTUAL TABLE f USING fts5(body, content='')",
            "CREATE TABLE t(id INTEGER PRIMARY KEY, body)",
            "CREATE VIRTUAL TABLE g USING fts5(body, content=\"t\", content_rowid=id)",
            "INSERT INTO f(rowid, body) VALUES(1, '\(word)')", "INSERT INTO t VALUES(1, 'same')",
            "INSERT INTO g(rowid, body) VALUES(1, 'same')"))
      }
      let (fold, facts) = try read("a", "one")
      #expect(Set(fold.records.map(\.namespace)).isSuperset(of: ["t", "f_data", "f_docsize", "g_data"]))
      #expect(!fold.records.contains { $0.namespace == "f" || $0.namespace == "g" })
      #expect(facts.notes.contains("f has no contents of its own: its index was compared as it is stored"))
      #expect(try read("b", "one").fold.sum == fold.sum)
      #expect(try read("c", "two").fold.sum != fold.sum)
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
      #expect(facts.records == 6 && fold.count == 4 && facts.problems.isEmpty)
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
      #expect(facts.records == 200_002 && fold.count == 200_000)
      #expect(fold.largestBatch < 1 << 19)
    }
  }
}
