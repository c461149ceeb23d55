public import DrillModel
public import Foundation

/// When a drill is due: systemd's calendar expressions and cron's five fields, read into one model.
///
/// A time zone is part of the text (`… Europe/Berlin`); without one, times are UTC, never the machine's: a ledger must say the same wherever it is read.
/// Where clocks change, a local time that is jumped over is not due on that day, and one that comes twice is due when it comes first.
///
/// What is due is a pure function of the text and of the times passed in.
public struct DrillCalendar: Hashable, Sendable, CustomStringConvertible {
  /// How a day's date and its weekday are combined.
  enum DayRule: Hashable, Sendable {
    /// A day must match both: systemd always, cron where one of the two starts with `*`.
    case both
    /// A day must match one of the two. Source: crontab(5), "the day of a command's execution can be specified in two fields".
    case either
  }

  /// Nil: every year.
  var years: ClosedRange<Int>?
  var months = CalendarField.months.all
  var days = CalendarField.days.all
  /// 0 is Sunday.
  var weekdays = CalendarField.weekdays.all
  var dayRule = DayRule.both
  var hours: CalendarSet = [0]
  var minutes: CalendarSet = [0]
  /// One second of the minute: nothing is due more often than once a minute.
  var second = 0
  public internal(set) var zone = TimeZone.gmt

  /// The last year in which anything is due. Source: systemd src/shared/calendarspec.c, MAX_YEAR.
  static let lastYear = 2199

  /// Every day at midnight.
  init() {}

  /// - Throws: `DrillError` with `usage` where the text is neither form.
  public init(_ text: String) throws { self = try CalendarReader(text).calendar() }

  /// The form in which systemd reads it; where it takes two expressions, the first of them is enough to be due.
  public var description: String { systemdExpressions.joined(separator: " or ") }

  // MARK: Due times

  /// The first due time after `time`; nil where there is none any more.
  public func next(after time: Instant) -> Instant? {
    var day = localDay(of: time).advanced(by: -1)
    while day.year <= DrillCalendar.lastYear {
      if let first = years?.lowerBound, day.year < first {
        day = CivilDay(year: first, month: 1, day: 1)
      } else if let last = years?.upperBound, day.year > last {
        return nil
      } else if !months.contains(day.month) {
        day = day.firstOfNextMonth
      } else if let due = dueTimes(on: day).first(where: { $0 > time }) {
        return due
      } else {
        day = day.advanced(by: 1)
      }
    }
    return nil
  }

  /// The last due time at or before `time`, and not before 1970; nil where there is none.
  public func last(notAfter time: Instant) -> Instant? {
    dueTimes(after: Instant(millisecondsSince1970: -1), through: time).first { _ in true }
  }

  /// Due times after `start` and up to `end`, the latest first; lazy, since there may be many.
  public func dueTimes(after start: Instant, through end: Instant) -> some Sequence<Instant> & Sendable {
    DueTimes(calendar: self, start: start, end: end, day: localDay(of: end).advanced(by: 1))
  }

  private struct DueTimes: Sequence, IteratorProtocol, Sendable {
    let calendar: DrillCalendar
    let start: Instant
    let end: Instant
    /// The next day to look at, and what is left of the day before.
    var day: CivilDay
    var pending: ArraySlice<Instant> = []

    mutating func next() -> Instant? {
      while true {
        if let due = pending.popLast() {
          if due <= start { return nil }
          if due <= end { return due }
        } else if day.year < 1970 || start >= end || day.number < calendar.localDay(of: start).number - 1 {
          return nil
        } else if let last = calendar.years?.upperBound, day.year > last {
          day = CivilDay(year: last, month: 12, day: 31)
        } else if !calendar.months.contains(day.month) {
          day = day.lastOfPreviousMonth
        } else {
          pending = calendar.dueTimes(on: day)[...]
          day = day.advanced(by: -1)
        }
      }
    }
  }

  // MARK: Days

  private func matches(_ day: CivilDay) -> Bool {
    guard months.contains(day.month), years?.contains(day.year) ?? true else { return false }
    let date = days.contains(day.day)
    let weekday = weekdays.contains(day.weekday)
    return dayRule == .both ? date && weekday : date || weekday
  }

  /// Oldest first: where the clocks change too, later local times come later.
  private func dueTimes(on day: CivilDay) -> [Instant] {
    guard matches(day) else { return [] }
    var due: [Instant] = []
    for hour in hours {
      for minute in minutes {
        let local = Int64(day.number) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        if let instant = instant(ofLocal: local) { due.append(instant) }
      }
    }
    return due
  }

  private func localDay(of time: Instant) -> CivilDay {
    let seconds = time.millisecondsSince1970.flooredQuotient(by: 1000)
    return CivilDay(number: Int((seconds + offset(at: seconds)).flooredQuotient(by: 86_400)))
  }

  /// The first instant at which the zone's clocks show so many seconds since 1970; nil where they jump over it.
  private func instant(ofLocal local: Int64) -> Instant? {
    // No zone changes its offset twice within two days, so that one of these two is in force.
    let offsets = [offset(at: local - 86_400), offset(at: local + 86_400)]
    let instants = offsets.map { local - $0 }.filter { local - $0 == offset(at: $0) }
    return instants.min().map { Instant(millisecondsSince1970: $0 * 1000) }
  }

  /// Seconds east of Greenwich.
  private func offset(at seconds: Int64) -> Int64 {
    zone == .gmt ? 0 : Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
  }
}

extension Int64 {
  func flooredQuotient(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
