package import DrillModel

/// What is kept of one cluster: its runs in the ledger's order, and per drill what is counted over all of them.
package struct ClusterMemory: Sendable {
  package let name: String
  package private(set) var runs: [Recorded<RunFinished>] = []
  package private(set) var drills: [String: DrillMemory] = [:]
  package internal(set) var started: [Recorded<RunStarted>] = []
  package internal(set) var unfinished: [Recorded<RunStarted>] = []
  package internal(set) var topologies: [Recorded<TopologySeen>] = []
  package internal(set) var migrationEvents: [Recorded<MigrationEvent>] = []
  package internal(set) var decisions: [Recorded<GateDecided>] = []
  package internal(set) var schedules: [Recorded<ScheduleDeclared>] = []
  package internal(set) var skips: [Recorded<DrillSkipped>] = []
  package internal(set) var missed: [MissedDrill] = []
  /// What runs said of each backup that they named.
  private var backups: [String: BackupLooks] = [:]
  /// The last look at the backup of the newest cut.
  private var latestLook: BackupLook?

  /// The last look at a backup.
  private struct BackupLooks: Sendable {
    var bytes: UInt64?
    var seenAt: Instant
    /// When every byte was read and found as sealed, unless a later run found otherwise.
    var readAt: Instant?
  }

  init(_ name: String) { self.name = name }

  mutating func add(_ run: Recorded<RunFinished>) {
    let body = run.body
    runs.append(run)
    latestLook = BackupLook.latest(latestLook, body)
    drills[body.drill, default: DrillMemory(body.drill)].add(body, index: runs.count - 1)
    let bytes = body.coverage.filter { $0.stage == .integrity && $0.coverage.unit == .bytes }.map(\.coverage)
    let isWhole = !bytes.isEmpty && bytes.allSatisfy { $0.declared > 0 && $0.examined == $0.declared }
    let isDamaged = body.firstFailingStage.map { $0 <= .integrity } ?? false
    for backup in body.backups {
      var looks = backups[backup.backup] ?? BackupLooks(seenAt: body.finishedAt)
      looks.bytes = backup.stated?.bytes ?? looks.bytes
      looks.seenAt = body.finishedAt
      if isDamaged { looks.readAt = nil } else if isWhole { looks.readAt = body.finishedAt }
      backups[backup.backup] = looks
    }
  }

  /// Runs of all drills since a time.
  package func window(since: Instant) -> ReportWindow {
    drills.values.reduce(into: ReportWindow([])) { window, drill in add(drill, to: &window) { $0 >= since } }
  }

  /// Runs of one drill up to a time.
  package func window(of drill: String, until: Instant) -> ReportWindow {
    var window = ReportWindow([])
    if let drill = drills[drill] { add(drill, to: &window) { $0 <= until } }
    return window
  }

  private func add(_ drill: DrillMemory, to window: inout ReportWindow, where isInside: (Instant) -> Bool) {
    let inside = drill.outcomes.indices.filter { isInside(drill.outcomes[$0].at) }
    for index in inside {
      switch drill.outcomes[index].verdict {
      case .pass: window.counts.pass += 1
      case .inconclusive: window.counts.inconclusive += 1
      case .fail: window.counts.fail += 1
      }
    }
    window.runs += inside.suffix(ReportWindow.mostRuns).map { runs[drill.indices[$0]] }
    if inside.count > ReportWindow.mostRuns { window.omitted[drill.name] = inside.count - ReportWindow.mostRuns }
  }

  package func latest(of drill: String) -> RunFinished? { drills[drill]?.latest.map { runs[$0].body } }
  package func latestPass(of drill: String) -> RunFinished? { drills[drill]?.latestPass.map { runs[$0].body } }

  /// The name of the run that began last, finished or not; nil where none began since then.
  package func latestRun(since: Instant) -> String? {
    let finished = drills.values.compactMap { $0.latest.map { (runs[$0].body.startedAt, runs[$0].body.run) } }
    let begun = unfinished.map { ($0.body.startedAt, $0.body.run) }
    return (finished + begun).filter { $0.0 >= since }.max { $0 < $1 }?.1
  }

  /// Runs recorded before a leaf, the latest first; all drills.
  package func runs(before leaf: Int?, limit: Int) -> [Recorded<RunFinished>] {
    let end = leaf.map { leaf in runs.partitionPoint { $0.leaf < leaf } } ?? runs.count
    return runs[max(0, end - limit)..<end].reversed()
  }

  /// Its migrations, in the order in which each began.
  package var migrations: [Migration] {
    var history = History()
    history.migrationEvents = migrationEvents
    return history.migrations(of: name)
  }

  /// One of them with all that is recorded around it; nil where there is none of this name.
  package func timeline(of migration: String, at now: Instant) -> MigrationTimeline? {
    let all = migrations
    guard let found = all.first(where: { $0.name == migration }) else { return nil }
    return MigrationTimeline(
      found, others: all.filter { $0.name != migration }, runs: runs, decisions: decisions,
      timeline: TopologyTimeline(cluster: name, topologies: topologies, runs: runs), at: now)
  }

  func topology(for looked: [Run.BackupExamined]) -> TopologySeen? {
    var history = History()
    history.topologies = topologies
    return history.topology(of: name, for: looked)
  }

  /// From what was recorded so far.
  package func readiness(at now: Instant) -> ClusterReadiness {
    return ClusterReadiness(
      latest: latestLook, topologies: topologies, migrations: migrations, at: now)
  }

  /// Backups that runs named since `since` and of which no run has read every byte and found it as sealed. What lies in a catalog and was never named is not
  /// known to a ledger.
  package func debt(since: Instant) -> (backups: Int, bytes: UInt64, unknownSizes: Int) {
    let owed = backups.values.filter { $0.seenAt >= since && $0.readAt == nil }
    return (owed.count, owed.reduce(0) { $0 + ($1.bytes ?? 0) }, owed.count { $0.bytes == nil })
  }

  /// When every byte of some backup was last read and found as sealed.
  package var latestFullRead: Instant? { backups.values.compactMap(\.readAt).max() }
}

/// What is counted over all runs of one drill on one cluster.
package struct DrillMemory: Sendable {
  package let name: String
  /// Places of its runs among the cluster's.
  package private(set) var indices: [Int] = []
  package private(set) var counts: [Verdict: Int] = [:]
  /// Start and verdict of each run, for rates over a time.
  fileprivate var outcomes: [(at: Instant, verdict: Verdict)] = []
  package private(set) var latest: Int?
  private var latestAt: Instant?
  package private(set) var latestPass: Int?
  private var latestPassAt: Instant?
  /// How many restores took at most so long, for each of ``bounds`` and for all; not cumulative.
  package private(set) var restoreCounts: [Int]
  package private(set) var restoreSum = 0.0

  /// Upper bounds in seconds.
  package static let bounds = [
    0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 86_400,
  ]

  init(_ name: String) {
    self.name = name
    restoreCounts = Array(repeating: 0, count: Self.bounds.count + 1)
  }

  mutating func add(_ run: RunFinished, index: Int) {
    indices.append(index)
    counts[run.verdict, default: 0] += 1
    outcomes.append((run.startedAt, run.verdict))
    if latestAt.map({ $0 <= run.startedAt }) ?? true { (latest, latestAt) = (index, run.startedAt) }
    if run.verdict == .pass, latestPassAt.map({ $0 <= run.startedAt }) ?? true {
      (latestPass, latestPassAt) = (index, run.startedAt)
    }
    guard run.restoreMs > 0 else { return }
    let seconds = run.restoreMs / 1000
    restoreCounts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    restoreSum += seconds
  }

  package var restores: Int { restoreCounts.reduce(0, +) }

  /// Finished runs and passes since a time.
  package func outcomes(since: Instant) -> (runs: Int, passes: Int) {
    outcomes.reduce(into: (runs: 0, passes: 0)) { sum, outcome in
      guard outcome.at >= since else { return }
      sum.runs += 1
      if outcome.verdict == .pass { sum.passes += 1 }
    }
  }
}

extension Array {
  /// How many elements stand before the first for which `isBefore` does not hold; they are ordered by it.
  fileprivate func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
