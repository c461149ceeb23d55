import DrillModel

/// One run's facts, from the whole run where the ledger still holds it and from its leaf where not.
struct RunSource {
  var entry: RunEntry
  var run: Run?

  init(_ recorded: RecordedRun) {
    entry = recorded.entry
    run = recorded.run
  }

  private var leaf: RunFinished? { entry.outcome }

  var verdict: Verdict? { leaf?.verdict ?? run?.verdict }
  var level: Level? { leaf?.level ?? run?.level }
  var requiredLevel: Level? { leaf?.requiredLevel ?? run?.requiredLevel }
  var coverage: [Run.StageCoverage] { run?.coverage ?? leaf?.coverage ?? [] }
  var objectives: [Run.Objective] { run?.objectives ?? leaf?.objectives ?? [] }
  var backups: [Run.BackupExamined] { run?.backups ?? leaf?.backups ?? [] }
  var answers: Run.AnswerTally? { run?.answers ?? leaf?.answers }
  var drift: [Run.DriftTally] { run?.drift ?? leaf?.drift ?? [] }
  var selfTest: SelfTest.Tally? { run?.selfTest?.tally ?? leaf?.selfTest }
  var examined: Run.Examined? { run?.examined ?? leaf?.examined }
  /// Nil: not recorded.
  var latencies: [Run.Latency]? { run?.latencies ?? leaf?.latencies }
  var restoreMs: Double? { (leaf?.restoreMs ?? run?.restoreMs).flatMap { $0 > 0 ? $0 : nil } }
  var isFinished: Bool { run != nil || leaf != nil }

  var facts: ReportPage.RunFacts {
    ReportPage.RunFacts(
      run: entry.run, drill: entry.drill, engine: run?.engine ?? leaf?.engine, state: entry.state, verdict: verdict,
      level: level, requiredLevel: requiredLevel, startedAt: entry.startedAt,
      finishedAt: run?.finishedAt ?? leaf?.finishedAt, seed: entry.seed, tool: run?.tool ?? leaf?.tool,
      host: run?.host ?? leaf?.host, backups: backups, sandbox: run?.sandbox, selfTest: run?.selfTest,
      selfTestTally: selfTest,
      fingerprintRoot: run?.fingerprintRoot ?? leaf?.fingerprintRoot, policy: leaf?.policy,
      governance: run?.governance ?? leaf?.governance, hasDetails: run != nil,
      leaves: [entry.startedLeaf, entry.finishedLeaf].compactMap { $0 })
  }

  // MARK: Restore

  var restore: ReportPage.RestoreFacts {
    let objective = objectives.first { $0.kind == .restoreTime }
    let timings = run?.phases ?? []
    func times(_ wanted: (Phase) -> Bool) -> [ReportPage.PhaseTime] {
      Phase.allCases.filter(wanted).compactMap { phase in
        elapsed(timings.filter { $0.phase == phase }).map { ReportPage.PhaseTime(phase: phase, elapsedMs: $0) }
      }
    }
    let byShard = Dictionary(
      grouping: timings.filter { $0.phase.isRestore && $0.shard != nil }, by: { $0.shard ?? "" })
    let shards = byShard.map {
      ReportPage.ShardTime(shard: $0.key, elapsedMs: $0.value.reduce(0) { $0 + $1.elapsedMs })
    }
    return ReportPage.RestoreFacts(
      totalMs: restoreMs, targetMs: objective?.target, isMet: objective?.isMet, phases: times(\.isRestore),
      shards: Array(shards.sorted { ($1.elapsedMs, $0.shard) < ($0.elapsedMs, $1.shard) }.prefix(8)),
      around: times { !$0.isRestore })
  }

  /// All shards together where the run says so, otherwise the slowest; nil for a phase that did not take place.
  private func elapsed(_ timings: [PhaseTiming]) -> Double? {
    guard !timings.isEmpty else { return nil }
    let whole = timings.filter { $0.shard == nil }
    return whole.isEmpty ? timings.map(\.elapsedMs).max() : whole.reduce(0) { $0 + $1.elapsedMs }
  }

  // MARK: Drift

  var driftFacts: ReportPage.DriftFacts {
    let tallies = drift.filter { $0.count > 0 }.sorted {
      (RunSource.rank($0.attribution), $1.count, $0.cause.rawValue, $0.kind.rawValue)
        < (RunSource.rank($1.attribution), $0.count, $1.cause.rawValue, $1.kind.rawValue)
    }
    return ReportPage.DriftFacts(
      wasLookedFor: isFinished ? RunSource.lookedForDrift(coverage, drift, run?.comparisons) : nil, tallies: tallies,
      total: tallies.reduce(0) { $0 + $1.count })
  }

  static func lookedForDrift(
    _ coverage: [Run.StageCoverage], _ drift: [Run.DriftTally], _ comparisons: [Run.Comparison]?
  ) -> Bool {
    !drift.isEmpty || coverage.contains { $0.stage == .drift && $0.coverage.examined > 0 }
      || comparisons?.contains { $0.stage == .drift } ?? false
  }

  /// What needs eyes first comes first.
  static func rank(_ attribution: Drift.Attribution) -> Int {
    switch attribution {
    case .unexplained: 0
    case .ambiguous: 1
    case .explained: 2
    }
  }

  // MARK: Levels

  var levels: [ReportPage.LevelStep] {
    let reached = level ?? .none
    let next = Level.allCases.first { $0 > reached }
    return Level.allCases.dropFirst().map { step in
      let hasNoBytes = step == .bytes && backups.contains { $0.unsealed.map { $0.digestsSignedBy == nil } ?? false }
      let isReached = isFinished && step <= reached && !hasNoBytes
      var missing: String?
      if hasNoBytes, isFinished { missing = "unsealed: nothing says what the bytes should be" }
      if step == next || (!isFinished && step == Level.allCases.dropFirst().first) { missing = whyNot(step) }
      return ReportPage.LevelStep(
        level: step, isReached: isReached, isRequired: step == requiredLevel, claim: step.claim,
        evidence: isReached ? run?.levels.filter { $0.level == step }.map(\.evidence) ?? [] : [], missing: missing)
    }
  }

  private func whyNot(_ next: Level) -> String {
    guard isFinished else { return "the run did not finish" }
    if let run { return LevelGap.reason(run) ?? "not \(next.rawValue)" }
    let wrong = leaf?.findings.keys.sorted() ?? []
    let stood = leaf?.obstacles.keys.sorted() ?? []
    let known = (wrong + stood).prefix(4).joined(separator: ", ")
    return "not \(next.rawValue); the run's details were dropped by age" + (known.isEmpty ? "" : ", it had \(known)")
  }
}
