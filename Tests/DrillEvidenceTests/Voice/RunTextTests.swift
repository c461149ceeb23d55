import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("Texts about runs")
struct RunTextTests {
  @Test("a passing run reads as recorded") func passing() throws {
    try GoldenFile.expect(RunSummary(SampleRuns.passing()).text(), is: "summary-pass.txt")
  }

  @Test("a backup that says nothing of its cut passes with its content unknown") func unknownCut() throws {
    let text = try RunSummary(SampleRuns.unknownCut()).text()
    #expect(text.hasPrefix("PASS  level restored"))
    #expect(text.contains("content at the cut unknown"))
    try GoldenFile.expect(text, is: "summary-unknown-cut.txt")
  }

  @Test("of an open loop both latencies are told, whether the rate was kept, and whose the delay was")
  func openLoop() throws {
    var run = try SampleRuns.passing()
    var latency = Run.Latency(side: Run.Latency.underLoad, operations: 9000, p50: 60, p99: 200, p999: 900, max: 2e6)
    latency.offered = Run.Latency.Offered(
      rateAsked: 5000, rateAchieved: 4321.4, p50: 80, p99: 1.2e6, p999: 1.9e6, max: 2e6, endedBehindMs: 12,
      generatorLagP99Us: 50, unsent: 7, isGeneratorSaturated: false)
    run.latencies.append(latency)
    let text = RunSummary(run).text()
    let flat = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    #expect(flat.contains("sandbox under load 60 µs / 200 µs"), "\(text)")
    #expect(flat.contains("from intended starts p50 / p99 / p99.9 80 µs / 1.2"), "\(text)")
    #expect(flat.contains("asked 5,000 a second, kept 4,321, ended 12"), "\(text)")
    #expect(flat.contains("7 due and not sent for want of room"), "\(text)")
    #expect(!flat.contains("are its own"))
    latency.offered?.isGeneratorSaturated = true
    run.latencies = [latency]
    #expect(RunSummary(run).text().contains("could not keep up"))
  }

  @Test("a latency that was recorded before there were open loops reads as it did, and a new one comes back as it was")
  func latencyDecodes() throws {
    let old = """
      {"side": "sandbox", "operations": 3, "latencyP50Us": 1, "latencyP99Us": 2, "latencyP999Us": 3, "latencyMaxUs": 4}
      """
    let latency = try JSONDecoder().decode(Run.Latency.self, from: Data(old.utf8))
    #expect(latency == Run.Latency(side: "sandbox", operations: 3, p50: 1, p99: 2, p999: 3, max: 4))
    var new = latency
    new.offered = Run.Latency.Offered(
      rateAsked: 1, rateAchieved: 1, p50: 1, p99: 1, p999: 1, max: 1, endedBehindMs: 0, generatorLagP99Us: 0, unsent: 0,
      isGeneratorSaturated: false)
    #expect(try JSONDecoder().decode(Run.Latency.self, from: JSONEncoder().encode(new)) == new)
  }

  @Test("a failing run says first what is wrong") func failing() throws {
    let text = try RunSummary(SampleRuns.failing()).text()
    let lines = text.split(separator: "\n")
    #expect(lines[0].hasPrefix("FAIL  wrong data, first seen at stage integrity"))
    #expect(lines.prefix(8).joined().contains("checksum-mismatch"))
    try GoldenFile.expect(text, is: "summary-fail.txt")
  }

  @Test("the same in colour says the same") func coloured() throws {
    let plain = try RunSummary(SampleRuns.failing()).text()
    let coloured = try RunSummary(SampleRuns.failing()).text(TextStyle(isColoured: true))
    #expect(coloured != plain)
    #expect(coloured.replacing(try Regex("\u{1B}\\[[0-9;]*m"), with: "") == plain)
  }

  @Test("what could not be looked at is not called wrong") func inconclusive() throws {
    let text = try RunSummary(SampleRuns.inconclusive()).text()
    #expect(text.hasPrefix("INCONCLUSIVE"))
    #expect(!text.contains("WHAT IS WRONG"))
    #expect(text.contains("COULD NOT LOOK"))
    try GoldenFile.expect(text, is: "summary-inconclusive.txt")
  }

  @Test("what was tried of the isolation is told in a line, and each trial where the run is told in full")
  func isolation() throws {
    var run = try SampleRuns.passing()
    run.sandbox?.proof = IsolationProof([
      IsolationTrial(.tcpLoopback, .failed, "a listener on loopback was reached from inside"),
      IsolationTrial(.liveEndpoint, .notTried, "the drill does not touch the live cluster"),
      IsolationTrial(.coreDump, .notApplicable, "there is no server"),
      IsolationTrial(.otherUser, .held, "the user `nobody` was denied"),
    ])
    let text = RunSummary(run).text()
    #expect(
      text.contains("1 of 3 trials held; did not hold: tcp-loopback; not tried: live-endpoint"), "\(text)")
    #expect(!text.contains("was reached from inside"))
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.db")
      try LedgerCopy.begin(run, in: ledger)
      try ledger.append(run)
      #expect(try RunDetails(ledger.run(run.id)).text().contains("was reached from inside"))
    }
  }

  @Test("a run whose checks let a planted fault pass says which, and does not look green") func unsound() throws {
    let text = try RunSummary(SampleRuns.unsound()).text()
    #expect(
      text.hasPrefix("INCONCLUSIVE  nothing wrong was seen, but its own checks did not find all that was planted"))
    #expect(!text.contains("WHAT IS WRONG"))
    try GoldenFile.expect(text, is: "summary-unsound.txt")
  }

  @Test("a run that examined nothing does not look green") func nothing() throws {
    let text = RunSummary(SampleRuns.empty()).text()
    #expect(text.hasPrefix("INCONCLUSIVE"))
    #expect(text.contains("nothing at all was examined"))
    try GoldenFile.expect(text, is: "summary-nothing.txt")
  }

  @Test("a missed objective alone is not called wrong data") func objective() throws {
    var run = try SampleRuns.passing()
    run.findings = [Finding(.restoreTimeExceeded, stage: .objectives, expected: "at most 1 s", observed: "4.9 s")]
    #expect(RunSummary(run).text().hasPrefix("FAIL  no wrong data, but an objective was missed"))
  }

  @Test("a run that the ledger could not take says so, and does not point to the ledger") func notRecorded() throws {
    let error = DrillError(
      .ledgerUnwritable, subject: "/var/lib/firedrill/ledger.db", detail: "the disk is full; nothing was recorded")
    let text = try RunSummary(SampleRuns.passing(), recordingError: error).text()
    #expect(text.hasPrefix("PASS"))
    #expect(text.contains("NOT KEPT   ledger-unwritable: /var/lib/firedrill/ledger.db: the disk is full"))
    #expect(!text.contains("ledger show"))
  }

  @Test("however much is wrong, it fits one screen and no line is wider", arguments: [80, 100, 160])
  func fits(columns: Int) throws {
    for run in try [SampleRuns.overflowing(), SampleRuns.failing(), SampleRuns.passing(), SampleRuns.inconclusive()] {
      let text = RunSummary(run).text(TextStyle(columns: columns))
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      #expect(lines.count <= RunSummary.lineLimit, "\(text)")
      for line in lines { #expect(line.count <= columns && !line.hasSuffix(" "), "\(line)") }
    }
  }

  @Test("what does not fit is counted") func counted() throws {
    let run = try SampleRuns.overflowing()
    let text = RunSummary(run).text()
    let kinds = FindingCode.allCases.count
    #expect(text.contains("\(Format.count(run.findings.count)) findings of \(kinds) kinds"))
    #expect(text.contains("and \(kinds - 7) more kinds"))
    // The obstacles and the operations without an answer, but for the one that is shown.
    #expect(text.contains("and \(run.obstacles.count) more"))
    #expect(text.contains("and 29 more parts, 29 of them not in full"))
    #expect(text.contains("and 8 more backups"))
    #expect(text.contains("11 more, 11 of them different"))
  }

  @Test("the details of a run hold every finding and every shard") func details() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.db")
      let run = try SampleRuns.failing()
      try LedgerCopy.begin(run, in: ledger)
      try ledger.append(run)
      let text = try RunDetails(ledger.run(run.id)).text()
      for finding in run.findings { #expect(text.contains(finding.subject.key?.text ?? finding.code.rawValue)) }
      try GoldenFile.expect(text, is: "details.txt")
    }
  }

  @Test("a run that was cut off and one whose details were dropped say what is left") func remains() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.begin(SampleRuns.passing(5), in: Ledger.open(at: path))
      let ledger = try Ledger.open(at: path)
      try ledger.append(SampleRuns.failing())
      let cutOff = try RunDetails(ledger.run(SampleRuns.id(5))).text()
      #expect(cutOff.hasPrefix("INTERRUPTED"))
      #expect(cutOff.contains("firedrill run --again"))
      try ledger.dropDetails(before: .now)
      let dropped = try RunDetails(ledger.run(SampleRuns.id(2))).text()
      #expect(dropped.hasPrefix("FAIL"))
      try GoldenFile.expect(cutOff + "\n" + dropped, is: "details-remains.txt")
    }
  }

  @Test("recorded runs are listed with their verdicts, running and interrupted ones too") func listing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.db"
      try LedgerCopy.begin(SampleRuns.passing(4), in: Ledger.open(at: path))
      let ledger = try Ledger.open(at: path)
      for run in try [SampleRuns.passing(), SampleRuns.unknownCut(), SampleRuns.failing(), SampleRuns.inconclusive()] {
        try ledger.append(run)
      }
      try LedgerCopy.begin(SampleRuns.passing(6), in: ledger)
      let entries = try ledger.runs()
      #expect(entries.map(\.state) == [.running, .finished, .finished, .finished, .finished, .interrupted])
      try GoldenFile.expect(RunListing(entries).text(), is: "listing.txt")
      try GoldenFile.expect(CanonicalJSON.text(entries) + "\n", is: "listing.json")
      #expect(RunListing([]).text() == "no runs are recorded\n")
    }
  }

  @Test("a verification says what was checked, and what is wrong first") func verification() throws {
    var sound = LedgerVerification(origin: "firedrill-ledger/0123456789abcdef")
    sound.size = 12
    sound.root = Digest(words: (1, 2, 3, 4))
    sound.headsExamined = 12
    sound.detailsExamined = 5
    sound.detailsDropped = 2
    sound.anchors = [
      AnchorCheck(
        place: "/backups/.firedrill/a.note", origin: "firedrill-ledger/0123456789abcdef", size: 10,
        root: Digest(words: (1, 2, 3, 5)), outcome: .confirmed, signature: .trusted, key: "ed25519 0011223344556677")
    ]
    try GoldenFile.expect(VerificationText(sound).text(), is: "verification-sound.txt")
    try GoldenFile.expect(CanonicalJSON.text(sound) + "\n", is: "verification-sound.json")
    var damaged = sound
    damaged.root = nil
    damaged.anchors = []
    damaged.problems = [
      LedgerProblem(
        .leafMissing, leaf: 2, detail: "after leaf 1 comes leaf 3; the tree cannot be computed past the gap"),
      LedgerProblem(
        .detailsEdited, leaf: 5, subject: "ab", detail: "leaf 5's details are not the ones that were recorded"),
    ]
    try GoldenFile.expect(VerificationText(damaged).text(), is: "verification-damaged.txt")
    try GoldenFile.expect(CanonicalJSON.text(damaged) + "\n", is: "verification-damaged.json")
  }

  @Test("a run's JSON has one form, and reads back") func json() throws {
    let document = try RunDocument(SampleRuns.failing())
    let text = try CanonicalJSON.text(document)
    #expect(try CanonicalJSON.text(RunDocument(SampleRuns.failing())) == text)
    #expect(try CanonicalJSON.decode(RunDocument.self, from: text.utf8).run == document.run)
    #expect(document.exitStatus == 1)
    let unwritable = DrillError(.ledgerUnwritable, detail: "the disk is full")
    #expect(try RunDocument(SampleRuns.passing(), recordingError: unwritable).exitStatus == 2)
    #expect(try RunDocument(SampleRuns.failing(), recordingError: unwritable).exitStatus == 1)
    #expect(try RunDocument(SampleRuns.passing()).exitStatus == 0)
    try GoldenFile.expect(text + "\n", is: "run.json")
  }

  @Test("names that try to move the cursor, hide or mirror text come out as text") func hostile() throws {
    var run = try SampleRuns.failing()
    let hostile = "\u{1B}[2J\u{7}\r\nPASS\u{202E}\u{200B}\u{9B}31m"
    run.cluster = hostile
    run.findings[0].subject.artifact = hostile
    run.findings[0].observed = hostile
    run.obstacles[0].detail = hostile
    run.notes = [hostile]
    let entry = RunEntry(
      run: run.id, drill: run.drill, cluster: run.cluster, seed: 1, state: .finished, startedAt: run.startedAt)
    let recorded = RecordedRun(entry: entry, run: run, files: ["\u{1B}c": ""])
    for text in [RunSummary(run).text(), RunDetails(recorded).text(), RunDetails(RecordedRun(entry: entry)).text()] {
      let harmful = text.unicodeScalars.filter {
        $0 != "\n" && [.control, .format].contains($0.properties.generalCategory)
      }
      #expect(harmful.isEmpty)
      #expect(text.contains("\\u{1b}[2J\\u{7}\\u{d}\\u{a}PASS\\u{202e}\\u{200b}\\u{9b}31m"))
    }
  }
}
