import DrillEvidence
import DrillModel
import Testing

@Suite("When a drill is due")
struct DrillCalendarTests {
  private func due(_ text: String, after start: String, _ count: Int = 1) throws -> [String] {
    let calendar = try DrillCalendar(text)
    var time = try #require(Instant(parsing: start))
    return (0..<count).compactMap { _ in
      guard let next = calendar.next(after: time) else { return nil }
      time = next
      return next.description.replacing(".000Z", with: "Z")
    }
  }

  @Test(
    "both forms give the due times that stand beside them",
    arguments: [
      ("daily", "2026-01-31T12:00:00Z", ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"]),
      ("*-*-* 04:00 UTC", "2026-01-31T04:00:00Z", ["2026-02-01T04:00:00Z"]),
      ("*-*-* 04:00:30 UTC", "2026-01-31T04:00:00Z", ["2026-01-31T04:00:30Z"]),
      ("Mon..Fri 04:30", "2026-01-30T05:00:00Z", ["2026-02-02T04:30:00Z", "2026-02-03T04:30:00Z"]),
      ("Sunday 04:30", "2026-01-30T05:00:00Z", ["2026-02-01T04:30:00Z", "2026-02-08T04:30:00Z"]),
      ("*-02-29 00:00", "2026-01-01T00:00:00Z", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
      ("*-*-31 06:00", "2026-01-31T06:00:00Z", ["2026-03-31T06:00:00Z", "2026-05-31T06:00:00Z"]),
      ("2026..2027-01-01 00:00", "2026-06-01T00:00:00Z", ["2027-01-01T00:00:00Z"]),
      ("*:0/20", "2026-01-31T23:30:00Z", ["2026-01-31T23:40:00Z", "2026-02-01T00:00:00Z"]),
      ("Mon *-*-01..07 03:00", "2026-01-31T23:30:00Z", ["2026-02-02T03:00:00Z", "2026-03-02T03:00:00Z"]),
      ("quarterly", "2026-01-31T23:30:00Z", ["2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z"]),
      ("0 4 * * *", "2026-01-31T12:00:00Z", ["2026-02-01T04:00:00Z"]),
      ("0 4 * * * UTC", "2026-01-31T12:00:00Z", ["2026-02-01T04:00:00Z"]),
      ("*/20 23 * * *", "2026-01-31T23:30:00Z", ["2026-01-31T23:40:00Z", "2026-02-01T23:00:00Z"]),
      ("0 4 * * 1-5", "2026-01-30T12:00:00Z", ["2026-02-02T04:00:00Z"]),
      ("0 4 * * 7", "2026-01-30T12:00:00Z", ["2026-02-01T04:00:00Z"]),
      ("0 4 * feb sun,sat", "2026-01-30T12:00:00Z", ["2026-02-01T04:00:00Z", "2026-02-07T04:00:00Z"]),
      // Cron's day of the month and weekday: one of the two is enough, where neither is a star.
      ("0 4 13 * 5", "2026-02-01T00:00:00Z", ["2026-02-06T04:00:00Z", "2026-02-13T04:00:00Z"]),
      ("0 4 */2 * 5", "2026-02-01T00:00:00Z", ["2026-02-13T04:00:00Z", "2026-02-27T04:00:00Z"]),
      ("@weekly", "2026-01-30T12:00:00Z", ["2026-02-01T00:00:00Z"]),
      ("CRON_TZ=Asia/Tokyo 0 4 * * *", "2026-01-30T12:00:00Z", ["2026-01-30T19:00:00Z"]),
      ("*-*-* 04:00 America/New_York", "2026-01-30T12:00:00Z", ["2026-01-31T09:00:00Z"]),
    ])
  func nextDue(_ text: String, after start: String, expected: [String]) throws {
    #expect(try due(text, after: start, expected.count) == expected)
  }

  @Test(
    "what is neither form is refused",
    arguments: [
      "", "never", "0 4 * *", "60 4 * * *", "0 24 * * *", "0 4 0 * *", "0 4 * 13 *", "0 4 * * 8", "5/15 * * * *",
      "0 4 * * fri-mon", "*-*-* 24:00", "*-*-* 04:00 Europe/Atlantis", "*-*-* 04:00 CEST", "*-13-01", "*-02-30 04:00",
      "Mon..", "*-*-* 04:00:0/5", "*-*-*  *:*:*", "1/0 * * * *", "*/0 * * * *", "*-*-*/0", "04:00 04:00", "1900-01-01",
      "0 4 * * * * *", "-1 4 * * *", "*-*-~03", "99999999999999999999 * * * *", "CRON_TZ=UTC *-*-* 04:00",
    ])
  func refused(_ text: String) {
    let error = #expect(throws: DrillError.self) { try DrillCalendar(text) }
    #expect(error?.code == .usage)
  }

  @Test("a local time that the clocks jump over is not due on that day, and the next day it is")
  func springForward() throws {
    // 2026-03-29 01:00Z: Berlin's clocks go from 02:00 to 03:00.
    #expect(
      try due("*-*-* 02:30 Europe/Berlin", after: "2026-03-27T12:00:00Z", 3)
        == ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"])
    #expect(
      try due("*-*-* 03:00 Europe/Berlin", after: "2026-03-28T12:00:00Z", 2)
        == ["2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"])
  }

  @Test("a local time that comes twice is due when it comes first, and only then")
  func fallBack() throws {
    // 2026-10-25 01:00Z: Berlin's clocks go from 03:00 back to 02:00.
    #expect(
      try due("*-*-* 02:30 Europe/Berlin", after: "2026-10-24T12:00:00Z", 2)
        == ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"])
    #expect(
      try due("hourly Europe/Berlin", after: "2026-10-24T22:30:00Z", 4)
        == ["2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"])
  }

  @Test(
    "backwards and forwards name the same due times",
    arguments: [
      "hourly Europe/Berlin", "Mon..Fri 02:30 America/New_York", "0 4 13 * 5", "*-02-29 00:00",
      "*-*-31 23:59 Asia/Kolkata",
      "2027-01-01 00:00 Pacific/Apia", "15 */7 * * *", "daily Australia/Lord_Howe",
    ])
  func bothWays(_ text: String) throws {
    let calendar = try DrillCalendar(text)
    let start = try #require(Instant(parsing: "2026-01-15T12:34:56Z"))
    let end = try #require(Instant(parsing: "2028-03-15T01:02:03Z"))
    var forwards: [Instant] = []
    var time = start
    while let due = calendar.next(after: time), due <= end {
      forwards.append(due)
      time = due
    }
    #expect(!forwards.isEmpty)
    #expect(Array(calendar.dueTimes(after: start, through: end)) == forwards.reversed())
    #expect(calendar.last(notAfter: end) == forwards.last)
    #expect(calendar.last(notAfter: try #require(forwards.first)) == forwards.first)
  }

  @Test(
    "the form that is rendered for systemd means the same",
    arguments: [
      "Mon..Fri 04:30 Europe/Berlin", "0 4 * * 0,6", "*:0/20", "*-*-01,15 06:00", "2026..2027-03-01 05:06:07", "daily",
    ])
  func systemdForm(_ text: String) throws {
    let calendar = try DrillCalendar(text)
    let expression = try #require(calendar.systemdExpressions.first)
    #expect(calendar.systemdExpressions.count == 1)
    #expect(try DrillCalendar(expression) == calendar)
  }

  @Test("where one of date and weekday is enough, systemd is given two lines")
  func eitherDay() throws {
    #expect(
      try DrillCalendar("0 4 13 * 5").systemdExpressions == ["*-*-13 04:00:00 UTC", "Fri *-*-* 04:00:00 UTC"])
  }

  @Test("the form that is rendered for cron means the same, and what cron cannot say is refused")
  func cronForm() throws {
    for text in ["Mon..Fri 04:30", "*:0/20", "0 4 13 * 5", "0 4 1-31 * 5", "*-*-01,15 06:00", "daily"] {
      let calendar = try DrillCalendar(text)
      let fields = try calendar.cronFields()
      let read = try DrillCalendar(fields)
      let start = try #require(Instant(parsing: "2026-01-15T12:34:56Z"))
      let end = try #require(Instant(parsing: "2026-12-15T12:34:56Z"))
      #expect(Array(read.dueTimes(after: start, through: end)) == Array(calendar.dueTimes(after: start, through: end)))
    }
    for text in ["Mon *-*-01..07 03:00", "2026-01-01 00:00", "*-*-* 04:00:30"] {
      let error = #expect(throws: DrillError.self) { try DrillCalendar(text).cronFields() }
      #expect(error?.code == .usage)
    }
  }
}
