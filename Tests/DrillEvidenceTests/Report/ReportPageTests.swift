import DrillEvidence
import DrillModel
import Testing

@Suite("What a report says")
struct ReportPageTests {
  private static let day: Int64 = 86_400_000
  private static func later(_ days: Int64) -> Instant {
    Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + days * day)
  }

  private func page(_ run: Run) throws -> ReportPage {
    try withTemporaryFolder { try ReportHTMLTests.pages(run, in: $0)[0] }
  }

  /// All that could make a reader turn away: a good badge, a tile in green, a test case that passed.
  private func looksGood(_ page: ReportPage) -> Bool {
    let html = ReportHTML(page).text()
    return page.isCalm || html.contains("verdict good") || html.contains("badge good") || html.contains("tile good")
      || ReportJUnit(page).text().contains("<testcase") && ReportJUnit(page).text().contains("/>\n")
  }

  @Test("a run that passed is calm, and its evidence stands by each level")
  func passing() throws {
    let page = try page(SampleRuns.passing())
    #expect(page.standing == .pass && page.isCalm)
    #expect(page.levels.allSatisfy { $0.isReached && !$0.evidence.isEmpty && $0.missing == nil })
    #expect(page.gaps.map(\.kind) == [.skipped, .notDone, .notRecorded])
    #expect(
      page.gaps[0].reason == "module value, not readable through the server" && page.gaps[0].amount == "2 records")
    #expect(page.restore.totalMs == 4900 && page.restore.targetMs == 60_000 && page.restore.isMet == true)
    #expect(page.restore.phases.map(\.phase) == [.locate, .copy, .load, .ready, .firstAnswer])
    #expect(page.restore.shards.map(\.shard) == ["s1", "s2"])
    #expect(looksGood(page))
  }

  @Test("a run that failed names each finding with its meaning and action, and what it could not look at")
  func failing() throws {
    let page = try page(SampleRuns.failing())
    #expect(page.standing == .fail && !page.isCalm)
    #expect(page.findings.count == 16)
    #expect(page.findings.allSatisfy { $0.meaning == $0.code.meaning && $0.action == $0.code.action && $0.isInRun })
    // The most urgent first.
    #expect(page.findings.first?.severity == .critical && page.findings.last?.severity == .medium)
    #expect(page.gaps.contains { $0.kind == .obstacle && $0.reason.contains("timed-out") })
    #expect(page.drift.total == 1009 && page.drift.tallies.first?.attribution == .unexplained)
    #expect(page.restore.isMet == false)
    #expect(page.slots.differing == 14)
  }

  @Test("a run that examined nothing never looks good, in no format")
  func nothing() throws {
    let page = try page(SampleRuns.empty())
    #expect(page.standing == .inconclusive)
    #expect(!looksGood(page))
    #expect(page.gaps.first?.reason == "nothing at all was examined")
    let junit = ReportJUnit(page).text()
    #expect(junit.contains("errors=\"1\"") && junit.contains("inconclusive"))
    let html = ReportHTML(page).text()
    #expect(html.contains("None, and nothing was examined: this says nothing about the data."))
    #expect(ReportMarkdown(page).text().hasPrefix("# INCONCLUSIVE: "))
  }

  @Test("an inconclusive run says what stood in the way")
  func inconclusive() throws {
    let page = try page(SampleRuns.inconclusive())
    #expect(page.standing == .inconclusive && !page.isCalm)
    #expect(page.gaps.contains { $0.kind == .obstacle && $0.subject == "stage restore, redis-server" })
    #expect(page.levels.map(\.isReached) == [true, true, false, false, false])
    #expect(page.levels[2].missing == "not restored: could not look (server-missing)")
    #expect(!ReportHTML(page).text().contains("verdict good"))
  }

  @Test("an interrupted run says nothing about the data, and one that runs still is not called interrupted")
  func interrupted() throws {
    try withTemporaryFolder { folder in
      let run = try SampleRuns.passing()
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try LedgerCopy.begin(run, in: ledger)
      let running = ReportPage(try ledger.run(run.id), history: try ledger.history(), at: Self.later(1))
      #expect(running.standing == .running)
      #expect(!looksGood(running))
      try LedgerCopy.forgetLocks(of: folder + "/ledger.sqlite")
      let page = ReportPage(try ledger.run(run.id), history: try ledger.history(), at: Self.later(1))
      #expect(page.standing == .interrupted)
      #expect(!looksGood(page))
      #expect(page.levels.allSatisfy { !$0.isReached })
      #expect(page.counts.interrupted == 1 && page.counts.finished == 0)
      let cluster = ReportPage(
        cluster: run.cluster, since: Self.later(-1), history: try ledger.history(), latest: try ledger.run(run.id),
        at: Self.later(1))
      #expect(cluster.standing == .interrupted)
      #expect(cluster.gaps.contains { $0.kind == .missing && $0.reason.contains("never finished") })
      #expect(!looksGood(cluster))
    }
  }

  @Test("a run whose details were dropped says so, keeps its verdict, and shows what outlives them")
  func dropped() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      var run = try SampleRuns.failing()
      run.examined = Run.Examined(
        stages: [.manifest, .integrity, .decode], shards: ["s1"], slots: .all, references: [])
      try LedgerCopy.begin(run, in: ledger)
      try ledger.append(run)
      try ledger.dropDetails(before: Self.later(2), at: Self.later(2))
      let page = ReportPage(try ledger.run(run.id), history: try ledger.history(), at: Self.later(3))
      #expect(page.standing == .fail && page.run?.hasDetails == false)
      #expect(page.findings.count == 16 && page.findings.allSatisfy { $0.expected == nil })
      #expect(page.restore.totalMs == run.restoreMs && page.restore.phases.isEmpty)
      #expect(page.slots.differing == 14 && page.slots.examined == .all)
      #expect(page.gaps.contains { $0.kind == .notRecorded && $0.reason.contains("dropped by age") })
      let html = ReportHTML(page).text()
      #expect(html.contains("what was expected and observed was dropped by age"))
      #expect(html.contains("The phases are not recorded any more."))
    }
  }

  @Test("leaves of earlier versions conclude nothing from what they do not say")
  func oldLeaves() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: try OldLedgerTests.copy(ofSchema: 1, to: folder))
      for entry in try ledger.runs() {
        let page = ReportPage(try ledger.run(entry.run), history: try ledger.history(), at: Self.later(1))
        #expect(page.standing == .pass)
        #expect(page.slots.examined == nil)
        #expect(page.gaps.contains { $0.kind == .notRecorded && $0.subject == "examined slots and stages" })
        _ = try MarkupScan(ReportHTML(page).text())
        #expect(ReportHTML(page).text().contains("Which slots were read back is not recorded."))
      }
    }
  }

  @Test("overdue findings stand first and are said beside a verdict that passed; so are drills that were missed")
  func overdueAndMissed() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try ledger.append(
        ScheduleDeclared(drill: "orders-nightly", cluster: "orders", calendar: "daily", grace: 3600), at: Self.later(-1)
      )
      var bad = try SampleRuns.failing()
      bad.governance = Governance(owner: "storage", escalation: ["on-call", "head"], deadlines: [.high: 3600])
      try ledger.append(bad)
      // Without a word on what it examined, it resolves nothing.
      try ledger.append(try SampleRuns.passing(5))
      let now = Self.later(3)
      let history = try ledger.history()
      let page = ReportPage(
        cluster: "orders", since: Self.later(-2), history: history, latest: try ledger.run(SampleRuns.id(5)), at: now)
      #expect(page.standing == .pass && !page.isCalm)
      #expect(
        page.overdue == 1 && page.findings.first?.isOverdue == true && page.findings.first?.code == .checksumMismatch)
      #expect(page.missed == history.missedDrills(at: now) && page.missed.count >= 2)
      #expect(page.gaps.first?.kind == .missing)
      let html = ReportHTML(page).text()
      #expect(!html.contains("verdict good") && html.contains("1 finding is overdue"))
      #expect(html.contains("OVERDUE by 2 d 22 h") && html.contains("owner storage, then call on-call, then head"))
      let junit = ReportJUnit(page).text()
      #expect(junit.contains("not overdue: checksum-mismatch"))
      #expect(junit.contains("message=\"missed\""))
    }
  }

  @Test("a report of a run is not about what the ledger learned of other drills, nor of later runs")
  func earlierRunsOnly() throws {
    try withTemporaryFolder { folder in
      let ledger = try LedgerCopy.make(at: folder + "/ledger.sqlite", runs: 4)
      try ledger.append(try SampleRuns.unknownCut())
      let page = ReportPage(try ledger.run(SampleRuns.id(2)), history: try ledger.history(), at: Self.later(1))
      #expect(page.trends.map(\.drill) == ["orders-nightly"])
      #expect(page.trends[0].points.map(\.run) == (0...2).map { SampleRuns.id($0) })
      #expect(page.runs.map(\.run) == [SampleRuns.id(2), SampleRuns.id(1), SampleRuns.id(0)])
      let cluster = ReportPage(
        cluster: "orders", since: SampleRuns.start, history: try ledger.history(), latest: nil, at: Self.later(1))
      #expect(Set(cluster.trends.map(\.drill)) == ["orders-nightly", "bucket-weekly"])
      #expect(cluster.counts.pass == 5)
    }
  }

  @Test("it is the same however often it is made, and survives its JSON")
  func deterministic() throws {
    try withTemporaryFolder { folder in
      for run in [try SampleRuns.passing(), try SampleRuns.failing(), try SampleRuns.overflowing()] {
        for page in try ReportHTMLTests.pages(run, in: folder) {
          let text = try CanonicalJSON.text(page)
          let decoded = try CanonicalJSON.decode(ReportPage.self, from: Array(text.utf8))
          #expect(try CanonicalJSON.text(decoded) == text)
          #expect(ReportHTML(page).text() == ReportHTML(page).text())
        }
      }
    }
  }
}
