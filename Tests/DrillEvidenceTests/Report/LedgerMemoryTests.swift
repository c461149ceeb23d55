import DrillEvidence
import DrillModel
import Testing

@Suite("What a dashboard keeps of a ledger")
struct LedgerMemoryTests {
  private static let now = Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + 3 * 86_400_000)

  private func recordMuch(_ ledger: Ledger, after step: () throws -> Void) throws {
    try ledger.append(
      ScheduleDeclared(drill: "orders-nightly", cluster: "orders", calendar: "daily", grace: 3600), at: SampleRuns.start
    )
    try step()
    for number in 0..<3 {
      try LedgerCopy.record(number, in: ledger)
      try step()
    }
    var failing = try SampleRuns.failing()
    failing.id = SampleRuns.id(4)
    failing.startedAt = Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + 240_000)
    failing.governance = Governance(owner: "storage", deadlines: [.high: 60])
    try ledger.append(failing)
    try step()
    let id = try #require(try ledger.history().runs.last?.body.subjects?.first?.id)
    try ledger.append(FindingAction(finding: id, cluster: "orders", .acknowledge, who: "ada", why: "looking"))
    try step()
    try ledger.append(try SampleRuns.passing(6, cluster: "other"))
    try ledger.append(DrillSkipped(drill: "orders-nightly", cluster: "orders", reliesOn: SampleRuns.id(2), maxAge: 9))
    try LedgerCopy.begin(try SampleRuns.passing(9), in: ledger)
    try step()
  }

  @Test("extended leaf by leaf, it concludes what a whole reading concludes")
  func incremental() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      var grown = LedgerMemory()
      try recordMuch(ledger) { _ = try grown.extend(from: ledger, at: Self.now) }
      var whole = LedgerMemory()
      #expect(try whole.extend(from: ledger, at: Self.now))
      let history = try ledger.history()
      #expect(grown.size == history.size && whole.size == history.size)
      #expect(grown.summaries(at: Self.now) == whole.summaries(at: Self.now))
      for cluster in ["orders", "other"] {
        let expected = history.findings(at: Self.now).filter { $0.cluster == cluster }
        #expect(grown.findings(of: cluster, since: SampleRuns.start, at: Self.now) == expected)
        let since = Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 - 1)
        let page = ReportPage(cluster: cluster, since: since, history: history, latest: nil, at: Self.now)
        #expect(grown.report(cluster: cluster, since: since, latest: nil, at: Self.now) == page)
      }
      for entry in try ledger.runs() {
        let recorded = try ledger.run(entry.run)
        #expect(grown.report(recorded, at: Self.now) == ReportPage(recorded, history: history, at: Self.now))
      }
    }
  }

  @Test("a summary says what stands, what is owed, and what was missed; a pass beside overdue findings is not calm")
  func summary() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      let ledger = try Ledger.open(at: path)
      try recordMuch(ledger) {}
      try LedgerCopy.forgetLocks(of: path)
      var memory = LedgerMemory()
      _ = try memory.extend(from: ledger, at: Self.now)
      let orders = try #require(memory.summary(of: "orders", at: Self.now))
      #expect(orders.standing == .interrupted && !orders.isCalm && orders.interrupted == 1)
      #expect(orders.overdueFindings == 1 && orders.openFindings == 16 && orders.worstSeverity == .critical)
      #expect(orders.drills.map(\.drill) == ["orders-nightly"])
      let pass = try SampleRuns.passing(2).startedAt
      #expect(orders.drills[0].successRatio == 0.75 && orders.drills[0].lastPass == pass)
      let missed = try ledger.history().missedDrills(at: Self.now)
      #expect(orders.missed == missed.count && orders.missed > 0)
      #expect(orders.debtBackups == 1, "the last look at it found its bytes wrong")
      let other = try #require(memory.summary(of: "other", at: Self.now))
      #expect(other.isCalm && other.debtBackups == 0 && other.drills[0].lastPassAgeSeconds == 3 * 86_400 - 360)
      #expect(memory.summary(of: "nowhere", at: Self.now) == nil)
    }
  }

  @Test("a run that is under way becomes interrupted when its process is gone, though nothing is appended")
  func gone() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      let ledger = try Ledger.open(at: path)
      let run = try SampleRuns.passing()
      try LedgerCopy.begin(run, in: ledger)
      var memory = LedgerMemory()
      #expect(try memory.extend(from: ledger, at: Self.now))
      #expect(memory.summary(of: "orders", at: Self.now)?.standing == .running)
      #expect(try !memory.extend(from: ledger, at: Self.now))
      try LedgerCopy.forgetLocks(of: path)
      #expect(try memory.extend(from: ledger, at: Self.now))
      #expect(memory.summary(of: "orders", at: Self.now)?.standing == .interrupted)
      #expect(memory.interruptedRuns.map(\.body.run) == [run.id])
    }
  }

  @Test("more runs than a report looks at are counted all the same")
  func manyRuns() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let many = ReportWindow.mostRuns + 30
      try ledger.record(
        (0..<many).map { number in
          var run = try SampleRuns.passing()
          run.id = "run-\(number)"
          run.startedAt = Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + Int64(number) * 1000)
          return run
        }, withDetails: false)
      var memory = LedgerMemory()
      _ = try memory.extend(from: ledger, at: Self.now)
      let page = try #require(memory.report(cluster: "orders", since: SampleRuns.start, latest: nil, at: Self.now))
      #expect(page.counts.pass == many && page.trends[0].omitted == many - ReportPage.mostRuns)
      #expect(page.runs.first?.run == "run-\(many - 1)" && page.runs.count == ReportPage.mostRuns)
      #expect(page.notes.contains { $0.contains("latest \(ReportWindow.mostRuns) runs") })
    }
  }
}
