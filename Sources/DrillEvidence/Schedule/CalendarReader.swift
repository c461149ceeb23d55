import DrillModel
import Foundation

/// Reads a calendar expression of either form.
///
/// - systemd (a subset of systemd.time(7), "Calendar events"): `[weekdays] [[year-]month-day] [hour:minute[:second]] [zone]`, each part `*`, a number, a
///   list with `,`, a range with `..`, a step with `/`; weekdays by name; and the short names `hourly`, `daily`, …. Left out are `~`, fractions of a
///   second, and more than one second.
/// - cron (crontab(5)): `minute hour day month weekday [zone]`, or `CRON_TZ=zone` before them; and `@hourly`, `@daily`, ….
struct CalendarReader {
  private let text: String

  init(_ text: String) { self.text = text }

  func calendar() throws -> DrillCalendar {
    var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
    guard !words.isEmpty else { throw refuse("the calendar is empty") }
    var zone: TimeZone?
    if let name = words[0].split(separator: "=", maxSplits: 1).last, words[0].hasPrefix("CRON_TZ=") {
      zone = try self.zone(String(name))
      words.removeFirst()
      guard words.count == 5 || words.first?.hasPrefix("@") == true else {
        throw refuse("after CRON_TZ=… stand cron's five fields")
      }
    } else if words.count > 1, let last = words.last,
      last == "UTC" || last.first?.isLetter == true && last.contains("/")
    {
      zone = try self.zone(last)
      words.removeLast()
    }
    var calendar =
      if let short = CalendarReader.shortNames[words[0].lowercased()], words.count == 1 {
        try CalendarReader(short).calendar()
      } else if words.count == 5 {
        try cron(words)
      } else {
        try systemd(words)
      }
    calendar.zone = zone ?? .gmt
    guard calendar.next(after: Instant(millisecondsSince1970: 0)) != nil else {
      throw refuse("no such day ever comes")
    }
    return calendar
  }

  /// Source: systemd.time(7), "Calendar events", and crontab(5), "extensions".
  private static let shortNames = [
    "hourly": "*-*-* *:00:00", "daily": "*-*-* 00:00:00", "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00", "quarterly": "*-01,04,07,10-01 00:00:00", "semiannually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00", "annually": "*-01-01 00:00:00",
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
  ]

  private func zone(_ name: String) throws -> TimeZone {
    if name == "UTC" { return .gmt }
    guard name.contains("/"), let zone = TimeZone(identifier: name) else {
      throw refuse("'\(name)' is no time zone; write UTC or a name such as Europe/Berlin")
    }
    return zone
  }

  // MARK: cron

  private func cron(_ words: [String]) throws -> DrillCalendar {
    var calendar = DrillCalendar()
    calendar.minutes = try set(words[0], .minutes, .cron)
    calendar.hours = try set(words[1], .hours, .cron)
    calendar.days = try set(words[2], .days, .cron)
    calendar.months = try set(words[3], .months, .cron)
    // Sunday is 0 and 7.
    var weekdays = try set(
      words[4], CalendarField(name: "weekday", range: 0...7, names: CalendarField.weekdays.names), .cron)
    if weekdays.contains(7) { weekdays.insert(0) }
    calendar.weekdays = weekdays.intersection(CalendarField.weekdays.all)
    calendar.dayRule = words[2].hasPrefix("*") || words[4].hasPrefix("*") ? .both : .either
    return calendar
  }

  // MARK: systemd

  private func systemd(_ words: [String]) throws -> DrillCalendar {
    var words = words
    var calendar = DrillCalendar()
    if let first = words.first, first.first?.isLetter == true {
      calendar.weekdays = try set(first, .weekdays, .systemd)
      words.removeFirst()
    }
    if let first = words.first, first.contains("-") {
      let parts = first.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 || parts.count == 3 else { throw refuse("'\(first)' is no date: write year-month-day") }
      if parts.count == 3, parts[0] != "*" { calendar.years = try years(parts[0]) }
      calendar.months = try set(parts[parts.count - 2], .months, .systemd)
      calendar.days = try set(parts[parts.count - 1], .days, .systemd)
      words.removeFirst()
    }
    if let first = words.first, first.contains(":") {
      let parts = first.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 || parts.count == 3 else { throw refuse("'\(first)' is no time: write hour:minute") }
      calendar.hours = try set(parts[0], .hours, .systemd)
      calendar.minutes = try set(parts[1], .minutes, .systemd)
      if parts.count == 3 {
        guard let second = CalendarReader.number(parts[2]), (0...59).contains(second) else {
          throw refuse("the second is one number from 0 to 59")
        }
        calendar.second = second
      }
      words.removeFirst()
    }
    guard words.isEmpty else {
      throw refuse(
        "'\(words[0])' is not understood; write for instance 'Mon..Fri *-*-* 04:00 UTC' or cron's '0 4 * * 1-5'")
    }
    return calendar
  }

  private func years(_ text: String) throws -> ClosedRange<Int> {
    let ends = text.components(separatedBy: "..").map(CalendarReader.number)
    guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
      (1970...DrillCalendar.lastYear).contains(first), last <= DrillCalendar.lastYear
    else { throw refuse("a year is *, a number from 1970 to \(DrillCalendar.lastYear), or a range of them with '..'") }
    return first...last
  }

  // MARK: Fields

  private enum Form {
    case systemd
    case cron
    var range: String { self == .systemd ? ".." : "-" }
  }

  private func set(_ text: String, _ field: CalendarField, _ form: Form) throws -> CalendarSet {
    var set: CalendarSet = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let stepped = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let step = stepped.count == 2 ? CalendarReader.number(stepped[1]) : 1
      guard stepped.count <= 2, let step, step >= 1 else { throw refuse("'\(part)' is no \(field.name)") }
      let base = stepped[0]
      let ends = base.components(separatedBy: form.range).map { value($0, field) }
      let range: ClosedRange<Int>
      if base == "*" {
        range = field.range
      } else if ends.count == 1, let first = ends[0] {
        // A step without an end: systemd goes on to the end of the range, crons disagree.
        guard stepped.count == 1 || form == .systemd else {
          throw refuse("'\(part)': a step needs a range before it, such as */\(step)")
        }
        range = first...(stepped.count == 1 ? first : field.range.upperBound)
      } else if ends.count == 2, let first = ends[0], let last = ends[1], first <= last {
        range = first...last
      } else {
        throw refuse(
          "'\(part)' is no \(field.name): those go from \(field.range.lowerBound) to \(field.range.upperBound)")
      }
      for number in stride(from: range.lowerBound, through: range.upperBound, by: step) { set.insert(number) }
    }
    return set
  }

  private func value(_ text: String, _ field: CalendarField) -> Int? {
    if let number = CalendarReader.number(text) { return field.range.contains(number) ? number : nil }
    let word = text.lowercased()
    let isLong = CalendarReader.longNames.contains(word)
    return field.names.firstIndex(of: isLong ? String(word.prefix(3)) : word).map {
      $0 + (field.name == CalendarField.months.name ? 1 : 0)
    }
  }

  private static let longNames: Set<String> = [
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
  ]

  /// Plain digits: no sign, at most four of them.
  private static func number(_ text: String) -> Int? {
    (1...4).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }

  private func refuse(_ detail: String) -> DrillError { DrillError(.usage, subject: text, detail: detail) }
}
