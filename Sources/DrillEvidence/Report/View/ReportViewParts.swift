import DrillModel

/// The parts of a page, each from the part of the report that it shows.
struct ReportViewParts {
  let page: ReportPage
  let links: ReportView.Links?

  init(_ page: ReportPage, links: ReportView.Links?) {
    self.page = page
    self.links = links
  }

  // MARK: At a glance

  var tiles: [ReportView.Tile] {
    let run = page.run
    let level = run?.level
    let isEnough = level.map { level in run?.requiredLevel.map { level >= $0 } ?? false } ?? false
    var tiles = [
      ReportView.Tile(
        name: "Level", value: level?.rawValue ?? "–", tone: isEnough ? "good" : "unsure",
        sub: run?.requiredLevel.map { "required: \($0.rawValue)" } ?? "no run has finished")
    ]
    tiles.append(
      ReportView.Tile(
        name: "Restore time", value: page.restore.totalMs.map { Format.duration(ms: $0) } ?? "not timed",
        tone: met(page.restore.isMet, unknown: page.restore.totalMs == nil ? "unsure" : "plain"),
        sub: page.restore.targetMs.map { "RTO \(Format.duration(ms: $0)), \(outcome(page.restore.isMet))" }
          ?? "no RTO is set"))
    let answers = page.answers
    tiles.append(
      ReportView.Tile(
        name: "Answers", value: answers.map { Format.count($0.different) } ?? "–",
        tone: answers.map { $0.different > 0 ? "bad" : $0.indeterminate > 0 || $0.equal == 0 ? "unsure" : "good" }
          ?? "unsure",
        sub: answers.map { "differ, of \(Format.count($0.equal + $0.different + $0.indeterminate))" }
          ?? "none were asked"))
    let worst = page.drift.tallies.map(\.attribution).min { RunSource.rank($0) < RunSource.rank($1) }
    tiles.append(
      ReportView.Tile(
        name: "Drift", value: page.drift.wasLookedFor == true ? Format.count(page.drift.total) : "–",
        tone: page.drift.wasLookedFor != true ? "unsure" : worst.map(tone) ?? "good",
        sub: page.drift.wasLookedFor == true
          ? worst.map { "worst: \($0.rawValue)" } ?? "no difference" : "not looked for"))
    tiles.append(coverageTile)
    let open = page.findings.count { $0.isInRun || $0.state == .open || $0.state == .acknowledged }
    tiles.append(
      ReportView.Tile(
        name: "Findings", value: page.run == nil ? "–" : Format.count(open),
        tone: open > 0 ? "bad" : page.isCalm ? "good" : "unsure",
        sub: page.overdue > 0 ? "\(Format.count(page.overdue)) overdue" : "none overdue"))
    return tiles
  }

  private var coverageTile: ReportView.Tile {
    let open = page.coverage.filter { $0.coverage.examined < $0.coverage.declared }
    let shares = page.coverage.compactMap { part in part.coverage.share.map { (part, $0) } }
    guard let lowest = shares.min(by: { $0.1 < $1.1 })?.0 else {
      return ReportView.Tile(name: "Examined", value: "nothing", tone: "unsure", sub: "no coverage is recorded")
    }
    let whole = page.coverage.count - open.count
    let least = Format.share(lowest.coverage.examined, of: lowest.coverage.declared)
    // What a stage that never ran would have declared is in no sum.
    let stopped = page.gaps.contains { $0.kind != .skipped && $0.subject.hasPrefix("stage ") }
    let sub =
      open.isEmpty
      ? stopped ? "of what was declared; not every stage ran" : "of all that was declared"
      : "parts in full; \(least) of \(lowest.stage.rawValue), \(lowest.of)".clipped(to: 60)
    return ReportView.Tile(
      name: "Examined", value: open.isEmpty ? "100 %" : "\(whole) of \(page.coverage.count)",
      tone: open.isEmpty && !stopped ? "good" : "unsure", sub: sub)
  }

  private func met(_ isMet: Bool?, unknown: String) -> String { isMet.map { $0 ? "good" : "bad" } ?? unknown }
  private func outcome(_ isMet: Bool?) -> String { isMet.map { $0 ? "met" : "missed" } ?? "not measured" }

  func tone(_ attribution: Drift.Attribution) -> String {
    switch attribution {
    case .unexplained: "bad"
    case .ambiguous: "unsure"
    case .explained: "plain"
    }
  }

  // MARK: Findings

  /// How many of a code are seen at once, and how many more can be opened.
  static let fewRows = 4
  static let mostRows = 100

  var groups: [ReportView.Group] {
    let open = page.findings.filter { !$0.isClosed }
    return open.map(\.code).uniqued().map { code in
      let lines = open.filter { $0.code == code }
      let overdue = lines.count { $0.isOverdue }
      let rows = lines.prefix(Self.fewRows)
      let more = lines.dropFirst(Self.fewRows).prefix(Self.mostRows)
      let beyond = lines.count - rows.count - more.count
      return ReportView.Group(
        code: code.rawValue, times: lines.count == 1 ? "" : "×\(Format.count(lines.count))",
        severity: code.severity.rawValue, stage: lines.map(\.stage).min()?.rawValue ?? "", meaning: code.meaning,
        action: code.action,
        actionMarkup: MarkupText.withCode(code.action),
        ownerText: ReportWords.owners(lines),
        overdueText: overdue == 0 ? "" : "\(Format.count(overdue)) overdue",
        isOverdue: overdue > 0,
        rows: rows.map(row), moreRows: more.map(row), hasMore: !more.isEmpty,
        moreText: "\(Format.count(lines.count - rows.count)) more",
        beyond: beyond > 0 ? "and \(Format.count(beyond)) beyond these; the JSON names every one" : "")
    }
  }

  private func row(_ line: ReportPage.FindingLine) -> ReportView.FindingRow {
    let subject = line.subject.description
    let whole = subject.isEmpty ? "the run as a whole" : subject
    var facts = ""
    if let expected = line.expected, let observed = line.observed {
      facts = "expected \(expected.clipped(to: 300)); observed \(observed.clipped(to: 300))"
    } else if line.isInRun {
      facts = "what was expected and observed was dropped by age"
    } else {
      facts = "found by another run"
    }
    let link = line.id.flatMap { id in links.map { $0.finding(id) } }
    return ReportView.FindingRow(
      short: whole.clipped(to: 180), whole: whole, isLong: whole.count > 180, link: link ?? "", hasLink: link != nil,
      facts: facts, status: ReportWords.status(line, at: page.generatedAt), isLate: line.isOverdue,
      word: line.lastWord ?? "")
  }

  var closed: [ReportView.ClosedRow] {
    page.findings.filter(\.isClosed).prefix(Self.mostRows).map { line in
      let subject = line.subject.description
      return ReportView.ClosedRow(
        closedCode: line.code.rawValue, subject: (subject.isEmpty ? "the run as a whole" : subject).clipped(to: 160),
        closedText: "\(line.state?.rawValue ?? ""), opened \(line.openedAt.map { Format.time($0) } ?? "?")",
        link: line.id.flatMap { id in links.map { $0.finding(id) } } ?? "", hasLink: line.id != nil && links != nil)
    }
  }

  var closedText: String {
    let count = page.findings.count(where: \.isClosed)
    return "\(Format.plural(count, "finding")) of this time resolved or withdrawn"
      + (count > Self.mostRows ? ", \(Self.mostRows) of them here" : "")
  }

  // MARK: Level, gaps, coverage

  var steps: [ReportView.Step] {
    page.levels.map { step in
      ReportView.Step(
        name: step.level.rawValue, symbol: step.isReached ? "✓" : step.missing != nil ? "✕" : "·",
        tone: step.isReached ? "good" : step.missing != nil ? "unsure" : "none", claimText: step.claim,
        evidenceLines: step.evidence, missingText: step.missing ?? (step.isReached ? "" : "not reached"),
        required: step.isRequired ? "required" : "")
    }
  }

  var gaps: [ReportView.GapRow] {
    page.gaps.map { gap in
      let sort =
        switch gap.kind {
        case .skipped: "skipped"
        case .obstacle: "could not look"
        case .notDone: "not examined"
        case .notRecorded: "not recorded"
        case .missing: "no run"
        }
      return ReportView.GapRow(
        what: gap.subject.clipped(to: 200), because: gap.reason.clipped(to: 600), howMuch: gap.amount ?? "", sort: sort)
    }
  }

  func coverage(_ part: Run.StageCoverage) -> ReportView.CoverageRow {
    let coverage = part.coverage
    let isWhole = coverage.examined == coverage.declared && coverage.declared > 0
    return ReportView.CoverageRow(
      part: "\(part.stage.rawValue), \(part.of)", share: Format.share(coverage.examined, of: coverage.declared),
      amount: "of \(Format.amount(coverage.declared, coverage.unit))", bar: CoverageBar.markup(coverage),
      skippedLines: coverage.skipped.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map {
        "\(Format.amount($0.value, coverage.unit)) skipped: \($0.key.rawValue)"
      }, isWhole: isWhole)
  }

  func objective(_ objective: Run.Objective) -> ReportView.ObjectiveRow {
    let words = ReportWords.objective(objective)
    return ReportView.ObjectiveRow(
      goal: words.goal, bound: words.bound, measuredText: words.measured, outcome: words.outcome,
      tone: met(objective.isMet, unknown: "unsure"))
  }

  // MARK: Times

  /// Drills that a report draws one by one.
  private static let mostDrills = 6

  var timeCharts: [ReportView.Chart] {
    var charts: [ReportView.Chart] = []
    if let svg = PhaseChart.markup(page.restore, id: "phases") {
      charts.append(ReportView.Chart(heading: "By phase", svg: svg, caption: ""))
    }
    for (index, trend) in page.trends.prefix(Self.mostDrills).enumerated() {
      guard let svg = TrendChart.markup(trend, id: "trend\(index)") else { continue }
      charts.append(
        ReportView.Chart(heading: "Over time, \(trend.drill.clipped(to: 60))", svg: svg, caption: omitted(trend)))
    }
    return charts
  }

  var driftCharts: [ReportView.Chart] {
    page.trends.prefix(Self.mostDrills).enumerated().compactMap { index, trend in
      DriftChart.markup(trend, id: "drift\(index)").map {
        ReportView.Chart(
          heading: "By cause over time, \(trend.drill.clipped(to: 60))", svg: $0, caption: omitted(trend))
      }
    }
  }

  private func omitted(_ trend: ReportPage.Trend) -> String {
    trend.omitted > 0 ? "the latest \(trend.points.count); \(Format.plural(trend.omitted, "earlier run")) left out" : ""
  }

  var timeNotes: [String] {
    var notes: [String] = []
    if page.restore.totalMs == nil { notes.append("No restore was timed in this run.") }
    if page.restore.totalMs != nil, page.restore.phases.isEmpty {
      notes.append("The phases are not recorded any more.")
    }
    if !page.restore.shards.isEmpty {
      let shards = page.restore.shards.map { "\($0.shard.clipped(to: 24)) \(Format.duration(ms: $0.elapsedMs))" }
      notes.append("Slowest shards: \(shards.joined(separator: ", ")).")
    }
    if !page.restore.around.isEmpty {
      let around = page.restore.around.map {
        "\($0.phase.rawValue.replacing("-", with: " ")) \(Format.duration(ms: $0.elapsedMs))"
      }
      notes.append("Around the restore: \(around.joined(separator: ", ")).")
    }
    if page.trends.count > Self.mostDrills {
      notes.append("\(page.trends.count - Self.mostDrills) more drills are not drawn.")
    }
    return notes
  }

  // MARK: Content

  var slotLines: [String] {
    var lines = page.slots.rows.filter { !$0.differing.isEmpty }.prefix(12).map { row in
      let slots = SlotSet(row.differing.map(\.slot))
      return "\(row.shard ?? "shard not stated"): \(Format.plural(row.differing.count, "slot")) differ "
        + "(\(slots.description.replacing(",", with: ", ").clipped(to: 160)))"
    }
    if let examined = page.slots.examined {
      lines.append(
        "\(Format.count(examined.count)) of \(Format.count(Slot.count)) slots were restored whole and read back.")
    } else {
      lines.append("Which slots were read back is not recorded.")
    }
    if page.slots.unplaced > 0 {
      lines.append("\(Format.plural(page.slots.unplaced, "difference")) name no slot and are not drawn.")
    }
    if page.slots.rows.count > SlotChart.mostRows {
      lines.append("\(page.slots.rows.count - SlotChart.mostRows) more shards without a difference are not drawn.")
    }
    return Array(lines)
  }

  var drift: [ReportView.DriftRow] {
    page.drift.tallies.map {
      ReportView.DriftRow(
        count: Format.count($0.count), attribution: $0.attribution.rawValue, tone: tone($0.attribution),
        kindText: $0.kind.rawValue.replacing("-", with: " "), cause: $0.cause.rawValue)
    }
  }

  var comparisons: [ReportView.ComparisonRow] {
    let isExplained = page.drift.tallies.allSatisfy { $0.attribution == .explained } && page.drift.total > 0
    return page.comparisons.map {
      // That production went on after the cut is no fault of the copy.
      let isDrift = $0.stage == .drift && isExplained
      return ReportView.ComparisonRow(
        sides: "\($0.left) with \($0.right)",
        outcome: $0.isEqual ? "equal" : isDrift ? "different, explained" : "different",
        tone: $0.isEqual ? "good" : isDrift ? "plain" : "bad", readers: Format.count($0.independentReaders))
    }
  }

  // MARK: Runs and provenance

  var runs: [ReportView.RunRow] {
    page.runs.map { line in
      let standing: ReportPage.Standing =
        line.verdict.map { .init($0) } ?? (line.state == .running ? .running : .interrupted)
      return ReportView.RunRow(
        time: Format.time(line.startedAt), verdict: standing.rawValue, symbol: ReportWords.symbol(standing),
        tone: ReportWords.tone(standing), levelText: line.level?.rawValue ?? "–",
        wrong: line.verdict == nil ? "–" : Format.count(line.findings),
        restoreText: line.restoreMs.map { Format.duration(ms: $0) } ?? "–",
        driftText: line.drift.map { Format.count($0) } ?? "–", name: line.run,
        link: links.map { $0.run(line.run) } ?? "", hasLink: links != nil, isFocus: line.run == page.run?.run)
    }
  }

  var facts: [ReportView.Fact] {
    guard let run = page.run else { return [] }
    var facts: [ReportView.Fact] = []
    func add(_ term: String, _ lines: [String?]) {
      let lines = lines.compactMap { $0 }
      if !lines.isEmpty { facts.append(ReportView.Fact(term: term, lines: lines)) }
    }
    add("Run", [run.run])
    add("Drill", ["\(run.drill), seed \(run.seed)", run.policy.map { "policy sha256 \($0)" }])
    add("Cluster", ["\(page.cluster)\(run.engine.map { " (\($0))" } ?? "")"])
    let took = run.finishedAt.map { Double($0.millisecondsSince1970 - run.startedAt.millisecondsSince1970) }
    add(
      "Time",
      ["\(Format.time(run.startedAt))\(took.map { ", took \(Format.duration(ms: max($0, 0)))" } ?? ", not finished")"])
    for backup in run.backups.prefix(12) { add("Backup", lines(backup)) }
    if run.backups.count > 12 { add("Backups", ["and \(run.backups.count - 12) more"]) }
    if let sandbox = run.sandbox {
      add(
        "Sandbox",
        [
          "\(sandbox.server), isolation \(sandbox.isolation.rawValue)", sandbox.isolationDetail,
          "clock \(sandbox.clockHeld ? "held at the cut" : "not held")",
        ])
      if let proof = sandbox.proof {
        add(
          "Isolation",
          [proof.summary] + proof.trials.map { "\($0.kind.rawValue): \($0.outcome.rawValue); \($0.detail)" })
      }
    }
    if let test = run.selfTest {
      let planted = test.planted.prefix(20).map {
        "\($0.part.rawValue): \($0.fault), \($0.place): \($0.isCaught ? $0.found.map(\.rawValue).joined(separator: ", ") : "NOT FOUND")"
      }
      add(
        "Self-test",
        ["\(test.outcome), \(test.cost)"] + planted
          + [test.planted.count > 20 ? "and \(test.planted.count - 20) more" : nil]
          + test.omitted.map { "none in \($0.part.rawValue): \($0.reason)" })
    } else if let tally = run.selfTestTally {
      add("Self-test", ["\(tally.caught) of \(Format.plural(tally.planted, "planted fault")) found"])
    }
    add("Content", [run.fingerprintRoot.map { "fingerprint root \($0)" }])
    add(
      "Owner",
      [
        run.governance.map {
          "\($0.owner)\($0.escalation.isEmpty ? "" : ", then \($0.escalation.joined(separator: ", "))")"
        }
      ])
    add("Made by", [run.tool.map { "\($0)\(run.host.map { " on \($0)" } ?? "")" }])
    add(
      "Ledger",
      [
        run.leaves.isEmpty
          ? "NOT RECORDED in any ledger" : "leaf \(run.leaves.map(String.init).joined(separator: ", "))",
        run.hasDetails || run.state != .finished ? nil : "details dropped by age",
      ])
    return facts
  }

  private func lines(_ backup: Run.BackupExamined) -> [String?] {
    let cut = backup.cut.map { "cut \(Format.time($0.time)), \($0.coherence.words)" }
    let stated = backup.stated.map {
      "\($0.kind.rawValue), \(Format.bytes($0.bytes)), \(Format.plural($0.shards.count, "shard")), topology epoch \($0.epoch)"
        + ($0.movesInFlight > 0 ? ", \(Format.plural($0.movesInFlight, "move")) in flight" : "")
        + ($0.retention.map { ", retention \($0)" } ?? "")
    }
    let why = backup.stated?.rationale.map { "because: \($0)" }
    return [
      backup.backup, cut ?? "its cut is unknown", backup.chain?.words, stated, why,
      backup.manifest.map { "manifest sha256 \($0)" },
    ]
      + (backup.cut?.proof.prefix(4).map { $0 } ?? [])
  }
}
