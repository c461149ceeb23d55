import DrillCrypto
import DrillModel
import Foundation
import Testing

@testable import DrillEngines

@Suite("an increment of an SQLite file")
struct SQLiteIncrementTests {
  private let engine = SQLiteEngine()

  /// A table and what happens to it between two cuts.
  struct Kind: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var before: [String]
    var after: [String]
    /// Whether some of it has to be copied whole.
    var isCopied = false
  }

  static let kinds: [Kind] = [
    Kind(
      testDescription: "rows inserted, changed and deleted",
      before: [
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b TEXT)", "INSERT INTO t VALUES (1,1,'x'),(2,2.5,'y'),(3,NULL,'z')",
      ],
      after: ["INSERT INTO t VALUES (4, x'00ff', '')", "UPDATE t SET a=9 WHERE id=1", "DELETE FROM t WHERE id=2"]),
    Kind(
      testDescription: "nothing happened", before: ["CREATE TABLE t(id PRIMARY KEY, a)", "INSERT INTO t VALUES (1,1)"],
      after: []),
    Kind(
      testDescription: "a key that changes",
      before: ["CREATE TABLE t(id TEXT PRIMARY KEY, a)", "INSERT INTO t VALUES ('a',1),('b',2)"],
      after: ["UPDATE t SET id='c' WHERE id='a'"]),
    Kind(
      testDescription: "WITHOUT ROWID and a key of two columns",
      before: ["CREATE TABLE t(a, b, c, PRIMARY KEY(b, a)) WITHOUT ROWID", "INSERT INTO t VALUES (1,1,1),(1,2,2)"],
      after: ["UPDATE t SET c='new' WHERE b=2", "DELETE FROM t WHERE b=1", "INSERT INTO t VALUES ('x','y',NULL)"]),
    Kind(
      testDescription: "STRICT, large values and indexes",
      before: [
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a BLOB, b TEXT UNIQUE) STRICT", "CREATE INDEX i ON t(a)",
        "INSERT INTO t VALUES (1, zeroblob(900000), 'one'),(2, x'01', 'two')",
      ], after: ["UPDATE t SET a=randomblob(700000) WHERE id=2", "UPDATE t SET a=x'02' WHERE id=1"]),
    Kind(
      testDescription: "no primary key",
      before: ["CREATE TABLE t(a, b)", "INSERT INTO t VALUES (1,1),(1,1),(2,'two')"],
      after: ["DELETE FROM t WHERE rowid=1", "INSERT INTO t VALUES (NULL, x'aa')"], isCopied: true),
    Kind(
      testDescription: "NULL in a key",
      before: ["CREATE TABLE t(a PRIMARY KEY, b)", "INSERT INTO t VALUES (NULL,1),(1,2)"],
      after: ["UPDATE t SET b=9 WHERE a IS NULL", "INSERT INTO t VALUES (NULL, 3)"], isCopied: true),
    Kind(
      testDescription: "a change that a collation does not see",
      before: ["CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE)", "INSERT INTO t VALUES (1,'abc')"],
      after: ["UPDATE t SET a='ABC'"], isCopied: true),
    Kind(
      testDescription: "a key that a collation does not see change",
      before: ["CREATE TABLE t(id TEXT PRIMARY KEY COLLATE NOCASE, a)", "INSERT INTO t VALUES ('abc',1)"],
      after: ["UPDATE t SET id='ABC'"], isCopied: true),
    Kind(
      testDescription: "a change of type alone",
      before: ["CREATE TABLE t(id INTEGER PRIMARY KEY, a)", "INSERT INTO t VALUES (1,1)"],
      after: ["UPDATE t SET a=1.0"], isCopied: true),
    Kind(
      testDescription: "generated columns",
      before: [
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b GENERATED ALWAYS AS (a+1), c AS (a*2) STORED)",
        "INSERT INTO t(id,a) VALUES (1,1),(2,2)",
      ], after: ["UPDATE t SET a=7 WHERE id=1", "INSERT INTO t(id,a) VALUES (3,3)"], isCopied: true),
    Kind(
      testDescription: "two unique values that change places",
      before: ["CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)", "INSERT INTO t VALUES (1,'a'),(2,'b')"],
      after: ["UPDATE t SET u='c' WHERE id=1", "UPDATE t SET u='a' WHERE id=2", "UPDATE t SET u='b' WHERE id=1"],
      isCopied: true),
    Kind(
      testDescription: "AUTOINCREMENT",
      before: ["CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a)", "INSERT INTO t(a) VALUES (1),(2)"],
      after: ["INSERT INTO t(a) VALUES (3)", "DELETE FROM t WHERE a=3"], isCopied: true),
    Kind(
      testDescription: "foreign keys and triggers",
      before: [
        "CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE t(id INTEGER PRIMARY KEY, p REFERENCES p(id))",
        "CREATE TABLE log(id INTEGER PRIMARY KEY, what)",
        "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log(what) VALUES (new.id); END",
        "INSERT INTO p VALUES (1)", "INSERT INTO t VALUES (1,1)",
      ],
      after: [
        "INSERT INTO p VALUES (2)", "INSERT INTO t VALUES (2,2)", "DELETE FROM t WHERE id=1",
        "DELETE FROM p WHERE id=1",
      ]),
    Kind(
      testDescription: "FTS5",
      before: ["CREATE VIRTUAL TABLE t USING fts5(a, b)", "INSERT INTO t VALUES ('one two','x'),('three','y')"],
      after: [
        "INSERT INTO t VALUES ('four five', 'z')", "UPDATE t SET a='six' WHERE rowid=1", "DELETE FROM t WHERE rowid=2",
      ]),
    Kind(
      testDescription: "FTS4",
      before: ["CREATE VIRTUAL TABLE t USING fts4(a)", "INSERT INTO t VALUES ('one two'),('three')"],
      after: ["INSERT INTO t VALUES ('four')", "DELETE FROM t WHERE docid=1"]),
    Kind(
      testDescription: "R-tree",
      before: ["CREATE VIRTUAL TABLE t USING rtree(id, x0, x1)", "INSERT INTO t VALUES (1,0,1),(2,5,6)"],
      after: ["INSERT INTO t VALUES (3,2,3)", "DELETE FROM t WHERE id=1"]),
    Kind(
      testDescription: "UTF-16",
      before: [
        "PRAGMA encoding='UTF-16le'", "CREATE TABLE t(id TEXT PRIMARY KEY, a TEXT)", "CREATE TABLE n(a TEXT)",
        "INSERT INTO t VALUES ('ä','ö')",
      ],
      after: ["INSERT INTO t VALUES ('日本','😀')", "UPDATE t SET a='ü' WHERE id='ä'", "INSERT INTO n VALUES ('ß')"],
      isCopied: true),
    Kind(
      testDescription: "numbers in the header", before: ["CREATE TABLE t(id PRIMARY KEY)", "PRAGMA user_version=3"],
      after: ["PRAGMA user_version=4", "PRAGMA application_id=77"]),
    Kind(
      testDescription: "names that need quotes",
      before: [
        "CREATE TABLE \"a \"\"b;\"(\"x y\" PRIMARY KEY, \"select\")", "CREATE TABLE \"n'o\"(\"ü\")",
        "INSERT INTO \"a \"\"b;\" VALUES (1,1)",
      ],
      after: ["UPDATE \"a \"\"b;\" SET \"select\"=2", "INSERT INTO \"n'o\" VALUES (1)"], isCopied: true),
    Kind(
      testDescription: "statistics that come and go",
      before: ["CREATE TABLE t(id PRIMARY KEY, a)", "INSERT INTO t VALUES (1,1)"],
      after: ["ANALYZE", "INSERT INTO t VALUES (2,2)"]),
  ]

  private func position(_ time: Int64) -> String {
    SQLitePosition(schema: 1, time: Instant(millisecondsSince1970: time), versions: [:]).description
  }

  /// A base, and the increment that leads from it to what the statements make of it.
  private func make(
    _ folder: String, before: [String], after: [String]
  ) throws -> (base: ArtifactFile, whole: String, increment: [ArtifactFile]) {
    for name in ["/work", "/out", "/assembled"] {
      try FileManager.default.createDirectory(atPath: folder + name, withIntermediateDirectories: false)
    }
    let (base, whole) = (folder + "/base.sqlite", folder + "/work/whole.sqlite")
    func run(_ path: String, _ statements: [String]) throws {
      let connection = try SQLiteConnection(path: path, access: .creator)
      defer { connection.close() }
      for statement in statements { try connection.execute(statement) }
    }
    try run(base, before)
    try FileManager.default.copyItem(atPath: base, toPath: whole)
    try run(whole, after)
    let maker = IncrementMaker(
      shard: "a", base: base, whole: whole, from: position(1000), to: position(2000), work: folder + "/work",
      folder: folder + "/out")
    return (ArtifactFile(shard: "a", format: "sqlite", path: base), whole, try maker.make())
  }

  private func chain(_ base: ArtifactFile, _ increments: [ArtifactFile]...) -> ShardChain {
    ShardChain(
      shard: "a", base: base,
      increments: increments.enumerated().map { number, files in
        .init(
          backup: "shop-\(number + 1)", files: files, position: position(Int64(number + 2) * 1000),
          time: Instant(millisecondsSince1970: Int64(number + 2) * 1000))
      })
  }

  private func content(
    _ path: String
  ) throws -> (rows: Set<TestRow>, count: Int, declared: [String: [UInt8]], problems: [ReadFacts.Problem]) {
    var fold = RowFold()
    let facts = try engine.readArtifact(ArtifactFile(shard: "a", format: "sqlite", path: path), selection: .all) {
      fold.add($0)
    }
    return (Set(fold.records), fold.count, fold.libraries, facts.problems)
  }

  @Test("leads from its base to exactly what the store was", arguments: kinds)
  func leads(_ kind: Kind) async throws {
    try await withSQLiteFolder { folder in
      let (base, whole, increment) = try make(folder, before: kind.before, after: kind.after)
      let before = try Data(contentsOf: URL(fileURLWithPath: base.path))
      #expect(
        increment.map(\.format) == (kind.isCopied ? ["sqlite-changeset", "sqlite-tables"] : ["sqlite-changeset"]))
      for file in increment {
        let facts = try engine.incrementFacts(file)
        #expect(facts.problems.isEmpty && facts.shard == "a")
        #expect(facts.from == position(1000) && facts.to == position(2000))
      }
      let made = try engine.assemble(chain(base, increment), upTo: .end, in: folder + "/assembled")
      #expect(made.problems.isEmpty && made.position == position(2000))
      let (own, wanted) = (try content(made.file.path), try content(whole))
      #expect(own.rows == wanted.rows && own.count == wanted.count && own.declared == wanted.declared)
      #expect(own.problems.isEmpty && wanted.problems.isEmpty)
      #expect(try Data(contentsOf: URL(fileURLWithPath: base.path)) == before)
      func sequence(_ path: String) throws -> Int64? {
        let connection = try SQLiteConnection(path: path, access: .sealed)
        defer { connection.close() }
        return try? connection.integer("SELECT seq FROM sqlite_sequence")
      }
      #expect(try sequence(made.file.path) == sequence(whole))
    }
  }

  @Test(
    "is refused where the schema changed: a full backup is needed",
    arguments: [
      "ALTER TABLE t ADD COLUMN b", "CREATE TABLE u(id PRIMARY KEY)", "CREATE INDEX i ON t(a)", "DROP TABLE t",
    ])
  func schema(_ statement: String) async throws {
    try await withSQLiteFolder { folder in
      let error = #expect(throws: DrillError.self) {
        _ = try make(folder, before: ["CREATE TABLE t(id PRIMARY KEY, a)"], after: [statement])
      }
      #expect(error?.code == .referenceUnavailable && error?.detail.contains("take a full backup") == true)
    }
  }

  @Test(
    "says of each change that does not fit what it is made on that it conflicts",
    arguments: [
      ("UPDATE t SET a='other' WHERE id=1", "not what it was"), ("DELETE FROM t WHERE id=1", "not there"),
      ("INSERT INTO t VALUES (4,'there',NULL)", "there already"), ("UPDATE t SET u='taken' WHERE id=3", "constraint"),
      ("ALTER TABLE t ADD COLUMN more", "other columns"), ("DROP TABLE t", "other columns"),
      ("DROP TABLE n", "copied whole"),
    ])
  func conflicts(_ statement: String, _ words: String) async throws {
    try await withSQLiteFolder { folder in
      let (base, _, increment) = try make(
        folder,
        before: [
          "CREATE TABLE t(id INTEGER PRIMARY KEY, a, u UNIQUE)", "CREATE TABLE n(x)",
          "INSERT INTO t VALUES (1,'one','u1'),(2,'two','u2'),(3,'three','u3')",
        ],
        after: [
          "UPDATE t SET a='uno' WHERE id=1", "INSERT INTO t VALUES (4,'four',NULL)",
          "UPDATE t SET u='taken' WHERE id=2",
        ])
      let other = try SQLiteConnection(path: base.path, access: .writer)
      try other.execute(statement)
      other.close()
      let made = try engine.assemble(chain(base, increment), upTo: .end, in: folder + "/assembled")
      #expect(!made.problems.isEmpty)
      #expect(made.problems.allSatisfy { $0.backup == "shop-1" && $0.problem.kind == .conflict })
      #expect(made.problems.contains { $0.problem.detail.contains(words) }, "\(made.problems)")
    }
  }

  @Test("a chain stands at its base, at a time's last link, or at its end")
  func points() async throws {
    try await withSQLiteFolder { folder in
      let (base, _, increment) = try make(
        folder, before: ["CREATE TABLE t(id PRIMARY KEY)"], after: ["INSERT INTO t VALUES (1)"])
      func rows(_ point: RestorePoint) throws -> (Int, String?) {
        let place = "\(folder)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
        let made = try engine.assemble(chain(base, increment), upTo: point, in: place)
        return (try content(made.file.path).count, made.position)
      }
      let (early, late) = (Instant(millisecondsSince1970: 1999), Instant(millisecondsSince1970: 2000))
      #expect(try rows(.time(early)) == (0, nil))
      #expect(try rows(.time(late)) == (1, position(2000)))
      #expect(try rows(.positions(["a": position(1500)])) == (0, nil))
      #expect(try rows(.positions(["a": position(2000)])) == (1, position(2000)))
      #expect(try rows(.end) == (1, position(2000)))
    }
  }

  @Test("positions are ordered by their times, and equal where all versions are")
  func order() throws {
    #expect(engine.order(position(1), position(2)).map { $0 < 0 } == true)
    #expect(engine.order(position(2), position(1)).map { $0 > 0 } == true)
    #expect(engine.order(position(2), position(2)) == 0)
    #expect(engine.order("@schema=1;@time=5;t=8", "@schema=1;@time=9;t=8") == 0)
    #expect(engine.order("@schema=1;@time=5;t=8", "@schema=1;@time=9;t=9").map { $0 < 0 } == true)
    #expect(engine.order("@schema=1", "@schema=2") == nil)
    #expect(engine.order("replication:5", position(1)) == nil)
  }

  @Test("copies whole the table that a changeset cannot carry, and no other")
  func copiedAlone() async throws {
    try await withSQLiteFolder { folder in
      let (_, _, increment) = try make(
        folder,
        before: [
          "CREATE TABLE t(id INTEGER PRIMARY KEY, u UNIQUE)", "CREATE TABLE o(id INTEGER PRIMARY KEY, a)",
          "INSERT INTO t VALUES (1,'a'),(2,'b')", "INSERT INTO o VALUES (1,1)",
        ],
        after: [
          "UPDATE t SET u='c' WHERE id=1", "UPDATE t SET u='a' WHERE id=2", "UPDATE t SET u='b' WHERE id=1",
          "UPDATE o SET a=2",
        ])
      let read = try ChangesetFile.read(increment[0].path, shard: "a")
      #expect(read.file?.header.copied.map(\.name) == ["t"] && read.tables.map(\.name) == ["o"])
    }
  }

  // MARK: Damage

  private static let before = [
    "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)", "CREATE TABLE s(x TEXT, y, z, PRIMARY KEY(y,x)) WITHOUT ROWID",
    "INSERT INTO t VALUES (1,'one',1.5),(2,x'0203',NULL)", "INSERT INTO s VALUES ('k',1,'v')",
  ]
  private static let after = [
    "INSERT INTO t VALUES (300,'three',-1)", "UPDATE t SET a=NULL WHERE id=1", "DELETE FROM t WHERE id=2",
    "UPDATE s SET z='w'", "INSERT INTO s VALUES ('l',2,zeroblob(3))",
  ]

  @Test("cut off anywhere, and with any byte changed, it is damaged, and nothing of it is made")
  func damaged() async throws {
    try await withSQLiteFolder { folder in
      let (base, _, increment) = try make(folder, before: Self.before, after: Self.after)
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: increment[0].path)))
      let other = ArtifactFile(shard: "a", format: increment[0].format, path: folder + "/damaged")
      func expectDamage(_ damaged: [UInt8], _ what: String) throws {
        try Data(damaged).write(to: URL(fileURLWithPath: other.path))
        #expect(try !engine.incrementFacts(other).problems.isEmpty, "\(what)")
        let problems = try IncrementApplication(shard: "a", files: [other]).apply(to: base.path)
        #expect(!problems.isEmpty, "\(what)")
      }
      let whole = try Data(contentsOf: URL(fileURLWithPath: base.path))
      for end in bytes.indices { try expectDamage(Array(bytes[..<end]), "cut off at \(end)") }
      for index in bytes.indices {
        var flipped = bytes
        flipped[index] ^= 1 << UInt8(index % 8)
        try expectDamage(flipped, "byte \(index) changed")
      }
      try expectDamage(bytes + [0x54], "a byte more")
      #expect(try Data(contentsOf: URL(fileURLWithPath: base.path)) == whole)
    }
  }

  @Test(
    "a changeset that somebody made to do harm, its digest right, is refused or does not fit or is made, and never a crash"
  )
  func hostile() async throws {
    try await withSQLiteFolder { folder in
      let (base, _, increment) = try make(folder, before: Self.before, after: Self.after)
      let read = try ChangesetFile.read(increment[0].path, shard: "a")
      let file = try #require(read.file)
      #expect(read.tables.map(\.name) == ["s", "t"] && read.tables.map(\.changes) == [2, 3])
      let body = Array(try Data(contentsOf: URL(fileURLWithPath: increment[0].path))[Int(file.bodyOffset)...])
      var outcomes: [String: Int] = [:]
      func attempt(_ body: [UInt8]) throws {
        let path = folder + "/hostile"
        unlink(path)
        try ChangesetFile.write(file.header, to: path) { try $0.write(contentsOf: Data(body)) }
        let target = folder + "/target.sqlite"
        unlink(target)
        try FileManager.default.copyItem(atPath: base.path, toPath: target)
        let artifact = ArtifactFile(shard: "a", format: ChangesetFile.format, path: path)
        do {
          let problems = try IncrementApplication(shard: "a", files: [artifact]).apply(to: target)
          outcomes[problems.first?.kind.rawValue ?? "made", default: 0] += 1
        } catch is SQLiteFailure {
          outcomes["refused by SQLite", default: 0] += 1
        }
      }
      for end in body.indices { try attempt(Array(body[..<end])) }
      for index in body.indices {
        for bit in [0, 3, 7] {
          var flipped = body
          flipped[index] ^= 1 << UInt8(bit)
          try attempt(flipped)
        }
      }
      // Lengths and counts that no file holds.
      try attempt([0x54, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
      try attempt([0x54, 1, 1, 0x74, 0, 18, 0, 3, 0x87, 0xFF, 0xFF, 0xFF, 0x7F])
      try attempt([0x50, 1, 1, 0x74, 0])
      try attempt([18, 0, 5])
      try attempt(Array("T\u{1}\u{1}sqlite_schema\0".utf8) + [18, 0, 5])
      #expect((outcomes["undecodable"] ?? 0) > 100 && (outcomes["conflict"] ?? 0) > 10, "\(outcomes)")
      print("hostile changesets: \(outcomes.sorted { $0.key < $1.key })")
    }
  }

  @Test("a view in the place of a table that was copied whole is not run")
  func views() async throws {
    for (table, view) in [
      ("t0", "CREATE VIEW t0 AS SELECT 1 AS c0, 2 AS c1"),
      ("firedrill_link", "CREATE VIEW firedrill_link AS SELECT 'a' AS shard, '1' AS position_from, '2' AS position_to"),
    ] {
      try await withSQLiteFolder { folder in
        let (base, _, increment) = try make(
          folder, before: ["CREATE TABLE t(a, b)"], after: ["INSERT INTO t VALUES (1, 2)"])
        let tables = try #require(increment.last)
        let connection = try SQLiteConnection(path: tables.path, access: .writer)
        try connection.execute("DROP TABLE \(table)")
        try connection.execute(view)
        connection.close()
        if table == "t0" {
          let made = try engine.assemble(chain(base, increment), upTo: .end, in: folder + "/assembled")
          #expect(made.problems.map(\.problem.kind) == [.conflict])
        } else {
          #expect(try engine.incrementFacts(tables).problems.map(\.kind) == [.undecodable])
        }
      }
    }
  }
}
