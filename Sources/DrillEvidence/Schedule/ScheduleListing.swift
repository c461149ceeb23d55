public import DrillModel

/// Schedules in force below each other: `firedrill schedule list`.
public struct ScheduleListing: Sendable {
  public var schedules: [DeclaredSchedule]
  /// The latest first.
  public var missed: [MissedDrill]

  /// Missed due times that are listed one by one.
  private static let listed = 20

  public init(_ history: History, at now: Instant) {
    schedules = history.declaredSchedules(at: now)
    missed = history.missedDrills(at: now).reversed()
  }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    if schedules.isEmpty {
      page.paragraph(["no schedule is declared"])
    } else {
      let heading = ["cluster", "drill", "next due", "last run", "", "missed", "calendar"].map { Span($0, .dim) }
      page.table([heading] + schedules.map(row), rightAligned: [5])
    }
    guard !missed.isEmpty else { return page.text }
    page.gap()
    page.paragraph([Span("missed", .strong)])
    page.table(
      missed.prefix(ScheduleListing.listed).map { missed in
        [
          Span(Format.time(missed.due), .bad), Span(missed.cluster), Span(missed.drill),
          Span(missed.interrupted.map { "\($0) was interrupted" } ?? ""),
        ]
      }, indent: 2)
    if missed.count > ScheduleListing.listed {
      page.paragraph([Span("… and \(Format.count(missed.count - ScheduleListing.listed)) before", .dim)], indent: 2)
    }
    return page.text
  }

  private func row(_ schedule: DeclaredSchedule) -> [Span] {
    let state: Span =
      switch schedule.lastRun?.state {
      case nil: Span("")
      case Verdict.pass.rawValue?: Span("pass", .good)
      case Verdict.fail.rawValue?: Span("fail", .bad)
      case let other?: Span(other, .unsure)
      }
    return [
      Span(schedule.cluster), Span(schedule.drill),
      schedule.problem.map { _ in Span("unreadable", .unsure) } ?? Span(schedule.nextDue.map(Format.time) ?? "never"),
      Span(schedule.lastRun.map { Format.time($0.startedAt) } ?? "none"), state,
      Span(Format.count(schedule.missed), schedule.missed > 0 ? .bad : .plain),
      Span("\(schedule.calendar), grace \(Format.duration(ms: Double(schedule.grace) * 1000))"),
    ]
  }
}
