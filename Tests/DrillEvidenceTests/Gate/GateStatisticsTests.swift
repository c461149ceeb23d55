import Foundation
import Testing

@testable import DrillEvidence

@Suite("Percentiles and lines")
struct GateStatisticsTests {
  /// Source: table of t, two-sided 95 % and 99 %; NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
  @Test(
    "quantiles of t are those of the table",
    arguments: [
      (1, 0.95, 12.706), (2, 0.95, 4.303), (3, 0.95, 3.182), (4, 0.95, 2.776), (5, 0.95, 2.571), (10, 0.95, 2.228),
      (29, 0.95, 2.045), (100, 0.95, 1.984), (3, 0.99, 5.841), (10, 0.99, 3.169), (30, 0.99, 2.750), (7, 0.9, 1.895),
    ])
  func quantiles(_ degrees: Int, _ confidence: Double, _ expected: Double) {
    #expect(abs(StudentT.quantile(within: confidence, degrees: degrees) - expected) < 0.0006)
  }

  /// Worked by hand: x = 1…5, y = 2, 4, 5, 4, 5: b = 0.6, a = 2.2, s² = 2.4/3, t(3) = 3.1824; at 6: 5.8 ± 3.1824·0.8944·√(1 + 1/5 + 9/10).
  @Test("the line and its prediction interval are those worked by hand")
  func line() throws {
    let points = zip([1.0, 2, 3, 4, 5], [2.0, 4, 5, 4, 5]).map { (bytes: $0, ms: $1) }
    let fit = try #require(RestoreFit(points, at: 6, confidence: 0.95))
    #expect(abs(fit.slopeMsPerByte - 0.6) < 1e-9)
    #expect(abs(fit.interceptMs - 2.2) < 1e-9)
    #expect(abs(fit.standardErrorMs - 0.894427) < 1e-6)
    #expect(abs(fit.predictedMs - 5.8) < 1e-9)
    #expect(abs(fit.highMs - (5.8 + 3.182446 * 0.894427 * 2.1.squareRoot())) < 1e-4)
    #expect(abs(fit.lowMs - (5.8 - 3.182446 * 0.894427 * 2.1.squareRoot())) < 1e-4)
  }

  @Test("three restores, or restores of two sizes, make no line")
  func noLine() {
    #expect(RestoreFit([(1, 1), (2, 2), (3, 3)], at: 9, confidence: 0.95) == nil)
    #expect(RestoreFit([(1, 1), (2, 2), (1, 1), (2, 2), (2, 3)], at: 9, confidence: 0.95) == nil)
    #expect(RestoreFit([(1, 1), (2, 2), (3, 3), (3, 3)], at: 9, confidence: 0.95) != nil)
  }

  @Test("the prediction's interval holds as many further restores as it says")
  func holds() throws {
    // Of lines with normal errors, 95 % of the intervals must hold the next value; 2,000 of them, within five standard deviations of that.
    let seed: UInt64 = 20_260_101
    var state = seed
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) / Double(1 << 53)
    }
    func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
    var held = 0
    let trials = 2000
    for _ in 0..<trials {
      let points = (0..<12).map { (bytes: Double($0), ms: 10 + 3 * Double($0) + 2 * normal()) }
      let fit = try #require(RestoreFit(points, at: 30, confidence: 0.95))
      let next = 10 + 3 * 30 + 2 * normal()
      if next >= fit.lowMs, next <= fit.highMs { held += 1 }
    }
    let deviation = (Double(trials) * 0.95 * 0.05).squareRoot()
    #expect(abs(Double(held) - Double(trials) * 0.95) < 5 * deviation, "seed \(seed): \(held) of \(trials)")
  }

  @Test("a percentile is a value that was seen, and says how many it takes")
  func percentiles() {
    let values = (1...20).map(Double.init).shuffled()
    #expect(Percentile.nearestRank(values, 95) == 19)
    #expect(Percentile.nearestRank(values, 50) == 10)
    #expect(Percentile.nearestRank(values, 99) == 20)
    #expect(Percentile.nearestRank([], 50) == nil)
    #expect(Percentile.nearestRank([7], 99) == 7)
    #expect([50, 90, 95, 99, 99.9].map(Percentile.leastCount) == [2, 10, 20, 100, 1000])
  }
}
