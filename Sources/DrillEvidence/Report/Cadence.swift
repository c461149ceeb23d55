public import DrillModel

/// How often a cluster is backed up, held against how fast it changes: what each window between two backups would lose.
///
/// The rate is seen where a run held a restored backup against production as it was then: `differing records ÷ (end of the run − cut)`, in records an hour. The
/// loss of a window, at its worst moment (just before the next cut), is `highest rate seen × length of the window`. That assumes that production changes
/// evenly, and at the highest rate that was seen; that a record which changed twice was lost once, so that a rate seen over a long window is too low for a short
/// one; and that the live snapshot was taken when the run ended, so that it is too low by the share that the run's own time has of the window. Nothing is
/// claimed where nothing was seen: then rates and losses are nil. What the numbers of records at two cuts tell is a bound from below, and no rate: as many
/// records may have come as went.
public struct Cadence: Hashable, Sendable, Codable {
  /// Differences that one run saw between a backup's cut and production.
  public struct Rate: Hashable, Sendable, Codable {
    public var run: String
    public var cut: Instant
    /// When the run ended.
    public var until: Instant
    public var differing: UInt64
    public var recordsPerHour: Double
  }

  /// By how much the number of records at two verified cuts, one after the other, differs.
  public struct Growth: Hashable, Sendable, Codable {
    public var from: Instant
    public var until: Instant
    /// Negative where there were fewer.
    public var records: Int64
    /// How many records at least changed in an hour.
    public var recordsPerHour: Double
  }

  /// The time from one verified cut to the next one, or to now.
  public struct Window: Hashable, Sendable, Codable {
    /// The backup that would be restored in it.
    public var backup: String
    public var from: Instant
    public var until: Instant
    /// Whether the next cut is still to come.
    public var isOpen: Bool
    /// Records lost by going back to its beginning at its end; nil where no rate was seen.
    public var recordsLost: Double?
    /// Why the backup was taken when it was, as its manifest says; nil where it does not.
    public var rationale: String?
    public var milestones: [Milestone]

    public var lengthMs: Double { until.milliseconds(since: from) }
  }

  /// An event of a migration in a window.
  public struct Milestone: Hashable, Sendable, Codable {
    public var migration: String
    public var stage: MigrationStage
    public var at: Instant
    /// Records lost by going back from there to the beginning of the window; nil where no rate was seen.
    public var recordsLost: Double?
  }

  /// Oldest first.
  public private(set) var rates: [Rate]
  /// Where it was largest; nil where no two cuts with known numbers of records were seen.
  public private(set) var growth: Growth?
  /// Oldest first, at most ``mostWindows`` of the latest ones.
  public private(set) var windows: [Window]
  /// Windows before those.
  public private(set) var omitted: Int

  public static let mostWindows = 40

  public var highest: Rate? { rates.max { ($0.recordsPerHour, $1.until) < ($1.recordsPerHour, $0.until) } }
  /// The longest one, the open one included.
  public var longest: Window? { windows.max { ($0.lengthMs, $1.from) < ($1.lengthMs, $0.from) } }

  /// - Parameters:
  ///   - runs: finished runs of the cluster.
  ///   - events: of its migrations.
  init(runs: [RunFinished], events: [MigrationEvent], at now: Instant) {
    rates = runs.compactMap(Self.rate).sorted { ($0.until, $0.run) < ($1.until, $1.run) }
    let perHour = rates.map(\.recordsPerHour).max()
    func lost(_ start: Instant, _ end: Instant) -> Double? {
      perHour.map { $0 * max(0, end.milliseconds(since: start)) / 3_600_000 }
    }
    var verified: [Instant: Run.BackupExamined] = [:]
    var records: [Instant: UInt64] = [:]
    let ordered = runs.sorted { ($0.startedAt, $0.run) < ($1.startedAt, $1.run) }
    for run in ordered where run.verdict == .pass {
      for backup in run.backups {
        guard let cut = backup.cut, cut.time <= now else { continue }
        verified[cut.time] = backup
        records[cut.time] = run.backups.count == 1 ? run.recordsRestored ?? records[cut.time] : nil
      }
    }
    let cuts = verified.sorted { $0.key < $1.key }
    growth = zip(cuts, cuts.dropFirst()).compactMap { earlier, later -> Growth? in
      guard let before = records[earlier.key], let after = records[later.key] else { return nil }
      let difference = Int64(clamping: after) - Int64(clamping: before)
      let hours = later.key.milliseconds(since: earlier.key) / 3_600_000
      return Growth(
        from: earlier.key, until: later.key, records: difference, recordsPerHour: Double(difference.magnitude) / hours)
    }.max { $0.recordsPerHour < $1.recordsPerHour }
    let all = cuts.indices.map { index in
      let (from, backup) = cuts[index]
      let next = index + 1 < cuts.count ? cuts[index + 1].key : nil
      let until = next ?? now
      let milestones = events.filter { $0.at >= from && $0.at < until }.sorted { $0.at < $1.at }
      return Window(
        backup: backup.backup, from: from, until: until, isOpen: next == nil, recordsLost: lost(from, until),
        rationale: backup.stated?.rationale,
        milestones: milestones.map {
          Milestone(migration: $0.migration, stage: $0.stage, at: $0.at, recordsLost: lost(from, $0.at))
        })
    }
    windows = all.suffix(Self.mostWindows)
    omitted = all.count - windows.count
  }

  /// Nil where the run compared with no live snapshot, or with something else as well, whose differences are counted together, or a sample of the shards alone.
  private static func rate(_ run: RunFinished) -> Rate? {
    guard let references = run.examined?.references.filter({ !$0.hasSuffix(" answers") && $0 != "captured" }),
      references == ["live"], run.examined?.stages.contains(.drift) == true,
      run.restoredAllShards != false, let cut = run.backups.first?.cut?.time
    else { return nil }
    let hours = run.finishedAt.milliseconds(since: cut) / 3_600_000
    guard hours > 0 else { return nil }
    let differing = run.drift.reduce(0) { $0 &+ $1.count }
    return Rate(
      run: run.run, cut: cut, until: run.finishedAt, differing: differing, recordsPerHour: Double(differing) / hours)
  }
}

extension RunFinished {
  /// How many records a whole restore held; nil where the run does not say, or restored a part.
  fileprivate var recordsRestored: UInt64? {
    let parts = coverage.filter { $0.stage == .fingerprint && $0.coverage.unit == .records }.map(\.coverage)
    guard !parts.isEmpty, restoredAllShards != false else { return nil }
    return parts.reduce(0) { $0 &+ $1.declared }
  }
}
