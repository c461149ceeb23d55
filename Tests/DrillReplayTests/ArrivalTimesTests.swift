import DrillCrypto
import DrillModel
import Testing

@testable import DrillReplay

@Suite("Intended starts")
struct ArrivalTimesTests {
  private func times(_ rate: OfferedRate, seed: UInt64 = 1, count: Int) -> [UInt64] {
    Array(ArrivalTimes(rate, seed: seed).prefix(count))
  }

  /// How many of the first operations start before each of the moments.
  private func counts(_ rate: OfferedRate, before seconds: [Double], of count: Int) -> [Int] {
    let times = times(rate, count: count)
    return seconds.map { end in times.count { Double($0) < end * 1e9 } }
  }

  @Test("are the same to the last byte for the same seed, and others for another")
  func deterministic() {
    let curve = DailyCurve(factors: DailyCurve.Name.office.factors, day: .seconds(60))
    let rate = OfferedRate(500, arrivals: .poisson, curve: curve, ramp: .init(.seconds(5), from: 10))
    func digest(_ seed: UInt64) -> Digest {
      var bytes: [UInt8] = []
      for time in times(rate, seed: seed, count: 20_000) { bytes.appendLittleEndian(time) }
      return SHA256.digest(bytes)
    }
    #expect(digest(7) == digest(7))
    #expect(digest(7) != digest(8))
  }

  @Test("are evenly spaced at a constant rate, from the start on, without an error that adds up")
  func constant() {
    let times = times(OfferedRate(20_000), count: 1_000_000)
    #expect(times.indices.allSatisfy { times[$0] == UInt64($0) * 50_000 })
  }

  @Test("never go back", arguments: OfferedRate.Arrivals.allCases)
  func ascending(arrivals: OfferedRate.Arrivals) {
    let curve = DailyCurve(factors: DailyCurve.Name.evening.factors, day: .seconds(2))
    let times = times(OfferedRate(10_000, arrivals: arrivals, curve: curve, ramp: .init(.seconds(1))), count: 50_000)
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 })
  }

  /// Counts of the gaps between times in twenty classes that an exponential fills equally.
  private func gapCounts(_ times: [UInt64], rate: Double) -> [Int] {
    var counts = Array(repeating: 0, count: 20)
    var last: UInt64 = 0
    for time in times {
      let share = 1 - exponential(-Double(time - last) * rate / 1e9)
      counts[min(19, Int(share * 20))] += 1
      last = time
    }
    return counts
  }

  /// e^x by its series, of x/1024 and then squared ten times: good to ten digits here.
  private func exponential(_ x: Double) -> Double {
    let y = x / 1024
    var power = 1 + y + y * y / 2 + y * y * y / 6 + y * y * y * y / 24
    for _ in 0..<10 { power *= power }
    return power
  }

  @Test("of a Poisson schedule have exponential gaps", arguments: [UInt64(1), 2, 3, 4, 5])
  func poisson(seed: UInt64) {
    let times = times(OfferedRate(2000, arrivals: .poisson), seed: seed, count: 100_000)
    let test = ChiSquare(counts: gapCounts(times, rate: 2000), probabilities: Array(repeating: 0.05, count: 20))
    #expect(!test.isRejected, "seed \(seed): \(test.statistic)")
  }

  @Test("the same test rejects gaps that are even, or of another rate: it can fail")
  func canary() {
    let even = ChiSquare(
      counts: gapCounts(times(OfferedRate(2000), count: 100_000), rate: 2000),
      probabilities: Array(repeating: 0.05, count: 20))
    #expect(even.isRejected)
    let slower = ChiSquare(
      counts: gapCounts(times(OfferedRate(1900, arrivals: .poisson), count: 100_000), rate: 2000),
      probabilities: Array(repeating: 0.05, count: 20))
    #expect(slower.isRejected)
  }

  @Test("follow a daily curve: each hour has its factor's share, and the next day is like the first")
  func daily() {
    let factors = (0..<24).map { Double($0 % 4) }
    let curve = DailyCurve(factors: factors, day: .seconds(24))
    // An hour takes a second: 1000, 2000, 3000 and 0 operations in turn.
    let hours = counts(OfferedRate(1000, curve: curve), before: (1...48).map(Double.init), of: 80_000)
    let each = zip(hours, [0] + hours).map { $0 - $1 }
    #expect(each == (0..<48).map { Int(factors[$0 % 24]) * 1000 })
  }

  @Test("of a ramp grow evenly from the start rate to the full one")
  func ramp() {
    // From 100 to 1000 a second over 10 s: the integral is 100 t + 45 t².
    let rate = OfferedRate(1000, ramp: .init(.seconds(10), from: 100))
    let found = counts(rate, before: [1, 5, 10, 11, 20], of: 20_000)
    for (count, expected) in zip(found, [145, 1625, 5500, 6500, 15_500]) { #expect(abs(count - expected) <= 1) }
    // From nothing: the tenth operation at √(2·10·10/1000) s.
    let fromNothing = times(OfferedRate(1000, ramp: .init(.seconds(10))), count: 11)
    #expect(fromNothing[0] == 0)
    #expect(abs(Double(fromNothing[10]) / 1e9 - 0.447_213_595) < 1e-6)
  }

  @Test("a ramp and a curve together multiply")
  func rampOfCurve() {
    var factors = Array(repeating: 1.0, count: 24)
    factors[1] = 0
    let rate = OfferedRate(
      1000, curve: DailyCurve(factors: factors, day: .seconds(24)), ramp: .init(.seconds(4)))
    // 250 t² / 2 · … : 125 t² within the ramp, nothing in the second hour.
    let found = counts(rate, before: [1, 2, 3, 4, 5], of: 5000)
    for (count, expected) in zip(found, [125, 125, 750, 1625, 2625]) { #expect(abs(count - expected) <= 1) }
  }

  @Test("a duration stands for as many operations as start within it")
  func duration() {
    var profile = WorkloadProfile(
      name: "w", engine: "redis", operations: 5, mix: [.init(name: "get", weight: 1, .redis(RedisQuestion(.get)))])
    profile.rate = OfferedRate(250)
    profile.duration = .seconds(4)
    #expect(profile.problems.isEmpty)
    #expect(profile.operationCount(seed: 1) == 1000)
    profile.rate?.arrivals = .poisson
    let poisson = profile.operationCount(seed: 1)
    #expect(poisson == profile.operationCount(seed: 1))
    #expect(abs(poisson - 1000) < 200)
  }

  @Test("a rate and a time to think exclude each other, and a duration needs a rate")
  func problems() {
    var profile = WorkloadProfile(
      name: "w", engine: "redis", operations: 5, mix: [.init(name: "get", weight: 1, .redis(RedisQuestion(.get)))])
    profile.thinkTime = .exponential(.milliseconds(5))
    #expect(profile.problems.isEmpty)
    profile.rate = OfferedRate(100)
    #expect(profile.problems.map(\.field) == ["think_time"])
    profile.rate = nil
    profile.duration = .seconds(3)
    #expect(profile.problems.map(\.field) == ["duration"])
    profile.duration = nil
    profile.engine = "sqlite"
    profile.writes = [WeightedWrite(.set, keys: 0)]
    #expect(profile.problems.map(\.field).contains("writes"))
    #expect(profile.problems.map(\.field).contains("writes[0].keys"))
  }
}
