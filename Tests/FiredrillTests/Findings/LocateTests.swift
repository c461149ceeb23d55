import DrillCrypto
import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A record looked for in a catalog")
struct LocateTests {
  private typealias Entry = KeptBackups.Entry
  private typealias State = LocateResult.Place.State

  private func locate(
    _ key: String, in kept: KeptBackups, isHex: Bool = false, showsKeys: Bool = false, trust: [String]? = nil
  ) async throws -> LocateResult {
    try await Firedrill.locate(
      LocateRequest(
        key: key, isHex: isHex, catalogs: [kept.catalog], trust: trust ?? [kept.trusted], showsKeys: showsKeys,
        ledger: kept.folder + "/ledger.sqlite"))
  }

  private func states(_ result: LocateResult) -> [[State]] { result.records.map { $0.places.map(\.state) } }

  private func others(_ count: Int) -> [Entry] { (0..<count).map { Entry("other:\($0)", "o\($0)") } }

  @Test("over backups: here first, the same, changed, with another expiry, gone, and back")
  func history() async throws {
    try await KeptBackups.with { kept in
      let later = KeptBackups.cut(9).millisecondsSince1970
      let held: [Entry?] = [
        nil, Entry("user:1", "a"), Entry("user:1", "a"), Entry("user:1", "b", expiry: later),
        Entry("user:1", "b", expiry: later + 40), nil, Entry("user:1", "b"),
      ]
      for (index, entry) in held.enumerated() {
        try kept.addRedis(index + 1, ["s1": [0: others(20)], "s2": [0: others(9) + [entry].compactMap { $0 }]])
      }
      let result = try await locate("user:1", in: kept)
      #expect(states(result) == [[.absent, .appeared, .same, .changed, .expiryMoved, .absent, .appeared]])
      #expect(!result.isInconclusive && result.backups.map(\.manifest) == Array(repeating: "trusted", count: 7))
      let record = try #require(result.records.first)
      #expect(record.cluster == "shop" && record.namespace == "db0" && record.engine == "redis")
      let copies = record.places.flatMap(\.copies)
      #expect(Set(copies.map(\.shard)) == ["s2"] && Set(copies.map(\.artifact)) == ["s2.rdb"])
      #expect(copies[0].digest == copies[1].digest && copies[1].digest != copies[2].digest)
      #expect(copies[3].expiresAt?.millisecondsSince1970 == later + 40)
      #expect(copies.allSatisfy { $0.isAsSealed == true } as Bool)
      #expect(!result.text.contains("user:1"), "a key in clear that nobody asked for")
      let clear = try await locate("user:1", in: kept, showsKeys: true)
      #expect(clear.text.contains("user:1 in db0") && clear.records[0].places[1].copies[0].digest.count == 64)

      let nowhere = try await locate("user:2", in: kept)
      #expect(nowhere.records.isEmpty && !nowhere.isInconclusive && nowhere.text.contains("in none of 7 backups"))
    }
  }

  @Test("in two databases and on two shards, each is told apart")
  func namespaces() async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry("k", "a")], 3: [Entry("k", "b")]], "s2": [0: [Entry("k", "c")]]])
      let result = try await locate("k", in: kept)
      #expect(result.records.map(\.namespace).sorted() == ["db0", "db3"])
      let first = try #require(result.records.first { $0.namespace == "db0" })
      #expect(first.places[0].copies.map(\.shard) == ["s1", "s2"])
    }
  }

  @Test("a record that had expired at the cut is said to be no server's")
  func expired() async throws {
    try await KeptBackups.with { kept in
      let cut = KeptBackups.cut(1).millisecondsSince1970
      try kept.addRedis(1, ["s1": [0: [Entry("old", "a", expiry: cut - 1), Entry("new", "a", expiry: cut + 1)]]])
      #expect(try await locate("old", in: kept).records[0].places[0].copies[0].isExpired)
      #expect(try await locate("new", in: kept).records[0].places[0].copies[0].isExpired == false)
    }
  }

  @Test(
    "keys that are mark-up, 10,000 characters long, or no text at all",
    arguments: [
      (Array("<script>alert(1)</script>".utf8), false), ([UInt8](repeating: 0x61, count: 10_000), false),
      ([0xFF, 0x00, 0xC3, 0x28, 0x5C, 0x0A], true),
    ])
  func oddKeys(key: [UInt8], isHex: Bool) async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry(key, "v")] + others(3)]])
      try kept.addRedis(2, ["s1": [0: others(3)]])
      let typed = isHex ? key.map { String(format: "%02x", $0) }.joined() : String(decoding: key, as: UTF8.self)
      let result = try await locate(typed, in: kept, isHex: isHex, showsKeys: true)
      #expect(states(result) == [[.appeared, .absent]])
      #expect(result.text.split(separator: "\n").allSatisfy { $0.count < 300 } as Bool)
      let shown = try #require(result.records.first).key.text
      // As it is shown, it can be typed.
      #expect(states(try await locate(shown, in: kept)) == [[.appeared, .absent]])
      // And as a finding shows it.
      _ = try Ledger.open(at: kept.folder + "/ledger.sqlite")
      let redacted = try await locate(typed, in: kept, isHex: isHex)
      let name = try #require(redacted.records.first).key.text
      #expect(name.hasPrefix("key:") && name.count == 20)
      let found = try await locate(name, in: kept)
      #expect(states(found) == [[.appeared, .absent]] && found.key.text == name)
    }
  }

  @Test("a row is found by its primary key, a number or text, of one column or of two; and not by its likeness")
  func rows() async throws {
    try await KeptBackups.with { kept in
      let sql = """
        CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE tag (name TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
        CREATE TABLE line (bill INTEGER, pos INTEGER, what TEXT, PRIMARY KEY (bill, pos)) WITHOUT ROWID;
        INSERT INTO item VALUES (42, 'a'), (43, 'b'); INSERT INTO tag VALUES ('42', 1), ('x,y', 2);
        INSERT INTO line VALUES (42, 7, 'first');
        """
      try kept.addSQLite(1, sql)
      try kept.addSQLite(2, sql + "UPDATE item SET name = 'c' WHERE id = 42; DELETE FROM line;")
      let number = try await locate("42", in: kept)
      #expect(number.records.map(\.namespace).sorted() == ["item", "tag"])
      let states = Dictionary(
        uniqueKeysWithValues: number.records.map { ($0.namespace, $0.places.map(\.state)) })
      #expect(states == ["item": [.appeared, .changed], "tag": [.appeared, .same]])
      #expect(self.states(try await locate("42,7", in: kept)) == [[.appeared, .absent]])
      #expect(try await locate("x,y", in: kept).records.map(\.namespace) == ["tag"])
      #expect(try await locate("42,8", in: kept).records.isEmpty)
    }
  }

  @Test("one catalog with the backups of two engines is read with each one's own reader")
  func engines() async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry("42", "v")]]])
      try kept.addSQLite(2, "CREATE TABLE item (id INTEGER PRIMARY KEY); INSERT INTO item VALUES (42);")
      let result = try await locate("42", in: kept)
      #expect(result.records.map { "\($0.engine) \($0.cluster)" } == ["redis shop", "sqlite books"])
      #expect(result.records.map { $0.places.count } == [1, 1], "a cluster's own backups alone")
    }
  }

  @Test("what could not be read is named, and where nothing was found, nothing is told")
  func unreadable() async throws {
    try await KeptBackups.with { kept in
      for day in 1...4 { try kept.addRedis(day, ["s1": [0: others(50) + [Entry("late", "v")]]]) }
      // Cut off before its end; gone; another manifest's; not a manifest.
      let whole = try Data(contentsOf: URL(fileURLWithPath: kept.path(1, "s1.rdb")))
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: kept.path(1, "s1.rdb")))
      try FileManager.default.removeItem(atPath: kept.path(2, "s1.rdb"))
      try Data("{}".utf8).write(to: URL(fileURLWithPath: kept.path(3, "manifest.dsse.json")))
      let result = try await locate("late", in: kept)
      let byCluster = Dictionary(uniqueKeysWithValues: result.records.map { ($0.cluster, $0.places) })
      #expect(byCluster["shop"]?.map(\.state) == [.unknown, .unknown, .appeared])
      #expect(byCluster[""]?.map(\.state) == [.appeared], "the file is read, though nothing says whose it is")
      #expect(!result.isInconclusive)
      let gaps = Dictionary(uniqueKeysWithValues: result.backups.map { ($0.backup, $0.gaps) })
      #expect(gaps[KeptBackups.id(1)]?.contains { $0.reason.contains("not what was sealed") } == true)
      #expect(gaps[KeptBackups.id(1)]?.contains { $0.reason.contains("cannot be read in full") } == true)
      #expect(gaps[KeptBackups.id(2)]?.first?.artifact == "s1.rdb")
      #expect(gaps[KeptBackups.id(4)] == [])
      #expect(result.backups.map(\.manifest).filter { $0 == "manifest-unreadable" }.count == 1)

      let nowhere = try await locate("never", in: kept)
      #expect(nowhere.records.isEmpty && nowhere.isInconclusive)
      let flags = ["--trust", kept.trusted, "--ledger", kept.folder + "/ledger.sqlite"]
      let program = try FiredrillProgram.run(["locate", "never", kept.catalog] + flags, in: kept.folder)
      #expect(program.status == 2 && program.output.contains("NOT LOOKED AT \(KeptBackups.id(2))"), "\(program)")
      #expect(try FiredrillProgram.run(["locate", "late", kept.catalog] + flags, in: kept.folder).status == 0)
    }
  }

  @Test("bytes that are not what was sealed are read, and said to be so; signatures are told apart")
  func seals() async throws {
    try await KeptBackups.with { kept in
      let stranger = try SigningKey.generate(.ed25519)
      try kept.addRedis(1, ["s1": [0: [Entry("k", "a")]]], sealedWith: stranger)
      try kept.addRedis(2, ["s1": [0: [Entry("k", "a")]]])
      let changed = KeptBackups.rdb([0: [Entry("k", "z")]])
      try Data(changed).write(to: URL(fileURLWithPath: kept.path(2, "s1.rdb")))
      let result = try await locate("k", in: kept)
      #expect(result.backups.map(\.manifest) == ["signature-untrusted", "trusted"])
      #expect(result.records[0].places.map { $0.copies[0].isAsSealed } == [true, false])
      #expect(result.text.contains("NOT what was sealed"))
      #expect(try await locate("k", in: kept, trust: []).backups.map(\.manifest) == ["not checked", "not checked"])
    }
  }

  @Test("an increment that does not hold a record says nothing of it")
  func increments() async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry("k", "a")]]])
      try kept.addRedis(2, ["s1": [0: others(3)]], kind: .incremental)
      try kept.addRedis(3, ["s1": [0: [Entry("k", "a")]]])
      #expect(states(try await locate("k", in: kept)) == [[.appeared, .notInIncrement, .same]])
    }
  }

  @Test("a link in an artifact's place is not followed, and a name that leads out of the catalog is not read")
  func links() async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry("k", "a")]]])
      let real = kept.folder + "/elsewhere.rdb"
      try FileManager.default.moveItem(atPath: kept.path(1, "s1.rdb"), toPath: real)
      try FileManager.default.createSymbolicLink(atPath: kept.path(1, "s1.rdb"), withDestinationPath: real)
      let result = try await locate("k", in: kept)
      #expect(result.isInconclusive && result.backups[0].artifactsRead == 0)
    }
  }

  @Test("findings that name the key are named")
  func findings() async throws {
    try await KeptBackups.with { kept in
      try kept.addRedis(1, ["s1": [0: [Entry("k", "a")]]])
      let ledger = try Ledger.open(at: kept.folder + "/ledger.sqlite")
      var run = Run(
        id: "nightly-1", drill: "nightly", cluster: "shop", engine: "redis", files: [:], seed: 1,
        startedAt: KeptBackups.cut(1), finishedAt: KeptBackups.cut(1), tool: "t", host: "h", requiredLevel: .none)
      run.findings = ["k", "other"].map {
        Finding(
          .contentDiffers, stage: .compare, subject: .init(slot: Slot(1), key: ledger.redactor.redact(Array($0.utf8))),
          expected: "a", observed: "b")
      }
      try ledger.append(run)
      let result = try await locate("k", in: kept)
      #expect(result.findings.count == 1 && result.findings[0].code == .contentDiffers && result.findings[0].isOpen)
    }
  }

  @Test("what is no key, and where there is no catalog, is refused", arguments: [("0g", true), ("abc", true)])
  func refused(key: String, isHex: Bool) async throws {
    try await KeptBackups.with { kept in
      await #expect { try await locate(key, in: kept, isHex: isHex) } throws: { ($0 as? DrillError)?.code == .usage }
      let program = try FiredrillProgram.run(["locate", "k", kept.folder + "/nowhere"], in: kept.folder)
      #expect(program.status == 2 && program.errors.contains("there is no catalog"), "\(program)")
    }
  }
}
