public import DrillModel

extension ReportPage {
  /// The report of one run, with the runs of the same drill before it and the findings of its cluster that are open.
  ///
  /// - Parameter history: of the whole ledger or of the run's cluster; an empty one where the run is not recorded.
  public init(_ recorded: RecordedRun, history: History, at now: Instant) {
    let entry = recorded.entry
    let own = history.runs.filter {
      $0.body.cluster == entry.cluster && $0.body.drill == entry.drill && $0.body.startedAt <= entry.startedAt
    }
    self.init(
      recorded, earlier: ReportWindow(own),
      findings: history.findings(at: now).filter { $0.cluster == entry.cluster && $0.isOpen },
      topology: history.topology(of: entry.cluster, for: RunSource(recorded).backups),
      missed: history.missedDrills(at: now).filter { $0.cluster == entry.cluster && $0.drill == entry.drill }, at: now)
  }

  /// - Parameter earlier: finished runs of the same drill and cluster, this one included.
  package init(
    _ recorded: RecordedRun, earlier: ReportWindow, findings followed: [FollowedFinding],
    topology: TopologySeen?, missed: [MissedDrill], at now: Instant
  ) {
    let source = RunSource(recorded)
    let unfinished = source.isFinished ? [] : [Self.unfinished(recorded.entry)]
    let gaps = RunGaps(source: source).all
    self.init(kind: .run, at: now, cluster: recorded.entry.cluster, focus: source, topology: topology)
    findings = ReportFindings.lines(run: source, followed: followed, at: now)
    trends = ReportTrends.trends(earlier)
    runs = ReportTrends.lines(earlier.runs, unfinished: unfinished)
    counts = earlier.counts
    counts.interrupted = recorded.entry.state == .interrupted ? 1 : 0
    counts.running = recorded.entry.state == .running ? 1 : 0
    // A drill that was missed since says something of today, not of this run.
    self.missed = []
    let later = missed.filter { $0.due > recorded.entry.startedAt }
    self.gaps = gaps
    if let first = later.first {
      notes.append(
        "since this run the drill was missed \(Format.plural(later.count, "time")), first at \(Format.time(first.due))")
    }
    standing = Self.standing(of: recorded.entry, source)
    headline = Self.headline(standing, source)
  }

  /// The report of a cluster since a time.
  ///
  /// - Parameter latest: the cluster's latest run with its details, where the ledger still has them; its leaf is enough.
  public init(cluster: String, since: Instant, history: History, latest: RecordedRun?, at now: Instant) {
    let runs = history.runs.filter { $0.body.cluster == cluster && $0.body.startedAt >= since }
    let begun = history.started.filter { $0.body.cluster == cluster && $0.body.startedAt >= since }
    let finished = Set(runs.map(\.body.run))
    let unfinished = begun.filter { !finished.contains($0.body.run) }.map {
      ReportTrends.line($0.body, history.running.contains($0.body.run) ? .running : .interrupted)
    }
    self.init(
      cluster: cluster, since: since, window: ReportWindow(runs), unfinished: unfinished, latest: latest,
      findings: history.findings(at: now).filter { $0.cluster == cluster },
      topology: history.topology(of: cluster, for: latest.map { RunSource($0).backups } ?? []),
      missed: history.missedDrills(at: now).filter { $0.cluster == cluster && $0.due >= since },
      skips: history.skips.filter { $0.body.cluster == cluster && $0.time >= since },
      events: history.migrationEvents.map(\.body).filter { $0.cluster == cluster }, at: now)
  }

  package init(
    cluster: String, since: Instant, window: ReportWindow, unfinished: [RunLine], latest: RecordedRun?,
    findings followed: [FollowedFinding], topology: TopologySeen?, missed: [MissedDrill],
    skips: [Recorded<DrillSkipped>], events: [MigrationEvent], at now: Instant
  ) {
    let source = latest.map { RunSource($0) }
    let shown = followed.filter { $0.isOpen || $0.lastSeenAt >= since || ($0.closedAt.map { $0 >= since } ?? false) }
    self.init(kind: .cluster, at: now, cluster: cluster, focus: source, topology: topology)
    self.since = since
    findings = ReportFindings.lines(run: source, followed: shown, at: now)
    trends = ReportTrends.trends(window)
    runs = ReportTrends.lines(window.runs, unfinished: unfinished)
    counts = window.counts
    counts.interrupted = unfinished.count { $0.state == .interrupted }
    counts.running = unfinished.count { $0.state == .running }
    counts.missed = missed.count
    counts.skipped = skips.count
    cadence = Cadence(runs: window.runs.map(\.body), events: events, at: now)
    self.missed = missed
    self.skips = skips.map { SkipLine(drill: $0.body.drill, at: $0.time, reliesOn: $0.body.reliesOn) }
    let interrupted = unfinished.filter { $0.state == .interrupted }
    gaps =
      Self.gaps(missed: missed) + Self.gaps(interrupted: interrupted) + (source.map { RunGaps(source: $0).all } ?? [])
    // Everything that was found in the time, wherever in it.
    let subjects = window.runs.flatMap { $0.body.subjects ?? [] }.map { (code: $0.code, subject: $0.subject) }
    slots = SlotMaps.map(subjects, examined: source?.examined?.slots, topology: topology)
    if !window.omitted.isEmpty {
      notes.append(
        "slots where content differs are those of the latest \(Format.count(window.runs.count)) runs of the time")
    }
    standing = Self.standing(runs: window.runs, unfinished: unfinished)
    headline = Self.headline(cluster: standing, self)
  }

  private init(kind: Kind, at now: Instant, cluster: String, focus source: RunSource?, topology: TopologySeen?) {
    format = Self.formatName
    self.kind = kind
    generatedAt = now
    self.cluster = cluster
    standing = .unknown
    headline = ""
    run = source?.facts
    findings = []
    gaps = []
    levels = source?.levels ?? []
    restore = source?.restore ?? RestoreFacts(phases: [], shards: [], around: [])
    objectives = source?.objectives ?? []
    coverage = source?.coverage.sorted { $0.stage < $1.stage } ?? []
    comparisons = source?.run?.comparisons ?? []
    answers = source?.answers
    latencies = source?.latencies ?? []
    drift = source?.driftFacts ?? DriftFacts(wasLookedFor: nil, tallies: [], total: 0)
    let subjects =
      source.map { source in
        source.run?.findings.map { (code: $0.code, subject: $0.subject) }
          ?? (source.entry.outcome?.subjects ?? []).map { (code: $0.code, subject: $0.subject) }
      } ?? []
    slots = SlotMaps.map(subjects, examined: source?.examined?.slots, topology: topology)
    trends = []
    runs = []
    counts = Counts()
    missed = []
    skips = []
    notes = source?.run?.notes ?? []
  }

  private static func unfinished(_ entry: RunEntry) -> RunLine {
    RunLine(
      run: entry.run, drill: entry.drill, state: entry.state, startedAt: entry.startedAt, findings: 0, obstacles: 0)
  }

  private static func gaps(missed: [MissedDrill]) -> [Gap] {
    Dictionary(grouping: missed, by: \.drill).sorted { $0.key < $1.key }.map { drill, times in
      let due = times.map(\.due).sorted().prefix(4).map { Format.time($0) }.joined(separator: ", ")
      return Gap(
        kind: .missing, subject: "drill \(drill)",
        reason: "should have run and did not: due \(due)\(times.count > 4 ? ", …" : "")",
        amount: Format.plural(times.count, "time"))
    }
  }

  private static func gaps(interrupted: [RunLine]) -> [Gap] {
    Dictionary(grouping: interrupted, by: \.drill).sorted { $0.key < $1.key }.map { drill, runs in
      Gap(
        kind: .missing, subject: "drill \(drill)",
        reason: "began and never finished, latest \(runs.max { $0.startedAt < $1.startedAt }?.run ?? "")",
        amount: Format.plural(runs.count, "run"))
    }
  }
}

extension ReportPage.Counts {
  init(_ verdicts: [Verdict]) {
    for verdict in verdicts {
      switch verdict {
      case .pass: pass += 1
      case .inconclusive: inconclusive += 1
      case .fail: fail += 1
      }
    }
  }
}

extension History {
  /// The topology that a cluster's backups were taken in, or else the latest that is known.
  package func topology(of cluster: String, for backups: [Run.BackupExamined]) -> TopologySeen? {
    let own = topologies.map(\.body).filter { $0.cluster == cluster }
    let epochs = Set(backups.compactMap { $0.stated?.epoch })
    return own.last { seen in backups.contains { seen.seenIn == "backup \($0.backup)" } }
      ?? own.last { epochs.contains($0.epoch) } ?? own.last
  }
}
