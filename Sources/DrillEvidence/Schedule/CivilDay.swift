/// A day of the Gregorian calendar. Source: <https://howardhinnant.github.io/date_algorithms.html>.
struct CivilDay: Hashable {
  let year: Int
  let month: Int
  let day: Int
  /// Days since 1970-01-01.
  let number: Int

  init(number: Int) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    self.number = number
  }

  init(year: Int, month: Int, day: Int) {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    self.init(number: era * 146_097 + dayOfEra - 719_468)
  }

  /// 0 is Sunday; 1970-01-01 was a Thursday.
  var weekday: Int { ((number + 4) % 7 + 7) % 7 }

  func advanced(by days: Int) -> CivilDay { CivilDay(number: number + days) }

  var firstOfNextMonth: CivilDay {
    CivilDay(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
  }
  var lastOfPreviousMonth: CivilDay { CivilDay(year: year, month: month, day: 1).advanced(by: -1) }
}
