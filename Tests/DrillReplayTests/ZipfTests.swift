import DrillModel
import Foundation
import Testing

@testable import DrillReplay

@Suite("Zipf")
struct ZipfTests {
  private static let ranks = 1000
  private static let draws = 200_000

  /// Written down a second time, apart from the generator's table.
  private func theory(_ exponent: Double) -> [Double] {
    let weights = (1...ZipfTests.ranks).map { exp(-exponent * log(Double($0))) }
    let total = weights.reversed().reduce(0, +)
    return weights.map { $0 / total }
  }

  private func counts(_ exponent: Double, seed: UInt64) -> [Int] {
    let zipf = Zipf(count: ZipfTests.ranks, exponent: exponent)
    var generator = SeededGenerator(seed: seed)
    return (0..<ZipfTests.draws).reduce(into: Array(repeating: 0, count: ZipfTests.ranks)) { counts, _ in
      counts[zipf.rank(&generator)] += 1
    }
  }

  @Test("draws fit theory by chi-square", arguments: [0.7, 0.99, 1.2], [1, 2, 3] as [UInt64])
  func fits(exponent: Double, seed: UInt64) {
    let test = ChiSquare(counts: counts(exponent, seed: seed), probabilities: theory(exponent))
    #expect(
      !test.isRejected, "seed \(seed): chi-square \(test.statistic) at \(test.degreesOfFreedom) degrees of freedom")
  }

  @Test("the canary: draws at an exponent that is off by 0.03 are rejected", arguments: [0.7, 0.99, 1.2])
  func rejectsWrongExponent(exponent: Double) {
    #expect(ChiSquare(counts: counts(exponent + 0.03, seed: 1), probabilities: theory(exponent)).isRejected)
    #expect(ChiSquare(counts: counts(exponent - 0.03, seed: 1), probabilities: theory(exponent)).isRejected)
  }

  @Test("the canary: ranks hashed onto keys, as a scrambled Zipfian does, are rejected")
  func rejectsScrambled() {
    let zipf = Zipf(count: ZipfTests.ranks, exponent: 0.99)
    var generator = SeededGenerator(seed: 1)
    var counts = Array(repeating: 0, count: ZipfTests.ranks)
    for _ in 0..<ZipfTests.draws {
      var mixed = SeededGenerator(seed: UInt64(zipf.rank(&generator)))
      counts[mixed.index(below: ZipfTests.ranks)] += 1
    }
    #expect(ChiSquare(counts: counts.sorted(by: >), probabilities: theory(0.99)).isRejected)
  }

  @Test("one key, and an exponent of zero, are no special cases")
  func ends() {
    var generator = SeededGenerator(seed: 1)
    let single = Zipf(count: 1, exponent: 1)
    #expect((0..<100).allSatisfy { _ in single.rank(&generator) == 0 })
    let even = Zipf(count: 50, exponent: 0)
    let counts = (0..<50_000).reduce(into: Array(repeating: 0, count: 50)) { counts, _ in
      counts[even.rank(&generator)] += 1
    }
    #expect(!ChiSquare(counts: counts, probabilities: Array(repeating: 0.02, count: 50)).isRejected)
  }
}
