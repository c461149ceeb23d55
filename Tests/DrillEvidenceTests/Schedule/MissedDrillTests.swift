import DrillModel
import Testing

@testable import DrillEvidence

@Suite("Drills that should have run")
struct MissedDrillTests {
  private func time(_ text: String) throws -> Instant { try #require(Instant(parsing: text)) }

  private func declaration(
    _ leaf: Int, _ text: String, calendar: String? = "*-*-* 04:00 UTC", drill: String = "nightly",
    cluster: String = "orders"
  ) throws -> Recorded<ScheduleDeclared> {
    Recorded(
      leaf: leaf, time: try time(text),
      body: ScheduleDeclared(drill: drill, cluster: cluster, calendar: calendar, grace: 7200))
  }

  private func start(
    _ leaf: Int, _ text: String, drill: String = "nightly", cluster: String = "orders"
  ) throws
    -> Recorded<RunStarted>
  {
    let time = try time(text)
    return Recorded(
      leaf: leaf, time: time,
      body: RunStarted(run: "\(drill)-\(leaf)", drill: drill, cluster: cluster, seed: 1, startedAt: time))
  }

  /// Declared on 1 January at noon; runs begin at these times and finish.
  private func history(_ starts: [String]) throws -> History {
    var history = History()
    history.schedules = [try declaration(0, "2026-01-01T12:00:00Z")]
    history.started = try starts.enumerated().map { try start($0 + 1, $1) }
    history.running = Set(history.started.map(\.body.run))
    return history
  }

  private func missed(_ history: History, at now: String) throws -> [String] {
    history.missedDrills(at: try time(now)).map { "\($0.drill) \($0.due.description.prefix(10))" }
  }

  @Test("a night without a run is missed once its grace has passed, and not before")
  func missedNight() throws {
    let history = try history(["2026-01-02T04:00:01Z", "2026-01-04T05:00:00Z"])
    #expect(try missed(history, at: "2026-01-03T06:00:00Z") == [])
    #expect(try missed(history, at: "2026-01-03T06:00:01Z") == ["nightly 2026-01-03"])
    #expect(try missed(history, at: "2026-01-05T03:00:00Z") == ["nightly 2026-01-03"])
  }

  @Test("nothing is due before the declaration, and without one nothing at all")
  func beforeDeclaration() throws {
    #expect(try missed(try history([]), at: "2026-01-02T05:00:00Z") == [])
    #expect(try missed(History(), at: "2036-01-01T00:00:00Z") == [])
  }

  @Test("a run counts from the due time to the end of the grace, both included; earlier and later it does not")
  func window() throws {
    for (start, isMissed) in [
      ("2026-01-02T03:59:59.999Z", true), ("2026-01-02T04:00:00Z", false), ("2026-01-02T06:00:00Z", false),
      ("2026-01-02T06:00:00.001Z", true),
    ] {
      #expect(try missed(try history([start]), at: "2026-01-02T12:00:00Z") == (isMissed ? ["nightly 2026-01-02"] : []))
    }
  }

  @Test("a run of another drill or cluster does not count")
  func otherDrill() throws {
    var history = try history([])
    history.started = [
      try start(1, "2026-01-02T04:10:00Z", drill: "weekly"), try start(2, "2026-01-02T04:10:00Z", cluster: "carts"),
    ]
    history.running = ["weekly-1", "nightly-2"]
    #expect(try missed(history, at: "2026-01-02T12:00:00Z") == ["nightly 2026-01-02"])
  }

  @Test("a finished run counts whatever it found, and an interrupted one does not, but is named")
  func interrupted() throws {
    var finished = try history([])
    let run = try RunFinished(
      SampleRuns.inconclusive(), redactor: KeyRedactor(secret: [UInt8](repeating: 1, count: 32)))
    var late = run
    late.drill = "nightly"
    late.startedAt = try time("2026-01-02T04:10:00Z")
    finished.runs = [Recorded(leaf: 1, time: late.startedAt, body: late)]
    #expect(try missed(finished, at: "2026-01-02T12:00:00Z") == [])

    var cutOff = try history(["2026-01-02T04:10:00Z"])
    cutOff.running = []
    let missed = cutOff.missedDrills(at: try time("2026-01-02T12:00:00Z"))
    #expect(missed.map(\.interrupted) == ["nightly-1"])
  }

  @Test("a recorded skip counts as a run")
  func skipped() throws {
    var history = try history([])
    history.skips = [
      Recorded(
        leaf: 1, time: try time("2026-01-02T04:00:05Z"),
        body: DrillSkipped(drill: "nightly", cluster: "orders", reliesOn: "nightly-0", maxAge: 72_000))
    ]
    #expect(try missed(history, at: "2026-01-03T12:00:00Z") == ["nightly 2026-01-03"])
  }

  @Test("a later declaration replaces the earlier one from then on, and an end ends it; what was missed stays missed")
  func replaced() throws {
    var history = try history([])
    history.schedules += [
      try declaration(1, "2026-01-03T12:00:00Z", calendar: "Mon 05:00 UTC"),
      try declaration(2, "2026-01-06T12:00:00Z", calendar: nil),
      try declaration(3, "2026-01-06T13:00:00Z", drill: "other"),
    ]
    #expect(
      try missed(history, at: "2026-01-08T00:00:00Z")
        == [
          "nightly 2026-01-02", "nightly 2026-01-03", "nightly 2026-01-05", "other 2026-01-07",
        ])
  }

  @Test("a calendar that this version cannot read leads to no conclusion, and clocks that ran backwards to no crash")
  func unreadable() throws {
    var history = try history([])
    history.schedules = [
      try declaration(0, "2026-01-03T12:00:00Z", calendar: "every blue moon"),
      try declaration(1, "2026-01-05T12:00:00Z", drill: "a"),
      try declaration(2, "2026-01-01T12:00:00Z", calendar: nil, drill: "a"),
      Recorded(
        leaf: 3, time: try time("2026-01-01T12:00:00Z"),
        body: ScheduleDeclared(drill: "b", cluster: "orders", calendar: "daily", grace: .max)),
    ]
    #expect(try missed(history, at: "2026-01-09T00:00:00Z") == [])
  }

  @Test("of a declaration the latest due times are looked at, however long ago it was declared")
  func bounded() throws {
    var history = try history([])
    history.schedules[0].body.calendar = "*:*"
    let missed = history.missedDrills(at: try time("2036-01-01T00:00:00Z"))
    #expect(missed.count == History.mostDueTimes)
    #expect(missed.last?.due == (try time("2035-12-31T21:59:00Z")))
  }
}
