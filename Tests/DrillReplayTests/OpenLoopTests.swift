import DrillModel
import Synchronization
import Testing

@testable import DrillReplay

@Suite("Open loop", .timeLimit(.minutes(1)))
struct OpenLoopTests {
  private func operations(_ count: Int) -> [Operation] {
    (0..<count).map { Operation(name: "\($0)", slot: Slot($0 % Slot.count), key: [], statement: .command([])) }
  }

  /// A driver on a clock that stands still but for what is slept and what the store takes.
  private func driver(
    _ clock: ManualClock, connections: Int = 1, pipelining: Int = 1, rate: OfferedRate?, oversleeping: Duration = .zero
  ) -> ReplayDriver {
    var driver = ReplayDriver(connections: connections, pipelining: pipelining, timeout: .seconds(5))
    driver.rate = rate
    driver.now = { clock.now }
    driver.sleep = { moment in
      clock.advance(by: max(moment - clock.now, .zero) + oversleeping)
    }
    return driver
  }

  /// Takes a millisecond for each operation, and two seconds for the 500th.
  private func stalling(_ clock: ManualClock) -> ScriptedStore {
    ScriptedStore(taking: .milliseconds(1), but: ["500": .seconds(2)]) { operation, _, _ in
      clock.advance(by: operation.name == "500" ? .seconds(2) : .milliseconds(1))
      return .answered(.text(Array(operation.name.utf8)))
    }
  }

  /// Takes as long for each operation.
  private func steady(_ clock: ManualClock, taking elapsed: Duration) -> ScriptedStore {
    ScriptedStore(taking: elapsed) { operation, _, _ in
      clock.advance(by: elapsed)
      return .answered(.text(Array(operation.name.utf8)))
    }
  }

  @Test("shows a stall of two seconds in the 99.9th percentile, and in the 99th; a closed loop over the same hides it")
  func coordinatedOmission() async throws {
    let open = ManualClock()
    let result = try await driver(open, rate: OfferedRate(500)).replay(operations(5000), on: stalling(open))
    let offered = try #require(result.offered)
    // Half of the server's capacity: 1000 operations wait while it stalls, and as long again until it has caught up.
    #expect(offered.latency.microseconds(atPercentile: 99.9) >= 1e6)
    #expect(offered.latency.microseconds(atPercentile: 99) >= 1e6)
    #expect(offered.latency.count == 5000 && offered.unsent == 0 && result.unasked == 0)
    #expect(offered.mostBehind >= .seconds(1.9))
    #expect(offered.endedBehind == .zero, "it had caught up by the end")
    #expect(result.latency.microseconds(atPercentile: 99.9) < 2000, "the service time is what the server took")
    #expect(!offered.isGeneratorSaturated, "the server stalled, not the generator")

    let closed = ManualClock()
    let hidden = try await driver(closed, rate: nil).replay(operations(5000), on: stalling(closed))
    #expect(hidden.offered == nil)
    #expect(hidden.latency.microseconds(atPercentile: 99.9) < 2000)
    #expect(hidden.latency.microseconds(atPercentile: 100) >= 1.9e6)
  }

  @Test("asks everything in time of a store that keeps up, each operation once")
  func keepsUp() async throws {
    let clock = ManualClock()
    let store = steady(clock, taking: .microseconds(100))
    let result = try await driver(clock, rate: OfferedRate(1000)).replay(operations(2000), on: store)
    let offered = try #require(result.offered)
    #expect(result.operations == operations(2000) && result.indeterminate == 0)
    #expect(offered.mostBehind == .zero)
    #expect(abs(offered.rateAsked - 1000) < 0.01)
    #expect(abs(offered.rateAchieved - 1000) < 1)
    #expect(offered.latency.microseconds(atPercentile: 100) < 101)
  }

  @Test("says how far behind it ended, and counts what it could not send for want of room")
  func tooSlow() async throws {
    let clock = ManualClock()
    // Twenty times slower than the rate: after the schedule's second and the time-out of five, 120 are sent of 400.
    let store = steady(clock, taking: .milliseconds(50))
    let result = try await driver(clock, rate: OfferedRate(400)).replay(operations(400), on: store)
    let offered = try #require(result.offered)
    #expect(result.operations.count == 120)
    #expect(result.unasked == 280 && offered.unsent == 280, "asked and unasked add up, each with its reason")
    #expect(offered.endedBehind > .seconds(5) && offered.endedBehind <= offered.mostBehind)
    #expect(offered.rateAchieved < 21)
    #expect(!offered.isGeneratorSaturated)
  }

  @Test("sends what is due together, as many as fit into a batch")
  func batches() async throws {
    let clock = ManualClock()
    let store = steady(clock, taking: .milliseconds(10))
    _ = try await driver(clock, pipelining: 4, rate: OfferedRate(1000)).replay(operations(100), on: store)
    let sizes = store.log.batches.map(\.names.count)
    #expect(sizes.first == 1 && sizes.max() == 4)
    #expect(store.log.batches.flatMap(\.names) == (0..<100).map(String.init))
  }

  @Test("a generator that is late by itself says that it measured itself")
  func saturated() async throws {
    let clock = ManualClock()
    let store = steady(clock, taking: .microseconds(100))
    let result = try await driver(clock, rate: OfferedRate(10), oversleeping: .milliseconds(30)).replay(
      operations(200), on: store)
    let offered = try #require(result.offered)
    #expect(offered.isGeneratorSaturated)
    #expect(result.summary(side: "sandbox")?.offered?.isGeneratorSaturated == true)
    #expect(offered.generatorLag.microseconds(atPercentile: 99) >= 29_000)
  }

  @Test("intended starts stand on the real clock too, with several clients")
  func realClock() async throws {
    let store = ScriptedStore { operation, _, _ in .answered(.text(Array(operation.name.utf8))) }
    var driver = ReplayDriver(connections: 4, pipelining: 8, timeout: .seconds(5))
    driver.rate = OfferedRate(5000, arrivals: .poisson)
    driver.seed = 3
    let started = ContinuousClock.now
    let result = try await driver.replay(operations(1000), on: store)
    var times = ArrivalTimes(OfferedRate(5000, arrivals: .poisson), seed: 3)
    let last = (0..<1000).reduce(UInt64(0)) { _, _ in times.next() ?? 0 }
    #expect(started.duration(to: .now) >= .nanoseconds(last), "nothing is sent before it is due")
    #expect(result.operations.count == 1000 && result.offered?.latency.count == 1000)
  }

  @Test("a store that is gone leaves the rest of the schedule indeterminate, not unasked")
  func gone() async throws {
    let clock = ManualClock()
    let store = ScriptedStore(taking: .zero) { operation, _, _ in
      clock.advance(by: .milliseconds(1))
      return (Int(operation.name) ?? 0) < 10 ? .answered(.null) : .indeterminate("timed out")
    }
    let result = try await driver(clock, rate: OfferedRate(100)).replay(operations(100), on: store)
    #expect(result.indeterminate == 90 && result.unasked == 0)
    #expect(result.answers[99].shape == "not asked any more: no reply to 3 batches in a row")
  }

  @Test("a spent budget ends it, in the middle of a wait too")
  func budget() async throws {
    let clock = ManualClock()
    let store = ScriptedStore(taking: .zero) { _, _, _ in .answered(.null) }
    var driver = driver(clock, rate: OfferedRate(10))
    driver.budget = .milliseconds(950)
    let result = try await driver.replay(operations(100), on: store)
    #expect(result.operations.count == 10 && result.unasked == 90)
    #expect(result.offered?.unsent == 0, "what was not due is not for want of room")
    #expect(result.elapsed == .milliseconds(950))
  }

  @Test("clients of a closed loop think between batches, the same times for the same seed", arguments: [1, 3])
  func thinkTime(connections: Int) async throws {
    func slept(_ seed: UInt64) async throws -> [Duration] {
      let clock = ManualClock()
      let times = Mutex<[Duration]>([])
      let store = ScriptedStore(taking: .zero) { _, _, _ in .answered(.null) }
      var driver = driver(clock, connections: connections, pipelining: 10, rate: nil)
      driver.thinkTime = .exponential(.milliseconds(5))
      driver.seed = seed
      driver.sleep = { moment in times.withLock { $0.append(moment - clock.now) } }
      _ = try await driver.replay(operations(3000), on: store)
      return times.withLock { $0.sorted() }
    }
    let first = try await slept(1)
    #expect(first.count == 300 - connections, "one pause between two batches of a client")
    #expect(try await slept(1) == first)
    #expect(try await slept(2) != first)
    let mean = first.reduce(Duration.zero, +) / first.count
    #expect(mean > .milliseconds(4) && mean < .milliseconds(6.2))
  }
}
