import DrillEngines
import DrillModel
import Foundation
import Testing

@Suite("SQLite files with a log or a journal beside them")
struct SQLiteLogTests {
  /// A database whose last transactions lie in its log alone: copied while a connection is open. `later` are committed one by one.
  private func hot(
    _ folder: String, pageSize: Int = 4096,
    _ later: [String] = ["INSERT INTO t VALUES(2, 'in the log')", "INSERT INTO t VALUES(3, 'too')"]
  ) throws -> ArtifactFile {
    let live = try SQLiteConnection(path: folder + "/live", access: .creator)
    defer { live.close() }
    for sql in [
      "PRAGMA page_size=\(pageSize)", "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0",
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES(1, 'in the file')",
      "PRAGMA wal_checkpoint(TRUNCATE)",
    ] + later { try live.execute(sql) }
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: folder + "/live" + suffix, toPath: folder + "/a" + suffix)
    }
    return ArtifactFile(shard: "a", format: "sqlite", path: folder + "/a")
  }

  private func change(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    body(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test(
    "a log is applied in a private copy: the rows are those that a server would have, and no byte beside the file changes"
  )
  func log() async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder)
      let before = try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: file.path + $0)) }
      let (fold, facts) = try readRows(file)
      #expect(fold.records.map(\.key) == [1, 2, 3].map { rowKey($0) })
      #expect(facts.problems.isEmpty)
      #expect(
        facts.notes.contains { $0.hasPrefix("the -wal beside it was applied in a private copy: 2 committed pages") })
      #expect(try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: file.path + $0)) } == before)
      #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)).subtracting(["live"]) == ["a", "a-wal"])
      // The neighbour: without its log it is another database, and a sound one.
      try FileManager.default.removeItem(atPath: file.path + "-wal")
      #expect(try readRows(file).fold.records.map(\.key) == [rowKey(1)])
    }
  }

  @Test(
    "a sandbox applies the log to its own copy, and holds what the artifact's reader read",
    arguments: [512, 4096, 65536])
  func restored(pageSize: Int) async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder, pageSize: pageSize)
      let request = SandboxRequest(
        files: [file], topology: Topology(epoch: 0, shards: [.init(name: "a", slots: .all)], mapsSlots: false),
        clock: .now,
        folder: folder, isolation: .folder)
      let read = try readRows(file).fold
      try await SQLiteEngine().withSandbox(request) { sandbox in
        let restored = try await readRows(sandbox)
        #expect(restored.content == read.content && restored.count == 3)
        #expect(restored.libraries == read.libraries)
      }
      #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)).subtracting(["live"]) == ["a", "a-wal"])
    }
  }

  @Test("transactions behind a frame that does not verify are found to be lost, where SQLite passes over them")
  func damagedLog() async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder)
      try change(file.path + "-wal") { $0[32 + 24 + 4000] ^= 1 }
      let (fold, facts) = try readRows(file)
      #expect(
        facts.problems == [
          .init(
            .undecodable, offset: 32,
            detail:
              "the -wal beside it cannot be applied: a frame in it does not verify, and transactions that were committed after"
              + " it are lost")
        ])
      #expect(fold.count == 0)
    }
  }

  @Test("a last frame that is cut off or does not verify is an unfinished transaction, as after a crash")
  func unfinished() async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder)
      try change(file.path + "-wal") { $0[$0.count - 1] ^= 1 }
      let (torn, facts) = try readRows(file)
      #expect(torn.records.map(\.key) == [1, 2].map { rowKey($0) } && facts.problems.isEmpty)
      #expect(facts.notes.contains { $0.hasPrefix("1 pages of an unfinished transaction") })
      try change(file.path + "-wal") { $0.removeLast(100) }
      #expect(try readRows(file).fold.records.map(\.key) == [1, 2].map { rowKey($0) })
    }
  }

  @Test("a log of another page size, of no known form, or with a damaged head is found, where SQLite passes over it")
  func foreignLog() async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder)
      let own = try Data(contentsOf: URL(fileURLWithPath: file.path + "-wal"))
      func problem(_ bytes: Data) throws -> ReadFacts.Problem? {
        try bytes.write(to: URL(fileURLWithPath: file.path + "-wal"))
        let facts = try readRows(file).facts
        #expect(facts.problems.count == 1 && facts.records == 0)
        return facts.problems.first
      }
      try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: false)
      let other = try hot(folder + "/other", pageSize: 1024)
      #expect(
        try problem(try Data(contentsOf: URL(fileURLWithPath: other.path + "-wal")))?.detail
          == "the -wal beside it cannot be applied: it is another database's, with pages of 1024 bytes where this one's have 4096"
      )
      #expect(
        try problem(Data("no log".utf8))?.detail
          == "the -wal beside it cannot be applied: it is shorter than a log's head")
      #expect(
        try problem(Data(repeating: 7, count: 4000))?.detail
          == "the -wal beside it cannot be applied: it does not begin as a log does")
      var head = own
      head[17] ^= 1
      #expect(
        try problem(head)?.detail == "the -wal beside it cannot be applied: the checksum of its head does not match")
      try own.write(to: URL(fileURLWithPath: file.path + "-wal"))
      #expect(try readRows(file).facts.problems.isEmpty)
    }
  }

  @Test("another database's log of the same page size never passes for the database's own", arguments: [1, 2, 3])
  func swappedLog(tables: Int) async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder)
      let own = try readRows(file).fold
      try FileManager.default.createDirectory(atPath: folder + "/other", withIntermediateDirectories: false)
      let other = try hot(
        folder + "/other",
        (0..<tables).flatMap { ["CREATE TABLE u\($0)(a UNIQUE, b)", "INSERT INTO u\($0) VALUES('x', 'y')"] })
      try FileManager.default.removeItem(atPath: file.path + "-wal")
      try FileManager.default.copyItem(atPath: other.path + "-wal", toPath: file.path + "-wal")
      let (fold, facts) = try readRows(file)
      #expect(!facts.problems.isEmpty || fold.content != own.content)
    }
  }

  @Test("a journal of a transaction that never ended is rolled back in a private copy")
  func journal() async throws {
    try await withSQLiteFolder { folder in
      let live = try SQLiteConnection(path: folder + "/live", access: .creator)
      defer { live.close() }
      for sql in [
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v)", "INSERT INTO t VALUES(1, 'committed')", "PRAGMA cache_size=1",
        "PRAGMA cache_spill=1", "BEGIN EXCLUSIVE", "UPDATE t SET v='not committed'",
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i+1 FROM n WHERE i<400) INSERT INTO t SELECT i, hex(randomblob(2000)) FROM n",
      ] { try live.execute(sql) }
      for suffix in ["", "-journal"] {
        try FileManager.default.copyItem(atPath: folder + "/live" + suffix, toPath: folder + "/a" + suffix)
      }
      // What the transaction had written into the file by then is not what was committed.
      let torn = try Data(contentsOf: URL(fileURLWithPath: folder + "/a"))
      try live.execute("ROLLBACK")
      #expect(torn.count > 2 * 4096)
      let file = ArtifactFile(shard: "a", format: "sqlite", path: folder + "/a")
      let journal = try Data(contentsOf: URL(fileURLWithPath: file.path + "-journal"))
      try #require(journal.count > 512)
      let (fold, facts) = try readRows(file)
      var expected = rowKey(1)
      expected.appendText(Array("committed".utf8))
      #expect(facts.problems.isEmpty && fold.records.map(\.body) == [expected])
      #expect(facts.notes.contains { $0.hasPrefix("a -journal lies beside it") })
      #expect(try Data(contentsOf: URL(fileURLWithPath: file.path + "-journal")) == journal)
    }
  }

  @Test("a log cut off or flipped anywhere never crashes, and never gives rows that were not committed")
  func flippedLog() async throws {
    try await withSQLiteFolder { folder in
      let file = try hot(folder, pageSize: 512)
      let whole = try Data(contentsOf: URL(fileURLWithPath: file.path + "-wal"))
      let states = [[1], [1, 2], [1, 2, 3]].map { $0.map { rowKey($0) } }
      for offset in stride(from: 0, to: whole.count, by: 7) {
        for isCut in [false, true] {
          var bytes = whole
          if isCut { bytes = bytes.prefix(offset) } else { bytes[offset] ^= 0x10 }
          try bytes.write(to: URL(fileURLWithPath: file.path + "-wal"))
          let (fold, facts) = try readRows(file)
          let keys = fold.records.map(\.key)
          #expect(facts.problems.isEmpty ? states.contains(keys) : keys.isEmpty, "byte \(offset), cut \(isCut)")
        }
      }
    }
  }
}
