public import DrillModel

/// A drill that should have run by its declared schedule, and did not.
public struct MissedDrill: Hashable, Sendable, Codable {
  public var drill: String
  public var cluster: String
  public var due: Instant
  /// A run that began in time and was cut off before it had a verdict: it does not count as having run.
  public var interrupted: String?

  public init(drill: String, cluster: String, due: Instant, interrupted: String? = nil) {
    self.drill = drill
    self.cluster = cluster
    self.due = due
    self.interrupted = interrupted
  }
}

extension History {
  /// Due times, their grace passed, for which no run began and no skip was recorded; oldest first.
  ///
  /// A run counts from its due time to the end of the grace, whatever its verdict, and while it is still running; one that was interrupted does not. A due
  /// time before a schedule was replaced or ended stays missed. Of each declaration the latest ``mostDueTimes`` due times are looked at.
  public func missedDrills(at now: Instant) -> [MissedDrill] {
    let attendance = Attendance(self)
    var missed: [MissedDrill] = []
    for period in schedulePeriods {
      guard let calendar = try? period.declared.calendar.map(DrillCalendar.init) else { continue }
      let grace = period.declared.graceMilliseconds
      let end = min(period.end ?? now, now.advanced(by: -grace - 1))
      for due in calendar.dueTimes(after: period.start, through: end).prefix(History.mostDueTimes) {
        let window = due...due.advanced(by: grace)
        guard !attendance.attended(period.key, window) else { continue }
        missed.append(
          MissedDrill(
            drill: period.key.drill, cluster: period.key.cluster, due: due,
            interrupted: attendance.interrupted(period.key, window)))
      }
    }
    return missed.sorted { ($0.due, $0.cluster, $0.drill) < ($1.due, $1.cluster, $1.drill) }
  }

  /// How many due times of one declaration are looked at: 11 years of an hourly drill.
  public static let mostDueTimes = 100_000
}

/// A drill of a cluster: what a schedule is declared for.
struct ScheduleKey: Hashable {
  var drill: String
  var cluster: String
}

/// The time in which one declaration is in force.
struct SchedulePeriod {
  var key: ScheduleKey
  var declared: ScheduleDeclared
  var start: Instant
  /// When another declaration replaced or ended it; due times up to here are its own.
  var end: Instant?
}

extension History {
  /// All declarations in their order, each with what came after it.
  var schedulePeriods: [SchedulePeriod] {
    var periods: [SchedulePeriod] = []
    var latest: [ScheduleKey: Int] = [:]
    for schedule in schedules {
      let key = ScheduleKey(drill: schedule.body.drill, cluster: schedule.body.cluster)
      if let last = latest[key] { periods[last].end = schedule.time }
      latest[key] = periods.count
      periods.append(SchedulePeriod(key: key, declared: schedule.body, start: schedule.time))
    }
    return periods
  }
}

extension ScheduleDeclared {
  var graceMilliseconds: Int64 { min(max(grace, 0), 1 << 40) * 1000 }
}

extension Instant {
  func advanced(by milliseconds: Int64) -> Instant {
    Instant(millisecondsSince1970: millisecondsSince1970 + milliseconds)
  }
}
