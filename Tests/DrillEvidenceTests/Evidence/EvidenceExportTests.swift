import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import GRDB
import Testing

@Suite("An export of evidence")
struct EvidenceExportTests {
  private func archive(_ contents: EvidenceContents, _ key: SigningKey, in folder: String) async throws -> [UInt8] {
    try await contents.archive(sealedBy: EvidenceSeal(key: key), folder: folder)
  }

  @Test("states every leaf of its period, and is genuine for whoever trusts the key and for nobody else")
  func genuine() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request())
      #expect(contents.manifest.withheld.total == 0)
      #expect(contents.statements.filter { $0.kind == "run" }.count == 5)
      #expect(contents.statements.filter { $0.kind == "finding" }.count == 1)
      for algorithm in KeyAlgorithm.allCases {
        let key = try SigningKey.generate(algorithm)
        let bytes = try await archive(contents, key, in: folder)
        let verification = try EvidenceVerification(
          of: bytes, trusting: EvidenceTrust(keys: [key.publicKey], now: SampleEvidence.day(50)))
        #expect(verification.problems == [])
        #expect(verification.notExamined == [])
        #expect(verification.runs.pass == 4 && verification.runs.fail == 1 && verification.runs.inconclusive == 0)
        #expect(verification.leavesShown == 5)
        let stranger = try EvidenceVerification(
          of: bytes,
          trusting: EvidenceTrust(keys: [try SigningKey.generate(algorithm).publicKey], now: SampleEvidence.day(50)))
        #expect(stranger.problems.map(\.code) == [.manifestUntrusted])
        #expect(stranger.manifest == nil)
      }
    }
  }

  @Test("of one cluster holds of the others nothing but hashes, and says how many")
  func otherClusters() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let key = try SigningKey.generate(.ed25519)
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request(from: 1, clusters: ["orders"]))
      #expect(contents.manifest.withheld.otherClusters == 2)
      #expect(contents.manifest.withheld.outsidePeriod == 1)
      let bytes = try await archive(contents, key, in: folder)
      #expect(Data(bytes).range(of: Data("users".utf8)) == nil)
      let verification = try EvidenceVerification(
        of: bytes, trusting: EvidenceTrust(keys: [key.publicKey], now: SampleEvidence.day(50)))
      #expect(verification.problems == [])
      #expect(verification.notExamined.count == 1)
      #expect(verification.runs.pass == 1 && verification.runs.fail == 1)
    }
  }

  @Test("holds neither keys that a run recorded in clear nor the ledger's secret, unless keys are asked for")
  func keys() async throws {
    try await inTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      let ledger = try SampleEvidence.ledger(at: path)
      let names: [[UInt8]] = [
        Array("<script>alert(1)</script>".utf8), Array(repeating: UInt8(ascii: "k"), count: 10_000),
        [0xff, 0x00, 0x5c, 0x78],
      ]
      try ledger.append(
        try SampleEvidence.run(7, day: 3) { run in
          run.findings = names.map {
            Finding(.answerDiffers, stage: .compare, subject: .init(key: .clear($0)), expected: "a", observed: "b")
          }
          run.driftSamples = [
            Drift(
              kind: .changed, attribution: .unexplained, cause: .notInChangeLog, namespace: "0", slot: Slot(1),
              key: .clear(names[0]))
          ]
        })
      let secret = try EvidenceExportTests.query(path) { try Data.fetchOne($0, sql: "SELECT secret FROM identity") }
      let key = try SigningKey.generate(.ed25519)
      for isShown in [false, true] {
        let contents = try EvidenceContents(of: ledger, SampleEvidence.request(showsKeys: isShown))
        let bytes = try await archive(contents, key, in: folder)
        let verification = try EvidenceVerification(
          of: bytes, trusting: EvidenceTrust(keys: [key.publicKey], now: SampleEvidence.day(50)))
        #expect(verification.problems == [])
        #expect(verification.runs.fail == 2)
        #expect(contents.manifest.withheld.showingKeys == (isShown ? 0 : 1))
        #expect(verification.leavesShown == (isShown ? 6 : 5))
        for needle in [Data("alert(1)".utf8), Data(repeating: UInt8(ascii: "k"), count: 40), Data(#"\\xff\\x00"#.utf8)]
        {
          #expect((Data(bytes).range(of: needle) != nil) == isShown, "\(needle)")
        }
        #expect(Data(bytes).range(of: try #require(secret)) == nil)
        let files = try SampleEvidence.files(bytes)
        let report = String(decoding: try #require(files["reports/01.html"]), as: UTF8.self)
        #expect(!report.contains("<script>alert(1)"))
        let redacted = ledger.redactor.redact(names[2]).text
        let statements = contents.statements.contains {
          String(decoding: $0.predicate, as: UTF8.self).contains(redacted)
        }
        #expect(statements != isShown)
      }
    }
  }

  @Test("goes on from the one before it, and states what was recorded in between even where it is dated back")
  func datedBack() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let first = try EvidenceContents(of: ledger, SampleEvidence.request(to: 10))
      try ledger.append(first.record, at: SampleEvidence.day(10))
      try ledger.append(try SampleEvidence.run(20, day: 4, SampleEvidence.fail))
      try ledger.append(try SampleEvidence.run(21, day: 11))
      let second = try EvidenceContents(of: ledger, SampleEvidence.request(from: 10, to: 20))
      #expect(second.manifest.previous == EvidenceManifest.Head(size: 5, root: first.manifest.root))
      #expect(second.gaps.filter { $0.kind == .recordedLate }.map(\.leaf) == [6])
      #expect(second.gaps.filter { $0.kind == .clockRanBackwards }.map(\.leaf) == [6])
      #expect(second.statements.compactMap(\.leaf) == [5, 6, 7])
      let key = try SigningKey.generate(.ed25519)
      let verification = try EvidenceVerification(
        of: try await archive(second, key, in: folder),
        trusting: EvidenceTrust(
          keys: [key.publicKey],
          previous: [.init("first.tar", try await archive(first, key, in: folder))], now: SampleEvidence.day(50)))
      #expect(verification.problems == [])
      #expect(verification.heads == [5, 5])
      #expect(verification.runs.pass == 1 && verification.runs.fail == 1)
      #expect(!second.gaps.contains { $0.kind == .periodNotCovered })
      let later = try EvidenceContents(of: ledger, SampleEvidence.request(from: 12, to: 20))
      #expect(later.gaps.first?.kind == .periodNotCovered)
    }
  }

  @Test("tells of a missed drill in one of two exports, also where its grace reaches over the border")
  func missedOverTheBorder() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try ledger.append(
        ScheduleDeclared(drill: "orders-nightly", cluster: "orders", calendar: "*-*-* 23:30:00", grace: 7200),
        at: SampleEvidence.day(0))
      try ledger.append(
        try SampleEvidence.run(0, day: 0) { run in
          run.startedAt = SampleEvidence.day(23.6 / 24)
          run.finishedAt = run.startedAt
        })
      let first = try EvidenceContents(of: ledger, SampleEvidence.request(to: 2, exportedAt: SampleEvidence.day(2)))
      #expect(first.gaps.filter { $0.kind == .missedDrill }.count == 0)
      try ledger.append(first.record, at: SampleEvidence.day(2))
      let second = try EvidenceContents(
        of: ledger, SampleEvidence.request(from: 2, to: 3, exportedAt: SampleEvidence.day(3)))
      #expect(second.gaps.filter { $0.kind == .missedDrill }.map(\.at) == [SampleEvidence.day(1 + 23.5 / 24)])
      #expect(second.statements.filter { $0.kind == "missed-drill" }.count == 1)
    }
  }

  @Test("lists gaps and, by control, what supports it, what contradicts it and what is missing")
  func gapsAndControls() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      // The mark of a run that is alive goes with the ledger that began it.
      try LedgerCopy.begin(try SampleEvidence.run(8, day: 1), in: try Ledger.open(at: path))
      let ledger = try Ledger.open(at: path)
      var low = try SampleRuns.inconclusive()
      low.startedAt = SampleEvidence.day(2)
      low.finishedAt = low.startedAt
      try ledger.append(low)
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request())
      #expect(
        contents.gaps.map(\.kind) == [.interruptedRun, .levelNotReached, .obstacle, .coverageSkipped])
      let rows = Dictionary(uniqueKeysWithValues: contents.controls.map { ($0.control, $0) })
      #expect(rows.count == Control.allCases.count)
      #expect(rows["NIST SP 800-53 CP-4"]?.supportedBy == [2])
      #expect(rows["NIST SP 800-53 CP-9(1)"]?.supportedBy == [])
      #expect(rows["NIST SP 800-53 CP-9(1)"]?.missing == ["a passing run that reached `decoded` of cluster orders"])
      #expect(rows["SOC 2 A1.3"]?.missing.count == 2)
      let empty = try EvidenceContents(of: ledger, SampleEvidence.request(from: 5))
      #expect(empty.gaps.map(\.kind) == [.clusterWithoutRun])
    }
  }

  @Test("does not reach beyond now: what has not happened yet was not missed")
  func notBeyondNow() throws {
    try withTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request(exportedAt: SampleEvidence.day(4)))
      #expect(contents.manifest.to == SampleEvidence.day(4))
    }
  }

  @Test("of a ledger that an earlier version wrote concludes nothing from what was not recorded then")
  func oldLedger() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try Ledger.open(at: try OldLedgerTests.copy(ofSchema: 1, to: folder))
      let contents = try EvidenceContents(of: ledger, SampleEvidence.request())
      let key = try SigningKey.generate(.ed25519)
      let verification = try EvidenceVerification(
        of: try await archive(contents, key, in: folder),
        trusting: EvidenceTrust(keys: [key.publicKey], now: SampleEvidence.day(50)))
      #expect(verification.problems == [])
      #expect(verification.runs.pass == 3)
      let isolation = contents.controls.first { $0.control == Control.dora123.rawValue }
      #expect(isolation?.supportedBy == [])
      #expect(isolation?.missing.first == "a restore whose isolation is recorded of cluster orders")
    }
  }

  @Test("asked for wrongly is refused as usage")
  func usage() throws {
    try withTemporaryFolder { folder in
      let empty = try Ledger.open(at: folder + "/empty.sqlite")
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      for (ledger, request) in [
        (empty, SampleEvidence.request()), (ledger, SampleEvidence.request(from: 5, to: 5)),
        (ledger, SampleEvidence.request(clusters: ["nobody"])),
      ] {
        let error = #expect(throws: DrillError.self) { try EvidenceContents(of: ledger, request) }
        #expect(error?.code == .usage)
      }
    }
  }

  @Test(
    "is refused from a ledger of which a row was dropped or changed, or that no longer has its end",
    arguments: [
      "DELETE FROM leaves WHERE leaf = 2", "DELETE FROM leaves WHERE leaf = 4",
      "UPDATE leaves SET statement = replace(statement, '\"fail\"', '\"pass\"') WHERE leaf = 2",
      "DELETE FROM tree_heads WHERE size = 5",
    ])
  func tampered(_ sql: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      _ = try SampleEvidence.ledger(at: path)
      try LedgerCopy.tamper(path, sql)
      let ledger = try Ledger.open(at: path)
      let error = #expect(throws: DrillError.self) { try EvidenceContents(of: ledger, SampleEvidence.request()) }
      #expect(error?.code == .ledgerDamaged)
    }
  }

  @Test(
    "is refused, or the archive by whoever kept an earlier head, where a failing run was dropped and the tree made anew"
  )
  func failingRunDropped() async throws {
    try await inTemporaryFolder { folder in
      let key = try SigningKey.generate(.ed25519)
      let honest = try SampleEvidence.ledger(at: folder + "/honest.sqlite")
      let first = try EvidenceContents(of: honest, SampleEvidence.request(to: 10))
      let kept = try await archive(first, key, in: folder)
      let anchor = try #require(try honest.head()).signed(with: key)
      // The same identity, every leaf but the failing run's, hashed anew: sound in itself.
      let path = folder + "/forged.sqlite"
      let forged = try Ledger.open(at: path)
      try forged.append(try SampleEvidence.run(0, day: 0))
      try forged.append(try SampleEvidence.run(0, day: 0, cluster: "users"))
      for number in 1...4 { try forged.append(try SampleEvidence.run(number, day: Double(number), cluster: "users")) }
      try LedgerCopy.execute(
        path,
        "ATTACH '\(folder)/honest.sqlite' AS h; UPDATE identity SET origin = (SELECT origin FROM h.identity), secret = (SELECT secret FROM h.identity)"
      )
      let reopened = try Ledger.open(at: path)
      #expect(try reopened.verify().isSound)
      // Named as what it goes on from, the earlier export refuses it.
      let head = EvidenceManifest.Head(size: first.manifest.size, root: first.manifest.root)
      let error = #expect(throws: DrillError.self) {
        try EvidenceContents(of: reopened, SampleEvidence.request(previous: head))
      }
      #expect(error?.code == .ledgerDamaged)
      // Passed over in silence, whoever kept a head finds it.
      let archive = try await archive(
        try EvidenceContents(of: reopened, SampleEvidence.request()), key, in: folder)
      for (name, bytes) in [("kept.tar", kept), ("anchor.note", anchor)] {
        let verification = try EvidenceVerification(
          of: archive,
          trusting: EvidenceTrust(keys: [key.publicKey], previous: [.init(name, bytes)], now: SampleEvidence.day(50)))
        #expect(verification.problems.map(\.code) == [.previousDiffers])
      }
      // Its end cut off as well, it is too short for the head.
      let short = folder + "/short.sqlite"
      try FileManager.default.copyItem(atPath: folder + "/honest.sqlite", toPath: short)
      try LedgerCopy.tamper(short, "DELETE FROM leaves WHERE leaf = 4; DELETE FROM tree_heads WHERE size = 5")
      let cut = try EvidenceContents(of: try Ledger.open(at: short), SampleEvidence.request())
      let verification = try EvidenceVerification(
        of: try await self.archive(cut, key, in: folder),
        trusting: EvidenceTrust(keys: [key.publicKey], previous: [.init("anchor", anchor)], now: SampleEvidence.day(50))
      )
      #expect(verification.problems.map(\.code) == [.previousBeyond])
    }
  }

  @Test("holds an excerpt that can be queried, without the ledger's identity or details")
  func excerpt() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try SampleEvidence.ledger(at: folder + "/ledger.sqlite")
      let bytes = try await archive(
        try EvidenceContents(of: ledger, SampleEvidence.request(clusters: ["orders"])),
        try SigningKey.generate(.ecdsaP256), in: folder)
      let path = folder + "/excerpt.sqlite"
      try Data(try #require(try SampleEvidence.files(bytes)["ledger/excerpt.sqlite"])).write(
        to: URL(fileURLWithPath: path))
      try EvidenceExportTests.query(path) { db in
        let tables = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        #expect(tables == ["export", "leaves"])
        let verdicts = try String.fetchAll(db, sql: "SELECT verdict FROM runs ORDER BY leaf")
        #expect(verdicts == ["pass", "fail", "pass"])
        let hidden = try Int.fetchOne(db, sql: "SELECT count(*) FROM leaves WHERE statement IS NULL")
        #expect(hidden == 2)
      }
    }
  }

  private static func query<R>(_ path: String, _ body: (Database) throws -> R) throws -> R {
    try DatabaseQueue(path: path).read(body)
  }
}
