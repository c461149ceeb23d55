public import DrillModel

/// What is recorded of one cluster, as clauses look at it.
public struct ClusterFacts: Sendable {
  public let cluster: String
  public let now: Instant
  public let clock: ClockTrace
  /// Finished runs of the drills that the policy counts, in the ledger's order.
  public let runs: [Recorded<RunFinished>]
  /// Those of them that began and never finished, and whose process is gone.
  public let interrupted: [Recorded<RunStarted>]
  /// Every drill's finished runs.
  public let allRuns: [Recorded<RunFinished>]
  public let topologies: [Recorded<TopologySeen>]
  /// Since when a schedule that is still in force was declared for one of the drills that count; nil where none is.
  public let scheduledSince: Instant?
  public let findings: [FollowedFinding]
  public let missed: [MissedDrill]
  /// Which backups are retained; nil where nobody said.
  public let catalog: CatalogListing?

  init(_ all: GateFacts, cluster: String, drills: [String]?) {
    self.cluster = cluster
    now = all.now
    clock = all.clock
    catalog = all.catalog
    func counts(_ drill: String) -> Bool { drills?.contains(drill) ?? true }
    allRuns = all.history.runs.filter { $0.body.cluster == cluster }
    runs = allRuns.filter { counts($0.body.drill) }
    interrupted = all.interrupted.filter { $0.body.cluster == cluster && counts($0.body.drill) }
    topologies = all.history.topologies.filter { $0.body.cluster == cluster }
    let schedules = Dictionary(
      grouping: all.history.schedules.filter { $0.body.cluster == cluster && counts($0.body.drill) }, by: \.body.drill)
    scheduledSince = schedules.values.filter { $0.last?.body.calendar != nil }.compactMap(\.first?.time).min()
    findings = all.findings.filter { $0.cluster == cluster }
    missed = all.missed.filter { $0.cluster == cluster && counts($0.drill) }
  }

  /// The run that decides: the last that finished, whatever it found. An older pass says nothing once a newer run could not look.
  public var deciding: Recorded<RunFinished>? { runs.last }

  /// Why nothing decides.
  var nothingRan: String {
    allRuns.isEmpty
      ? "no finished run of \(cluster) is recorded"
      : "\(cluster) has finished runs, but none of a drill that the policy names under `drills:`"
  }

  /// Runs of which the ledger's order says that they lie within `window`, oldest first.
  func runs(within window: Duration) -> [Recorded<RunFinished>] {
    let start = now.advanced(by: .zero - window)
    return runs.filter { (clock.time(of: $0.leaf) ?? $0.time) >= start }
  }

  /// How long ago a time was; nil where it lies in the future.
  func age(of time: Instant) -> Duration? {
    let age = now.milliseconds(since: time)
    return age < -ClockTrace.tolerance.milliseconds ? nil : .milliseconds(max(0, Int64(age)))
  }

  /// The newest topology seen: the one of the highest epoch, and of one epoch the last in force. An old backup's topology may be seen late.
  public var presentTopology: Recorded<TopologySeen>? { topologies.newest }
}

extension [Recorded<TopologySeen>] {
  /// The one of the highest epoch, and of one epoch the last in force; an old backup's may have been seen last.
  package var newest: Recorded<TopologySeen>? {
    self.max {
      ($0.body.epoch, $0.body.asOf ?? $0.time, $0.leaf) < ($1.body.epoch, $1.body.asOf ?? $1.time, $1.leaf)
    }
  }
}

extension RunFinished {
  /// Whether every shard of the backup was restored; nil where the run does not say.
  var restoredAllShards: Bool? {
    if coverage.contains(where: { $0.coverage.skipped[.notSampled] != nil }) { return false }
    guard let examined, let stated = backups.first?.stated else { return nil }
    return Set(examined.shards).isSuperset(of: stated.shards)
  }

  /// Whether the restore went through and was read back, so that its time is the time of a restore.
  var hasRestored: Bool { level >= .restored && restoreMs > 0 }
}
