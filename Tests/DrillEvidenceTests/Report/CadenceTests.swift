import DrillModel
import Testing

@testable import DrillEvidence

@Suite("The cadence of backups")
struct CadenceTests {
  private static func hour(_ hour: Double) -> Instant {
    Instant(millisecondsSince1970: SampleRuns.start.millisecondsSince1970 + Int64(hour * 3_600_000))
  }

  /// A run over a backup cut at `cut`, which ended at `end` and found so many differences from production.
  private func run(
    _ name: String, cut: Double, end: Double, differing: UInt64? = nil, fails: Bool = false, rationale: String? = nil,
    _ change: (inout Run) -> Void = { _ in }
  ) throws -> Run {
    var run = try SampleRuns.passing()
    run.id = name
    run.startedAt = Self.hour(cut)
    run.finishedAt = Self.hour(end)
    let manifest = Manifest(
      backup: "backup-\(name)", cluster: "orders", engine: "redis", engineVersion: "7",
      cut: Cut(time: Self.hour(cut), coherence: .coherent, positions: [:], proof: []), scope: .init(),
      topology: Topology(epoch: 1, shards: [.init(name: "s1", slots: .all)]), artifacts: [], rationale: rationale)
    run.backups = [.init(backup: manifest.backup, manifest: nil, cut: manifest.cut, stated: .init(manifest))]
    run.examined = Run.Examined(
      stages: Stage.allCases, shards: ["s1"], slots: .all,
      references: differing == nil ? ["captured"] : ["captured", "captured answers", "live", "live answers"])
    if let differing, differing > 0 {
      run.drift = [.init(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: differing)]
    }
    if fails { run.findings = [Finding(.answerDiffers, stage: .compare, expected: "a", observed: "b")] }
    change(&run)
    return run
  }

  private func page(_ runs: [Run], events: [MigrationPublication] = [], at hour: Double) throws -> ReportPage {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      for run in runs { try ledger.append(run) }
      _ = try ledger.publish(events, at: Self.hour(hour))
      return ReportPage(
        cluster: "orders", since: Self.hour(-1), history: try ledger.history(), latest: nil, at: Self.hour(hour))
    }
  }

  @Test("a window loses the highest rate that was seen times its length, and the open one goes on until now")
  func windows() throws {
    let page = try page(
      [
        try run("a", cut: 0, end: 0.5, differing: 100, rationale: "before the sale"),
        try run("b", cut: 10, end: 12, differing: 100), try run("c", cut: 13, end: 13.5, fails: true),
      ], at: 20)
    let cadence = try #require(page.cadence)
    #expect(cadence.rates.map(\.recordsPerHour) == [200, 50])
    #expect(cadence.windows.map(\.backup) == ["backup-a", "backup-b"], "a cut that failed is no end of a window")
    #expect(cadence.windows.map(\.recordsLost) == [2000, 2000])
    #expect(cadence.windows.map(\.isOpen) == [false, true])
    #expect(cadence.windows.map(\.rationale) == ["before the sale", nil])
    #expect(cadence.longest?.backup == "backup-a")
    for text in [ReportHTML(page).text(), ReportMarkdown(page).text()] {
      #expect(text.contains("200 records an hour"))
      #expect(text.contains("because: before the sale"))
      #expect(text.contains("up to about 2,000 records would have been lost by its end"))
    }
  }

  @Test("each milestone of a migration stands in its window, with what going back from it would lose")
  func milestones() throws {
    func event(_ stage: MigrationStage, _ hour: Double) -> MigrationPublication {
      MigrationPublication(id: stage.rawValue, cluster: "orders", migration: "split", stage: stage, at: Self.hour(hour))
    }
    let page = try page(
      [try run("a", cut: 0, end: 1, differing: 60), try run("b", cut: 8, end: 9)],
      events: [event(.planned, 1), event(.snapshotting, 4), event(.copying, 8)], at: 10)
    let windows = try #require(page.cadence?.windows)
    #expect(windows[0].milestones.map(\.stage) == [.planned, .snapshotting])
    #expect(windows[0].milestones.map(\.recordsLost) == [60, 240])
    #expect(windows[1].milestones.map(\.stage) == [.copying])
    #expect(ReportMarkdown(page).text().contains("split snapshotting at"))
  }

  @Test("numbers of records at two cuts bound the rate from below, where all of both was restored")
  func growth() throws {
    func counted(_ name: String, cut: Double, records: UInt64) throws -> Run {
      let part = try Coverage(.records, declared: records, examined: records)
      return try run(name, cut: cut, end: cut + 0.1) { run in
        run.coverage = run.coverage.filter { $0.stage != .fingerprint } + [.init(.fingerprint, of: "records", part)]
      }
    }
    let runs = [
      try counted("a", cut: 0, records: 1000), try counted("b", cut: 2, records: 700),
      try counted("c", cut: 4, records: 800),
    ]
    let page = try page(runs, at: 5)
    #expect(page.cadence?.growth?.records == -300 && page.cadence?.growth?.recordsPerHour == 150)
    #expect(page.cadence?.windows.allSatisfy { $0.recordsLost == nil } == true, "a bound from below is no rate")
    #expect(ReportMarkdown(page).text().contains("changed by up to 150 records an hour"))
  }

  @Test(
    "where nothing was seen it says so instead of a number: no live reference, one beside another, a sample, no pass")
  func unknown() throws {
    let blind = try page([try run("a", cut: 0, end: 1), try run("b", cut: 5, end: 6)], at: 10)
    #expect(blind.cadence?.rates.isEmpty == true && blind.cadence?.windows.map(\.recordsLost) == [nil, nil])
    #expect(ReportHTML(blind).text().contains("How fast it changes is not known"))
    let mixed = try run("m", cut: 0, end: 1, differing: 9) { $0.examined?.references.append("backup other") }
    let sampled = try run("s", cut: 1, end: 2, differing: 9) { run in
      if let part = try? Coverage(.slots, declared: 2, examined: 1, skipped: [.notSampled: 1]) {
        run.coverage.append(.init(.restore, of: "slots", part))
      }
    }
    #expect(try page([mixed, sampled], at: 10).cadence?.rates.isEmpty == true)
    let none = try page([try run("f", cut: 0, end: 1, differing: 9, fails: true)], at: 10)
    #expect(none.cadence?.rates.count == 1 && none.cadence?.windows.isEmpty == true)
    #expect(ReportMarkdown(none).text().contains("No passing run verified a cut"))
    let still = try page([try run("z", cut: 0, end: 1, differing: 0)], at: 2)
    #expect(still.cadence?.windows.map(\.recordsLost) == [0], "looked, and nothing had changed: that is a rate")
  }
}
