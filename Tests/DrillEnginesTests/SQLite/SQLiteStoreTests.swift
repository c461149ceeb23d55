import DrillEngines
import DrillModel
import DrillProduction
import Foundation
import Testing

@Suite("SQLite sandboxes and what they answer")
struct SQLiteStoreTests {
  private let topology = Topology(
    epoch: 0, shards: [.init(name: "a", slots: SlotSet(0...8191)), .init(name: "b", slots: SlotSet(8192...16383))])

  private func twoShards(_ folder: String) throws -> [ArtifactFile] {
    let table = "CREATE TABLE t(id INTEGER PRIMARY KEY, v)"
    return [
      try makeDatabase(folder + "/one", shard: "a", table, "INSERT INTO t VALUES(1, 'x'), (2, NULL)"),
      try makeDatabase(folder + "/two", shard: "b", table, "INSERT INTO t VALUES(3, 2.5)"),
    ]
  }

  private func request(_ files: [ArtifactFile], _ topology: Topology, _ folder: String) -> SandboxRequest {
    SandboxRequest(files: files, topology: topology, clock: .now, folder: folder, isolation: .folder)
  }

  private func operation(
    _ sql: String, _ parameters: [Scalar] = [], slot: Int = 0, isOrdered: Bool = true
  ) -> DrillModel.Operation {
    DrillModel.Operation(name: "o", slot: Slot(slot), key: [], statement: .query(sql, parameters, isOrdered: isOrdered))
  }

  @Test("a sandbox is a private read-only copy that is gone afterwards, also after an error")
  func sandbox() async throws {
    try await withSQLiteFolder { folder in
      let files = try twoShards(folder)
      let work = folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      let contents = try files.reduce(into: Set<TestRow>()) { $0.formUnion(try readRows($1).fold.records) }
      try await SQLiteEngine().withSandbox(request(files, topology, work)) { sandbox in
        let inside = try FileManager.default.subpathsOfDirectory(atPath: work)
        #expect(inside.count == 3)
        for path in inside {
          let mode = try FileManager.default.attributesOfItem(atPath: work + "/" + path)[.posixPermissions] as? Int
          #expect(mode == (path.hasSuffix(".sqlite") ? 0o400 : 0o700))
        }
        #expect(sandbox.shards == ["a", "b"])
        #expect(try await readRows(sandbox).content == contents)
        #expect(sandbox.facts.isolation == .folder)
        #expect(sandbox.facts.isolationDetail.contains("one independent reader"))
        #expect(
          Set(sandbox.facts.phases.filter { $0.shard == nil }.map(\.phase)) == [.copy, .load, .ready, .firstAnswer])
        #expect(sandbox.facts.phases.filter { $0.shard == "b" }.count == 4)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: work).isEmpty)
      struct Stop: Error {}
      await #expect(throws: Stop.self) {
        try await SQLiteEngine().withSandbox(request(files, topology, work)) { _ in throw Stop() }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: work).isEmpty)
    }
  }

  @Test("what is no database is rejected as a restore; more isolation than there is is not pretended")
  func rejected() async throws {
    try await withSQLiteFolder { folder in
      try Data("no database at all".utf8).write(to: URL(fileURLWithPath: folder + "/x"))
      let files = [ArtifactFile(shard: "a", format: "sqlite", path: folder + "/x")]
      let work = folder + "/work"
      try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
      await #expect { try await SQLiteEngine().withSandbox(request(files, topology, work)) { _ in } } throws: { error in
        (error as? RestoreRejected)?.serverLines == ["file is not a database"]
      }
      let missing = [ArtifactFile(shard: "a", format: "sqlite", path: folder + "/y")]
      #expect(
        await drillErrorCode { try await SQLiteEngine().withSandbox(request(missing, topology, work)) { _ in } }
          == .artifactUnreadable)
      var strict = request(try twoShards(folder), topology, work)
      strict.isolation = .process
      #expect(await drillErrorCode { try await SQLiteEngine().withSandbox(strict) { _ in } } == .isolationUnavailable)
      #expect(try FileManager.default.contentsOfDirectory(atPath: work).isEmpty)
    }
  }

  @Test("answers are typed and come from the shard that owns the slot; errors of the contents are answers")
  func answers() async throws {
    try await withSQLiteFolder { folder in
      let files = try twoShards(folder)
      try await SQLiteEngine().withSandbox(request(files, topology, folder)) { sandbox in
        try await sandbox.withSession { session in
          let replies = await session.perform(
            [
              operation("SELECT v FROM t ORDER BY id"), operation("SELECT v, id FROM t", slot: 9000, isOrdered: false),
              operation("SELECT v FROM t WHERE id=?1", [.integer(2)]),
              operation("SELECT v FROM t WHERE id=?1", [.integer(9)]),
              operation("SELECT x FROM nothing"), operation("SELECT x'00'", slot: 16383),
            ], timeout: .seconds(20))
          #expect(
            replies.map(\.reply) == [
              .answered(.array([.array([.text([0x78])]), .array([.null])])),
              .answered(.unordered([.array([.real(2.5), .integer(3)])])), .answered(.array([.array([.null])])),
              .answered(.array([])), .answered(.error("SQL 1")), .answered(.array([.array([.blob([0])])])),
            ])
        }
      }
    }
  }

  @Test("without a slot map every shard is asked, and the rows come in the shards' order")
  func scattered() async throws {
    try await withSQLiteFolder { folder in
      let files = try twoShards(folder)
      let unmapped = Topology(
        epoch: 0, shards: [.init(name: "a", slots: .all), .init(name: "b", slots: .all)], mapsSlots: false)
      try await SQLiteEngine().withSandbox(request(files, unmapped, folder)) { sandbox in
        try await sandbox.withSession { session in
          let replies = await session.perform(
            [operation("SELECT id FROM t ORDER BY id DESC"), operation("SELECT count(*) FROM nothing")],
            timeout: .seconds(20))
          #expect(
            replies[0].reply
              == .answered(.array([.array([.integer(2)]), .array([.integer(1)]), .array([.integer(3)])])))
          #expect(replies[1].reply == .answered(.error("SQL 1")))
        }
      }
    }
  }

  @Test(
    "statements that do more than read, time-outs and slots that nobody owns give no answer, and the session goes on")
  func indeterminate() async throws {
    try await withSQLiteFolder { folder in
      let files = try twoShards(folder)
      try await SQLiteEngine().withSandbox(request([files[0]], topology, folder)) { sandbox in
        try await sandbox.withSession { session in
          let refused = [
            "DELETE FROM t", "ATTACH '\(folder)/two' AS other", "PRAGMA query_only=OFF", "BEGIN", "SELECT 1; SELECT 2",
            "",
            "VACUUM INTO '\(folder)/leak'", "CREATE TEMP TABLE x(a)",
          ]
          for reply in await session.perform(refused.map { operation($0) }, timeout: .seconds(20)) {
            guard case .indeterminate = reply.reply else {
              Issue.record("answered: \(reply)")
              continue
            }
          }
          let endless = operation(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n")
          let replies = await session.perform([endless], timeout: .milliseconds(50))
          #expect(replies.map(\.reply) == [.indeterminate("timed out")])
          let after = await session.perform(
            [operation("SELECT 1"), operation("SELECT 1", slot: 9000), operation("SELECT ?1")], timeout: .seconds(20))
          #expect(after[0].reply == .answered(.array([.array([.integer(1)])])))
          #expect(after[1].reply == .indeterminate("no shard owns slot 9000"))
          #expect(after[2].reply == .indeterminate("the statement has another number of parameters"))
          #expect(!FileManager.default.fileExists(atPath: folder + "/leak"))
        }
      }
    }
  }

  @Test("a live cluster and its restored backup give equal answers to operations of every kind")
  func liveAndRestored() async throws {
    try await withSQLiteFolder { folder in
      let production = try await SyntheticSQLiteProduction.make(in: folder, seed: 11, records: 4000, shards: 3)
      let engine = SQLiteEngine()
      let operations = (1...200).flatMap { id -> [DrillModel.Operation] in
        let slot = Int(engine.slot(ofKey: rowKey(Int64(id))).rawValue)
        return [
          operation("SELECT * FROM customers WHERE customer_id=?1", [.integer(Int64(id))], slot: slot),
          operation("SELECT * FROM orders WHERE customer_id=?1", [.integer(Int64(id))], slot: slot, isOrdered: false),
          operation(
            "SELECT country, sum(total_cents) FROM customers JOIN orders USING(customer_id) WHERE customer_id=?1",
            [.integer(Int64(id))], slot: slot),
        ]
      }
      try await engine.withLive(production.cluster) { live in
        let backup = try await live.capture(production.cluster.capture, into: folder + "/") { _ in }
        let asked = try await live.withSession { await $0.perform(operations, timeout: .seconds(20)).map(\.reply) }
        let answered = try await engine.withSandbox(request(backup.files, backup.topology, folder)) { sandbox in
          try await sandbox.withSession { await $0.perform(operations, timeout: .seconds(20)).map(\.reply) }
        }
        #expect(asked == answered && asked.count == 600)
        #expect(!asked.contains { if case .indeterminate = $0 { true } else { false } })
        #expect(Set(asked).count > 300)
      }
      await production.close()
    }
  }
}
