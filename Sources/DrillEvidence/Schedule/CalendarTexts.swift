import DrillModel
import Foundation

extension DrillCalendar {
  /// As systemd's `OnCalendar=` takes it; two lines where either of them is enough.
  public var systemdExpressions: [String] {
    let year = years.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)..\($0.upperBound)" } ?? "*"
    let time =
      "\(CalendarField.hours.text(hours)):\(CalendarField.minutes.text(minutes)):\(second.twoDigits) \(zoneName)"
    let dated = "\(year)-\(CalendarField.months.text(months))-\(CalendarField.days.text(days)) \(time)"
    let anyDay = "\(year)-\(CalendarField.months.text(months))-* \(time)"
    // systemd's weeks begin with Monday.
    let names = [1, 2, 3, 4, 5, 6, 0].filter(weekdays.contains).map { CalendarField.weekdays.names[$0].capitalized }
    let weekday = weekdays == CalendarField.weekdays.all ? "" : names.joined(separator: ",") + " "
    switch dayRule {
    case .both: return [weekday + dated]
    case .either: return [dated, weekday + anyDay]
    }
  }

  /// As a crontab's five fields, in the calendar's own zone.
  ///
  /// - Throws: `DrillError` with `usage` where cron cannot say it.
  public func cronFields() throws -> String {
    func refuse(_ what: String) -> DrillError {
      DrillError(.usage, subject: description, detail: "cron knows no \(what); use --format systemd")
    }
    if years != nil { throw refuse("years") }
    if second != 0 { throw refuse("seconds") }
    let datesAreAll = days == CalendarField.days.all
    let weekdaysAreAll = weekdays == CalendarField.weekdays.all
    if dayRule == .both, !datesAreAll, !weekdaysAreAll { throw refuse("'this date and this weekday'") }
    func field(_ set: CalendarSet, _ field: CalendarField) -> String {
      set == field.all ? "*" : set.map(String.init).joined(separator: ",")
    }
    return [
      field(minutes, .minutes), field(hours, .hours),
      dayRule == .either && datesAreAll ? "1-31" : field(days, .days), field(months, .months),
      dayRule == .either && weekdaysAreAll ? "0-6" : field(weekdays, .weekdays),
    ].joined(separator: " ")
  }

  /// `UTC` or the zone's name.
  public var zoneName: String { zone == .gmt ? "UTC" : zone.identifier }
}

extension CalendarField {
  fileprivate func text(_ set: CalendarSet) -> String {
    set == all ? "*" : set.map(\.twoDigits).joined(separator: ",")
  }
}

extension Int {
  fileprivate var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}
