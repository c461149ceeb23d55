import DrillModel

/// The parts that texts about one run are made of.
struct RunParts {
  let run: Run

  // MARK: What it concluded

  func header(_ page: inout Page, backups most: Int) {
    page.paragraph(
      [Span(run.verdict.rawValue.uppercased(), run.verdict.tone), "  ", Span(headline, .strong)], hanging: 2)
    let took = Double(run.finishedAt.millisecondsSince1970 - run.startedAt.millisecondsSince1970)
    page.field(
      "Run", ["\(run.id) · cluster \(run.cluster) (\(run.engine)) · took \(Format.duration(ms: max(took, 0)))"])
    for backup in run.backups.prefix(most) {
      let cut = backup.cut.map { "cut \(Format.time($0.time)), \($0.coherence.words)" } ?? "its cut is unknown"
      page.field("Backup", ["\(backup.backup)\(backup.unsealed == nil ? "" : ", unsealed") · \(cut)"])
      if let chain = backup.chain { page.field("", ["\(chain.words)"]) }
    }
    if run.backups.count > most { page.field("", ["and \(Format.plural(run.backups.count - most, "more backup"))"]) }
  }

  private var headline: String {
    switch run.verdict {
    case .pass: return "level \(run.level.rawValue): \(run.claim)"
    case .inconclusive:
      return run.selfTest?.doubt == nil
        ? "nothing wrong was seen, but too little was looked at to say that all is well"
        : "nothing wrong was seen, but its own checks did not find all that was planted for them"
    case .fail:
      let real = run.findings.contains { $0.stage != .objectives }
      return real
        ? "wrong data, first seen at stage \(run.firstFailingStage?.rawValue ?? "?"): this is real"
        : "no wrong data, but an objective was missed"
    }
  }

  /// The level with what it claims and why it is not higher.
  func level(_ page: inout Page, withEvidence: Bool) {
    let isEnough = run.reaches(run.requiredLevel)
    var spans: [Span] = [
      Span(run.level.rawValue, isEnough ? .good : .unsure), isEnough ? " (required: " : ", but required is ",
      "\(run.requiredLevel.rawValue)\(isEnough ? ")" : "")",
    ]
    if run.verdict != .pass { spans.append(" — \(run.level.claim)") }
    if let reason = LevelGap.reason(run) { spans.append("; \(reason)") }
    page.field("Level", spans)
    guard withEvidence else { return }
    page.table(
      run.levels.sorted { $0.level < $1.level }.map { [Span($0.level.rawValue), Span($0.evidence, .dim)] },
      indent: Page.margin)
  }

  // MARK: What is wrong

  /// - Parameter most: of how many kinds of findings more than the name is shown.
  func wrong(_ page: inout Page, most: Int) {
    let groups = FindingGroup.groups(run.findings)
    guard !groups.isEmpty else { return }
    page.paragraph([
      Span("WHAT IS WRONG", .bad),
      "  \(Format.plural(run.findings.count, "finding")) of \(Format.plural(groups.count, "kind"))",
    ])
    for (index, group) in groups.prefix(most).enumerated() {
      let subjects = group.subjects(index == 0 && most > 1 ? 2 : 1)
      page.paragraph(
        [Span(group.title, .bad), "  stage \(group.stage.rawValue)\(subjects.isEmpty ? "" : " · \(subjects)")"],
        indent: 2, hanging: 6)
      if index == 0 || most == .max { page.paragraph([Span(group.code.meaning)], indent: 6) }
      if let first = group.findings.first {
        let (expected, observed) = (first.expected.clipped(to: 180), first.observed.clipped(to: 180))
        page.paragraph(["expected ", Span(expected, .strong), "; observed ", Span(observed, .strong)], indent: 6)
      }
      page.paragraph(["→ ", Span(group.code.action)], indent: 6, hanging: 8)
    }
    let rest = groups.dropFirst(most)
    guard !rest.isEmpty else { return }
    let more = rest.count > 6 ? ", and \(Format.plural(rest.count - 6, "more kind"))" : ""
    page.paragraph(
      [Span("also \(rest.prefix(6).map(\.title).joined(separator: ", "))\(more)", .bad)], indent: 2, hanging: 6)
  }

  /// What keeps the verdict from saying more; it says nothing about the data.
  func couldNotLook(_ page: inout Page, most: Int) {
    var reasons = run.obstacles.map { obstacle in
      [Span(obstacle.code.rawValue, .unsure), Span("  stage \(obstacle.stage.rawValue) · \(sentence(obstacle))")]
    }
    if let answers = run.answers, answers.indeterminate > 0 {
      reasons.append(["\(Format.plural(answers.indeterminate, "operation")) had no answer in time on one of the sides"])
    }
    let open = run.drift.filter { $0.attribution == .ambiguous && $0.count > 0 }
    if !open.isEmpty {
      let differences = Format.plural(open.reduce(0) { $0 + $1.count }, "difference")
      let causes = Set(open.map(\.cause.rawValue)).sorted().joined(separator: "; ")
      reasons.append(["\(differences) can neither be explained nor be held against the backup: \(causes)"])
    }
    if let reason = run.selfTest?.doubt { reasons.append([Span("self-test", .unsure), "  \(reason)"]) }
    if run.coverage.allSatisfy({ $0.coverage.examined == 0 }) { reasons.append(["nothing at all was examined"]) }
    if reasons.isEmpty, run.findings.isEmpty, !run.reaches(run.requiredLevel) {
      reasons.append([
        "the evidence reaches level \(run.level.rawValue), and the drill requires \(run.requiredLevel.rawValue)\(run.isUnsealed ? ", which no unsealed backup reaches: seal it (`firedrill seal`)" : "")"
      ])
    }
    guard !reasons.isEmpty else { return }
    page.paragraph([Span("COULD NOT LOOK", .unsure), "  this says nothing about the data"])
    for reason in reasons.prefix(most) { page.paragraph(reason, indent: 2, hanging: 6) }
    if reasons.count > most { page.paragraph(["and \(Format.count(reasons.count - most)) more"], indent: 2) }
  }

  private func sentence(_ obstacle: Run.Obstacle) -> String {
    obstacle.subject.isEmpty ? obstacle.detail : "\(obstacle.subject): \(obstacle.detail)"
  }

  /// The next commands to type: the page of what is worst, and the run in full.
  func next(_ page: inout Page, isRecorded: Bool) {
    let code = FindingGroup.groups(run.findings).first?.code.rawValue ?? run.obstacles.first?.code.rawValue
    let commands = [code.map { "firedrill explain \($0)" }, isRecorded ? "firedrill ledger show \(run.id)" : nil]
    for (index, command) in commands.compactMap({ $0 }).enumerated() {
      page.field(index == 0 ? "Next" : "", [Span(command, .strong)])
    }
  }

  // MARK: What was examined

  /// The parts in the order of the stages; those that are whole go first where not all fit.
  func coverage(_ page: inout Page, most: Int) {
    guard !run.coverage.isEmpty else { return page.field("Examined", [Span("nothing", .unsure)]) }
    let parts = run.coverage.sorted { $0.stage < $1.stage }
    let isOpen = { (part: Run.StageCoverage) in part.coverage.examined < part.coverage.declared }
    var kept = Set(parts.indices.filter { isOpen(parts[$0]) }.prefix(most))
    for index in parts.indices where kept.count < most { kept.insert(index) }
    page.field("Examined", ["of what was declared, and what was skipped and why"])
    let shown = kept.sorted().map { parts[$0] }
    let names = shown.map { "\($0.stage.rawValue), \($0.of)".clipped(to: 40) }
    let width = names.map(\.count).max() ?? 0
    for (part, name) in zip(shown, names) {
      let coverage = part.coverage
      let share = Format.share(coverage.examined, of: coverage.declared)
      page.paragraph(
        [
          "\(name.padded(to: width))  \(String(repeating: " ", count: max(7 - share.count, 0)))",
          Span(share, isOpen(part) ? .unsure : .good),
          " of \(Format.amount(coverage.declared, coverage.unit))",
        ], indent: 2, hanging: 6)
      guard !coverage.skipped.isEmpty else { continue }
      let skipped = coverage.skipped.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
        .map { "\(Format.amount($0.value, coverage.unit)): \($0.key.rawValue)" }
      page.paragraph([Span("skipped ", .unsure), Span(skipped.joined(separator: "; "))], indent: 6, hanging: 14)
    }
    let rest = parts.indices.filter { !kept.contains($0) }
    if !rest.isEmpty {
      let open = rest.filter { isOpen(parts[$0]) }.count
      page.paragraph(
        [
          "and \(Format.plural(rest.count, "more part")), \(open == 0 ? "examined in full" : "\(Format.count(open)) of them not in full")"
        ], indent: 2)
    }
  }

  func phases(_ page: inout Page) {
    let restore = Phase.allCases.filter(\.isRestore).compactMap { part($0) }
    let objective = run.objectives.first { $0.kind == .restoreTime }
    if !restore.isEmpty || objective != nil {
      var spans = [restore.isEmpty ? Span("not timed", .unsure) : Span(Format.duration(ms: run.restoreMs), .strong)]
      if let objective { spans += [" (RTO \(Format.duration(ms: objective.target)): ", outcome(objective), ")"] }
      if !restore.isEmpty { spans.append(" — \(restore.joined(separator: ", "))") }
      page.field("Restore", spans)
    }
    let others = Phase.allCases.filter { !$0.isRestore }.compactMap { part($0) }
    if !others.isEmpty { page.field("Around it", ["\(others.joined(separator: ", "))"]) }
    let objectives = run.objectives.filter { $0.kind != .restoreTime }
    if !objectives.isEmpty {
      page.field("Objectives", Array(objectives.map { described($0) }.joined(separator: ["; "])))
    }
  }

  /// `load 4.21 s`: all shards together where the run says so, otherwise the slowest one; nil for a phase that did not take place.
  private func part(_ phase: Phase) -> String? {
    let timings = run.phases.filter { $0.phase == phase }
    guard !timings.isEmpty else { return nil }
    let whole = timings.filter { $0.shard == nil }
    let elapsed = whole.isEmpty ? timings.map(\.elapsedMs).max() ?? 0 : whole.reduce(0) { $0 + $1.elapsedMs }
    return "\(phase.rawValue.replacing("-", with: " ")) \(Format.duration(ms: elapsed))"
  }

  private func outcome(_ objective: Run.Objective) -> Span {
    switch objective.isMet {
    case true?: Span("met", .good)
    case false?: Span("missed", .bad)
    case nil: Span("not measured", .unsure)
    }
  }

  private func described(_ objective: Run.Objective) -> [Span] {
    let text: (Double) -> String =
      switch objective.kind {
      case .restoreTime, .recoveryPoint: { Format.duration(ms: $0) }
      case .drift, .mismatches: { Format.count(Int64($0)) }
      case .coverage: { Format.share(UInt64($0 * 1e6), of: 1_000_000) }
      }
    let bound = objective.kind == .coverage ? "at least" : "at most"
    let measured = objective.measured.map { " \(text($0))" } ?? ""
    return ["\(objective.kind.rawValue)\(measured) (\(bound) \(text(objective.target))): ", outcome(objective)]
  }

  func answers(_ page: inout Page) {
    guard let answers = run.answers else { return page.field("Answers", ["no operation was put to both sides"]) }
    page.field(
      "Answers",
      [
        "\(Format.count(answers.equal)) equal, ",
        Span("\(Format.count(answers.different)) different", answers.different > 0 ? .bad : .plain), ", ",
        Span("\(Format.count(answers.indeterminate)) without an answer", answers.indeterminate > 0 ? .unsure : .plain),
      ])
    guard !run.latencies.isEmpty else { return }
    let sides = run.latencies.map {
      "\($0.side) \(Format.duration(ms: $0.latencyP50Us / 1000)) / \(Format.duration(ms: $0.latencyP99Us / 1000))"
    }
    page.field("", ["latency p50 / p99: \(sides.joined(separator: ", "))"])
    for latency in run.latencies {
      guard let offered = latency.offered else { continue }
      page.field("", ["\(latency.side), \(OfferedWords.latency(offered)); \(OfferedWords.rate(offered))"])
    }
  }

  func drift(_ page: inout Page, most: Int) {
    let tallies = run.drift.filter { $0.count > 0 }.sorted {
      (rank($0.attribution), $1.count) < (rank($1.attribution), $0.count)
    }
    guard !tallies.isEmpty else {
      let wasLookedFor = run.coverage.contains { $0.stage == .drift } || run.comparisons.contains { $0.stage == .drift }
      return page.field("Drift", [wasLookedFor ? "none" : "not looked for"])
    }
    let total = tallies.reduce(0) { $0 + $1.count }
    page.field("Drift", ["\(Format.plural(total, "difference")) between sandbox and reference, by cause"])
    page.table(
      tallies.prefix(most).map {
        [
          Span(Format.count($0.count)), Span($0.attribution.rawValue, tone($0.attribution)),
          Span($0.kind.rawValue.replacing("-", with: " ")),
          Span($0.cause.rawValue),
        ]
      }, indent: Page.margin, rightAligned: [0])
    let rest = tallies.dropFirst(most)
    if !rest.isEmpty {
      page.paragraph(
        ["and \(Format.count(rest.reduce(0) { $0 + $1.count })) of \(Format.plural(rest.count, "other cause"))"],
        indent: Page.margin)
    }
  }

  private func rank(_ attribution: Drift.Attribution) -> Int {
    switch attribution {
    case .unexplained: 0
    case .ambiguous: 1
    case .explained: 2
    }
  }

  private func tone(_ attribution: Drift.Attribution) -> Span.Tone {
    switch attribution {
    case .unexplained: .bad
    case .ambiguous: .unsure
    case .explained: .plain
    }
  }

  /// Those that differ go first where not all fit.
  func comparisons(_ page: inout Page, most: Int) {
    guard !run.comparisons.isEmpty else { return }
    let ordered = run.comparisons.filter { !$0.isEqual } + run.comparisons.filter(\.isEqual)
    var parts: [[Span]] = ordered.prefix(most).map {
      [
        "\($0.left) with \($0.right) ", Span($0.isEqual ? "equal" : "different", $0.isEqual ? .good : .bad),
        " (\(Format.plural($0.independentReaders, "independent reader")))",
      ]
    }
    let rest = ordered.dropFirst(most)
    if !rest.isEmpty {
      let different = rest.filter { !$0.isEqual }.count
      parts.append([
        "\(Format.count(rest.count)) more, \(different == 0 ? "equal" : "\(Format.count(different)) of them different")"
      ])
    }
    page.field("Compared", Array(parts.joined(separator: ["; "])))
  }

  func notes(_ page: inout Page, most: Int) {
    for note in run.notes.prefix(most) { page.field("Note", ["\(note)"]) }
    let rest = run.notes.dropFirst(most).count
    if rest > 0 {
      page.field(most == 0 ? "Notes" : "", ["\(most == 0 ? "" : "and ")\(Format.plural(rest, "more note"))"])
    }
  }

  /// Nothing where the run did not come to it. That it is sound is no news where something is wrong, and there is much else to show.
  func selfTest(_ page: inout Page, inFull: Bool) {
    guard let test = run.selfTest, inFull || run.verdict != .fail || !test.isSound else { return }
    page.field("Self-test", [Span(test.outcome, test.isSound ? .good : .unsure), "\(inFull ? "; \(test.cost)" : "")"])
    guard inFull else { return }
    page.table(
      test.planted.map {
        [
          Span($0.isCaught ? "found" : "NOT FOUND", $0.isCaught ? .good : .unsure), Span($0.part.rawValue),
          Span($0.fault), Span($0.place, .dim), Span($0.found.map(\.rawValue).joined(separator: ", ")),
        ]
      }, indent: Page.margin)
    for omission in test.omitted { page.field("", ["none in \(omission.part.rawValue): \(omission.reason)"]) }
  }

  func sandbox(_ page: inout Page, inFull: Bool) {
    guard let sandbox = run.sandbox else { return page.field("Sandbox", ["there was none"]) }
    let detail = inFull || sandbox.isolation < .namespaces ? " (\(sandbox.isolationDetail))" : ""
    page.field(
      "Sandbox",
      [
        "\(sandbox.server), isolation: \(sandbox.isolation.rawValue)\(detail), clock \(sandbox.clockHeld ? "held at the cut" : "not held")"
      ])
    guard let proof = sandbox.proof else { return }
    let broken = Set(proof.broken(sandbox.isolation))
    page.field("Isolation", [Span(proof.summary, broken.isEmpty ? .dim : .bad)])
    guard inFull else { return }
    page.table(
      proof.trials.map {
        [
          Span($0.outcome.rawValue, broken.contains($0) ? .bad : $0.outcome == .held ? .good : .dim),
          Span($0.kind.rawValue), Span($0.detail, .dim),
        ]
      }, indent: Page.margin)
  }
}

extension Verdict {
  /// How it is shown.
  var tone: Span.Tone {
    switch self {
    case .pass: .good
    case .inconclusive: .unsure
    case .fail: .bad
    }
  }
}
