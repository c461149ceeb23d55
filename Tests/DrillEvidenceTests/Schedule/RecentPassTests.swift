import DrillModel
import Testing

@testable import DrillEvidence

@Suite("The run that a drill relies on instead of running again")
struct RecentPassTests {
  private static let now = SampleRuns.start.advanced(by: 86_400_000)

  /// A run that began so many hours ago.
  private func run(_ hours: Int, _ change: (inout RunFinished) -> Void = { _ in }) throws -> Recorded<RunFinished> {
    var body = try RunFinished(SampleRuns.passing(), redactor: KeyRedactor(secret: [UInt8](repeating: 1, count: 32)))
    body.run = "run-\(hours)h"
    body.startedAt = Self.now.advanced(by: Int64(-hours) * 3_600_000)
    change(&body)
    return Recorded(leaf: 0, time: body.startedAt, body: body)
  }

  private func relied(_ history: History, level: Level = .answers, seed: UInt64 = 42) throws -> String? {
    let policy = try #require(try run(0).body.policy)
    return history.recentPass(
      of: "orders-nightly", cluster: "orders", policy: policy, seed: seed, level: level, within: 20 * 3600, at: Self.now
    )?.run
  }

  @Test("is the newest that passed within the age")
  func newest() throws {
    var history = History()
    #expect(try relied(history) == nil)
    history.runs = [try run(21)]
    #expect(try relied(history) == nil)
    history.runs = [try run(21), try run(20), try run(3)]
    #expect(try relied(history) == "run-3h")
    history.runs = [try run(20)]
    #expect(try relied(history) == "run-20h")
  }

  @Test("ran under the same policy and seed, reached the level, and is of the same drill and cluster")
  func same() throws {
    var history = History()
    history.runs = [try run(3)]
    #expect(try relied(history) == "run-3h")
    #expect(try relied(history, seed: 43) == nil)
    for change in [
      { $0.policy = Digest(words: (1, 1, 1, 1)) }, { $0.policy = nil }, { $0.level = .content }, { $0.drill = "other" },
      { $0.cluster = "other" },
    ] as [(inout RunFinished) -> Void] {
      history.runs = [try run(3, change)]
      #expect(try relied(history) == nil)
    }
  }

  @Test(
    "is none where a run within the age did not pass, was interrupted or is under way, whatever its policy or order")
  func otherwise() throws {
    var history = History()
    for hours in [10, 2, -5] {
      history.runs = [
        try run(3),
        try run(hours) {
          $0.verdict = .fail
          $0.policy = nil
        },
      ]
      #expect(try relied(history) == nil, "failed \(hours) hours ago")
    }
    history.runs = [try run(3), try run(21) { $0.verdict = .fail }]
    #expect(try relied(history) == "run-3h")
    history.started = [
      Recorded(
        leaf: 1, time: Self.now,
        body: RunStarted(
          run: "open", drill: "orders-nightly", cluster: "orders", seed: 42,
          startedAt: Self.now.advanced(by: -3_600_000)))
    ]
    #expect(try relied(history) == nil)
  }

  @Test("is none from the future: the clock was set back")
  func future() throws {
    var history = History()
    history.runs = [try run(-1)]
    #expect(try relied(history) == nil)
  }
}
