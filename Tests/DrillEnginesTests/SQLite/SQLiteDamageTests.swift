import DrillEngines
import DrillModel
import Foundation
import Testing

@Suite("Damaged SQLite files")
struct SQLiteDamageTests {
  private func sound(_ path: String) throws -> ArtifactFile {
    let rows = (0..<400).map { "(\($0), 'value number \($0)', \($0 % 7))" }.joined(separator: ",")
    return try makeDatabase(
      path, "PRAGMA page_size=1024", "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, g INT)", "CREATE INDEX i ON t(g)",
      "CREATE TABLE w(id INT PRIMARY KEY, v) WITHOUT ROWID", "INSERT INTO t VALUES" + rows,
      "INSERT INTO w SELECT id, v FROM t WHERE id<50")
  }

  private func bytes(of file: ArtifactFile) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
  }

  private func write(_ bytes: some Sequence<UInt8>, _ path: String) throws -> ArtifactFile {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return ArtifactFile(shard: "a", format: "sqlite", path: path)
  }

  @Test("a sound file has no problem and nothing after its end")
  func soundFile() async throws {
    try await withSQLiteFolder { folder in
      let facts = try readRows(try sound(folder + "/a")).facts
      #expect(facts.problems.isEmpty)
      #expect(facts.bytesAfterEnd == 0)
      // The rows, two tables and an index, and all of these as one.
      #expect(facts.records == 454)
      #expect(facts.writer == "SQLite \(SQLiteEngine.version)")
      #expect(facts.formatVersion == 4)
    }
  }

  @Test("a page overwritten is found by the integrity check, with its offset, and no record is handed on")
  func overwrittenPage() async throws {
    try await withSQLiteFolder { folder in
      var content = try bytes(of: try sound(folder + "/a"))
      // Page 2 is the table's root; a page of another kind in its place.
      for offset in 1024..<1100 { content[offset] = 0x5A }
      let (fold, facts) = try readRows(try write(content, folder + "/b"))
      #expect(facts.problems.contains { $0.kind == .databaseCorrupt && $0.offset == 1024 })
      #expect(fold.count == 0)
    }
  }

  @Test("an index that lacks a row is found, where quick_check says ok; rowids are not told")
  func indexMissingRow() async throws {
    try await withSQLiteFolder { folder in
      let path = folder + "/a"
      let file = try makeDatabase(
        path, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "CREATE INDEX i ON t(v)", "INSERT INTO t VALUES(1, 1)",
        "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name='i'", "PRAGMA writable_schema=ON",
        "DELETE FROM sqlite_schema WHERE name='i'")
      try makeDatabase(path, "INSERT INTO t VALUES(776655, 2)")
      try makeDatabase(
        path, "PRAGMA writable_schema=ON", "INSERT INTO sqlite_schema SELECT * FROM kept", "DROP TABLE kept")
      #expect(try SQLiteConnection(path: path, access: .sealed).text("PRAGMA quick_check") == "ok")
      let (fold, facts) = try readRows(file)
      #expect(
        facts.problems.map(\.detail).sorted() == ["row … missing from index i", "wrong # of entries in index i"])
      #expect(facts.problems.allSatisfy { $0.kind == .databaseCorrupt })
      #expect(fold.count == 0)
      let mended = try makeDatabase(path, "REINDEX")
      #expect(try readRows(mended).facts.problems.isEmpty)
    }
  }

  @Test("rows whose parent is missing are counted per table, without values, and all rows are still read")
  func foreignKeys() async throws {
    try await withSQLiteFolder { folder in
      let schema = [
        "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(id INTEGER PRIMARY KEY, p INT REFERENCES p(id))",
        "INSERT INTO p VALUES(1)", "INSERT INTO c VALUES(1, 1), (2, NULL)",
      ].joined(separator: ";")
      let whole = try makeDatabase(folder + "/a", schema)
      #expect(try readRows(whole).facts.problems.isEmpty)
      let broken = try makeDatabase(folder + "/b", schema, "INSERT INTO c VALUES(3, 4242), (4, 4242)")
      let (fold, facts) = try readRows(broken)
      #expect(
        facts.problems == [.init(.foreignKey, detail: "2 rows of c refer to a row of p that is not there")])
      #expect(fold.count == 5)
    }
  }

  @Test("what is no database, or empty, or of a later format, is a fact")
  func notADatabase() async throws {
    try await withSQLiteFolder { folder in
      let content = try bytes(of: try sound(folder + "/a"))
      let text = try readRows(try write(Array("just text".utf8), folder + "/b")).facts
      #expect(text.problems == [.init(.undecodable, offset: 0, detail: "not an SQLite database")])
      let noise = try readRows(try write((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 97) }, folder + "/c")).facts
      #expect(noise.problems == [.init(.undecodable, offset: 0, detail: "not an SQLite database")])
      let empty = try readRows(try write([], folder + "/d")).facts
      #expect(empty.problems == [.init(.undecodable, offset: 0, detail: "the file is empty")])
      var later = content
      later[19] = 3
      #expect(try readRows(try write(later, folder + "/e")).facts.problems.map(\.kind) == [.unsupportedVersion])
    }
  }

  @Test("bytes after the end are counted, and the rows are read all the same")
  func trailingBytes() async throws {
    try await withSQLiteFolder { folder in
      let content = try bytes(of: try sound(folder + "/a"))
      let (fold, facts) = try readRows(try write(content + Array(repeating: 7, count: 77), folder + "/b"))
      #expect(facts.bytesAfterEnd == 77)
      #expect(facts.bytesRead == UInt64(content.count + 77))
      #expect(fold.count == 450 && facts.problems.isEmpty)
    }
  }

  @Test("a file that cannot be read or is a link is refused, not judged")
  func refused() async throws {
    try await withSQLiteFolder { folder in
      let file = try sound(folder + "/a")
      func code(_ path: String) async -> DrillError.Code? {
        await drillErrorCode { _ = try readRows(ArtifactFile(shard: "a", format: "sqlite", path: path)) }
      }
      #expect(await code(folder + "/nothing") == .artifactUnreadable)
      #expect(await code(folder) == .artifactUnreadable)
      try FileManager.default.createSymbolicLink(atPath: folder + "/link", withDestinationPath: file.path)
      #expect(await code(folder + "/link") == .artifactUnreadable)
      try FileManager.default.createSymbolicLink(atPath: folder + "/there", withDestinationPath: folder)
      #expect(await code(folder + "/there/a") == nil)
      try FileManager.default.createSymbolicLink(atPath: file.path + "-wal", withDestinationPath: folder + "/there/x")
      #expect(await code(file.path) == .artifactUnreadable)
      try FileManager.default.removeItem(atPath: file.path + "-wal")
      #expect(await code(file.path) == nil)
    }
  }

  @Test("a file cut off anywhere is never taken for a whole one")
  func truncated() async throws {
    try await withSQLiteFolder { folder in
      let content = try bytes(of: try sound(folder + "/a"))
      let steps =
        Array(stride(from: 0, to: content.count, by: 211)) + Array(stride(from: 0, to: content.count, by: 1024))
      for length in steps {
        let (fold, facts) = try readRows(try write(content.prefix(length), folder + "/b"))
        #expect(!facts.problems.isEmpty, "cut off after \(length) bytes")
        #expect(fold.count == 0, "cut off after \(length) bytes")
      }
    }
  }

  @Test("flipped bytes never crash the reader, and what it hands on without complaint differs or is whole")
  func flipped() async throws {
    try await withSQLiteFolder { folder in
      let whole = try sound(folder + "/a")
      let content = try bytes(of: whole)
      let sum = try readRows(whole).fold.sum
      var found = 0
      var state: UInt64 = 20_260_101
      func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
      }
      for round in 0..<400 {
        var damaged = content
        for _ in 0...(round % 3) { damaged[next(round % 2 == 0 ? content.count : 2048)] ^= UInt8(1 << next(8)) }
        let (fold, facts) = try readRows(try write(damaged, folder + "/b"))
        if !facts.problems.isEmpty || fold.sum != sum || facts.bytesAfterEnd > 0 { found += 1 }
      }
      // Free space and unused header fields hold nothing that a reader could miss; most of the file is rows.
      #expect(found > 200)
    }
  }
}
