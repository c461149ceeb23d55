import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Runs in the ledger")
struct LedgerRunsTests {
  @Test("a run comes back as it was appended, with the files to run it again")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      var run = try SampleRuns.passing(1)
      run.findings = [
        Finding(
          .answerDiffers, stage: .compare,
          subject: .init(shard: "s1", slot: Slot(7), key: .redacted("key:0123456789abcdef")), expected: "string",
          observed: "nil")
      ]
      let path = folder + "/ledger.db"
      let ledger = try Ledger.open(at: path)
      try ledger.append(run)
      let recorded = try Ledger.open(at: path, mode: .readOnly).run(run.id)
      #expect(recorded.run == run)
      #expect(recorded.files == run.files)
      #expect(recorded.entry.seed == run.seed)
      #expect(recorded.entry.state == .finished)
      #expect(recorded.entry.outcome?.verdict == .fail)
      #expect(recorded.entry.outcome?.findings == ["answer-differs": 1])
    }
  }

  @Test("runs are listed latest first, by cluster and drill, and no more than asked for")
  func listing() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.db")
      for number in 0..<6 {
        try ledger.append(
          try SampleRuns.passing(number, drill: number % 2 == 0 ? "even" : "odd", cluster: number < 3 ? "low" : "high"))
      }
      #expect(
        try ledger.runs().map(\.run)
          == (0..<6).reversed().map { SampleRuns.id($0, drill: $0 % 2 == 0 ? "even" : "odd") })
      #expect(try ledger.runs(limit: 2).count == 2)
      #expect(try ledger.runs(cluster: "low").map(\.cluster) == ["low", "low", "low"])
      #expect(
        try ledger.runs(cluster: "high", drill: "odd").map(\.run) == [
          SampleRuns.id(5, drill: "odd"), SampleRuns.id(3, drill: "odd"),
        ])
      #expect(try ledger.runs(cluster: "none").isEmpty)
    }
  }

  @Test("a run is found by a beginning or an end of its name that no other shares, and as latest")
  func prefixes() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 3)
      #expect(try ledger.run("a10001").entry.run == SampleRuns.id(1))
      #expect(try ledger.run("orders-nightly-20260101T0002").entry.run == SampleRuns.id(2))
      #expect(try ledger.run("latest").entry.run == SampleRuns.id(2))
    }
  }

  @Test(
    "an unknown or ambiguous name throws no-such-run with names that are near",
    arguments: ["orders-nightlx-20260101T000100Z-a10001", "orders", ""])
  func unknown(name: String) throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 2)
      let error = #expect(throws: DrillError.self) { try ledger.run(name) }
      #expect(error?.code == .noSuchRun)
      #expect(error?.detail.contains(SampleRuns.id(1)) == true)
    }
  }

  @Test("a run that began is running while its ledger lives, interrupted after that, and can still be run again")
  func interrupted() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let run = try SampleRuns.passing(1)
      let reader = try LedgerCopy.make(at: path, runs: 1)
      do {
        let writer = try Ledger.open(at: path)
        try LedgerCopy.begin(run, in: writer)
        #expect(try reader.run(run.id).entry.state == .running)
        #expect(try reader.runs().map(\.state) == [.running, .finished])
        withExtendedLifetime(writer) {}
      }
      let recorded = try Ledger.open(at: path, mode: .readOnly).run(run.id)
      #expect(recorded.entry.state == .interrupted)
      #expect(recorded.entry.outcome == nil)
      #expect(recorded.run == nil)
      #expect(recorded.files == run.files)
      #expect(recorded.entry.seed == run.seed)
      #expect(try reader.verify().isSound)
    }
  }

  @Test("of two runs under way, ending one leaves the other running")
  func twoUnderWay() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.db")
      let runs = try [SampleRuns.passing(0), SampleRuns.passing(1)]
      for run in runs { try LedgerCopy.begin(run, in: ledger) }
      try ledger.append(runs[0])
      #expect(try ledger.runs().map(\.state) == [.running, .finished])
    }
  }

  @Test("a run is recorded once: a second of its name is refused and the first stays")
  func once() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 1)
      var other = try SampleRuns.passing(0)
      other.cluster = "another"
      let error = #expect(throws: DrillError.self) { try ledger.append(other) }
      #expect(error?.code == .ledgerUnwritable)
      #expect(try ledger.run(other.id).run?.cluster == "orders")
      #expect(try ledger.verify().size == 2)
    }
  }

  @Test("after their age, details are dropped, the statement stays, shared details stay, and the tree verifies")
  func dropping() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.db", runs: 4)
      let boundary = try SampleRuns.passing(2).startedAt
      let before = try ledger.verify()
      // All four beginnings share their files, so what is dropped are the two finished runs.
      #expect(before.detailsExamined == 5)
      #expect(try ledger.dropDetails(before: boundary) == 2)
      #expect(try ledger.dropDetails(before: boundary) == 0)
      let old = try ledger.run(SampleRuns.id(0))
      #expect(old.run == nil)
      #expect(old.files != nil)
      #expect(old.entry.outcome?.verdict == .pass)
      #expect(try ledger.run(SampleRuns.id(2)).run != nil)
      let after = try ledger.verify()
      #expect(after.problems.isEmpty)
      #expect((after.detailsExamined, after.detailsDropped) == (3, 2))
      #expect(after.size == before.size + 1)
    }
  }

  @Test("a key has one name under one ledger's secret, and another under another's")
  func redaction() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      let name = try Ledger.open(at: path).redactor.redact(Array("customer:42".utf8))
      #expect(try Ledger.open(at: path, mode: .readOnly).redactor.redact(Array("customer:42".utf8)) == name)
      #expect(try Ledger.open(at: path).redactor.redact(Array("customer:43".utf8)) != name)
      #expect(try Ledger.open(at: folder + "/other.db").redactor.redact(Array("customer:42".utf8)) != name)
      #expect(name.text.count == 20 && name.text.hasPrefix("key:"))
    }
  }

  @Test("the key's name is the beginning of its HMAC-SHA256")
  func redactionVector() {
    // Source: RFC 4231, test case 2 ("Jefe").
    #expect(
      KeyRedactor(secret: Array("Jefe".utf8)).redact(Array("what do ya want for nothing?".utf8)).text
        == "key:5bdcc146bf60754e")
  }
}
