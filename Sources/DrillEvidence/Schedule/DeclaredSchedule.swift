public import DrillModel

/// A schedule that is in force, and how it is kept.
public struct DeclaredSchedule: Hashable, Sendable, Codable {
  public var drill: String
  public var cluster: String
  /// In the words in which it was declared.
  public var calendar: String
  /// Seconds after a due time within which a run must have begun.
  public var grace: Int64
  public var declaredAt: Instant
  /// Why this version cannot read the calendar; nothing is concluded from it then.
  public var problem: String?
  public var nextDue: Instant?
  /// The run of this drill that began last, whenever that was; nil where none ever did.
  public var lastRun: LastRun?
  /// How many due times were missed since the drill was first declared, under this declaration and under earlier ones.
  public var missed: Int
  public var lastMissed: Instant?

  public struct LastRun: Hashable, Sendable, Codable {
    public var run: String
    public var startedAt: Instant
    /// `running`, `interrupted`, or the verdict.
    public var state: String
  }
}

extension History {
  /// The schedules that are in force, by cluster and drill.
  public func declaredSchedules(at now: Instant) -> [DeclaredSchedule] {
    let missed = Dictionary(grouping: missedDrills(at: now)) { ScheduleKey(drill: $0.drill, cluster: $0.cluster) }
    let periods = schedulePeriods.filter { $0.end == nil }
    let lastRuns = lastRuns(of: Set(periods.map(\.key)))
    return periods.compactMap { period in
      guard let text = period.declared.calendar else { return nil }
      var schedule = DeclaredSchedule(
        drill: period.key.drill, cluster: period.key.cluster, calendar: text, grace: period.declared.grace,
        declaredAt: period.start, lastRun: lastRuns[period.key], missed: missed[period.key]?.count ?? 0,
        lastMissed: missed[period.key]?.last?.due)
      do {
        schedule.nextDue = try DrillCalendar(text).next(after: now)
      } catch {
        schedule.problem = (error as? DrillError)?.detail ?? "the calendar cannot be read"
      }
      return schedule
    }.sorted { ($0.cluster, $0.drill) < ($1.cluster, $1.drill) }
  }

  private func lastRuns(of keys: Set<ScheduleKey>) -> [ScheduleKey: DeclaredSchedule.LastRun] {
    var last: [ScheduleKey: DeclaredSchedule.LastRun] = [:]
    func consider(_ drill: String, _ cluster: String, _ run: DeclaredSchedule.LastRun) {
      let key = ScheduleKey(drill: drill, cluster: cluster)
      guard keys.contains(key), last[key].map({ $0.startedAt <= run.startedAt }) ?? true else { return }
      last[key] = run
    }
    for start in started {
      let state = running.contains(start.body.run) ? "running" : "interrupted"
      consider(
        start.body.drill, start.body.cluster,
        .init(run: start.body.run, startedAt: start.body.startedAt, state: state))
    }
    for run in runs {
      consider(
        run.body.drill, run.body.cluster,
        .init(run: run.body.run, startedAt: run.body.startedAt, state: run.body.verdict.rawValue))
    }
    return last
  }
}
