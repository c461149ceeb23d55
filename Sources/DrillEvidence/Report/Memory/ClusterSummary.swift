public import DrillModel

/// A cluster at a glance: what the dashboard's first page and `/api/v1/clusters` say.
public struct ClusterSummary: Hashable, Sendable, Codable {
  public var cluster: String
  /// The worst of every drill's latest run.
  public var standing: ReportPage.Standing
  /// Whether a reader may turn away: a pass, nothing overdue, no drill missed since it last ran.
  public var isCalm: Bool
  public var drills: [DrillSummary]
  /// Finished runs, in the whole ledger.
  public var runs: Int
  public var openFindings: Int
  public var overdueFindings: Int
  /// The most urgent of the open findings.
  public var worstSeverity: Severity?
  /// Due times missed in the window.
  public var missed: Int
  /// Runs of the window that began and never finished.
  public var interrupted: Int
  /// Backups named in the window of which no run has read every byte and found it as sealed, and their stored bytes as far as they are stated.
  public var debtBackups: Int
  public var debtBytes: UInt64
  /// Days that the window has.
  public var windowDays: Int
  /// Whether the newest backup stands for the cluster as it is now.
  public var readiness: ClusterReadiness

  /// One drill of a cluster.
  public struct DrillSummary: Hashable, Sendable, Codable {
    public var drill: String
    public var standing: ReportPage.Standing
    public var run: String?
    public var startedAt: Instant?
    public var level: Level?
    public var requiredLevel: Level?
    public var restoreMs: Double?
    public var targetMs: Double?
    public var drift: [Run.DriftTally]
    public var wasDriftLookedFor: Bool
    public var lastPass: Instant?
    /// Seconds since the last pass began; nil where none ever did.
    public var lastPassAgeSeconds: Double?
    /// Share of the window's finished runs that passed; nil where none finished.
    public var successRatio: Double?
    /// The least share examined of all parts of the latest run; nil where nothing was declared.
    public var coverageRatio: Double?
    public var missedSinceLastRun: Int
  }

  /// What rates, missed drills and debt look back on.
  public static let windowDays = 30
}

extension LedgerMemory {
  package func summaries(at now: Instant) -> [ClusterSummary] { clusterNames.compactMap { summary(of: $0, at: now) } }

  package func summary(of name: String, at now: Instant) -> ClusterSummary? {
    guard let cluster = clusters[name] else { return nil }
    let start = Instant(
      millisecondsSince1970: now.millisecondsSince1970 - Int64(ClusterSummary.windowDays) * 86_400_000)
    let unfinished = unfinished(of: name, since: Instant(millisecondsSince1970: .min))
    let names = Set(cluster.drills.keys).union(unfinished.map(\.drill)).union(cluster.missed.map(\.drill))
    let drills = names.sorted().map { drill in
      Self.drill(drill, of: cluster, unfinished.filter { $0.drill == drill }, since: start, at: now)
    }
    let findings = openFindings(of: name, at: now)
    let overdue = findings.count { $0.isOverdue(at: now) }
    let debt = cluster.debt(since: start)
    let standing = drills.map(\.standing).max { $0.rank < $1.rank } ?? .unknown
    return ClusterSummary(
      cluster: name, standing: standing,
      isCalm: standing == .pass && overdue == 0 && drills.allSatisfy { $0.missedSinceLastRun == 0 }, drills: drills,
      runs: cluster.runs.count, openFindings: findings.count, overdueFindings: overdue,
      worstSeverity: findings.map(\.severity).max(), missed: cluster.missed.count { $0.due >= start },
      interrupted: unfinished.count { $0.state == .interrupted && $0.startedAt >= start }, debtBackups: debt.backups,
      debtBytes: debt.bytes, windowDays: ClusterSummary.windowDays,
      readiness: cluster.readiness(at: now))
  }

  private static func drill(
    _ name: String, of cluster: ClusterMemory, _ unfinished: [ReportPage.RunLine], since start: Instant, at now: Instant
  ) -> ClusterSummary.DrillSummary {
    let run = cluster.latest(of: name)
    let last = run?.startedAt
    let newest = unfinished.filter { line in line.state == .interrupted && (last.map { $0 < line.startedAt } ?? true) }
      .max { $0.startedAt < $1.startedAt }
    let standing: ReportPage.Standing =
      newest != nil
      ? .interrupted
      : run.map { .init($0.verdict) } ?? (unfinished.contains { $0.state == .running } ? .running : .unknown)
    let pass = cluster.latestPass(of: name)?.startedAt
    let outcomes = cluster.drills[name]?.outcomes(since: start)
    let begun = [last, newest?.startedAt].compactMap { $0 }.max()
    return ClusterSummary.DrillSummary(
      drill: name, standing: standing, run: newest?.run ?? run?.run, startedAt: newest?.startedAt ?? run?.startedAt,
      level: run?.level, requiredLevel: run?.requiredLevel,
      restoreMs: run.flatMap { $0.restoreMs > 0 ? $0.restoreMs : nil },
      targetMs: run?.objectives.first { $0.kind == .restoreTime }?.target,
      drift: run?.drift.filter { $0.count > 0 } ?? [],
      wasDriftLookedFor: run.map { RunSource.lookedForDrift($0.coverage, $0.drift, nil) } ?? false, lastPass: pass,
      lastPassAgeSeconds: pass.map { Double(now.millisecondsSince1970 - $0.millisecondsSince1970) / 1000 },
      successRatio: outcomes.flatMap { $0.runs > 0 ? Double($0.passes) / Double($0.runs) : nil },
      coverageRatio: run?.coverage.compactMap(\.coverage.share).min(),
      missedSinceLastRun: cluster.missed.count { missed in
        missed.drill == name && begun.map { missed.due > $0 } ?? true
      })
  }
}
