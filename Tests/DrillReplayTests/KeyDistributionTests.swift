import DrillModel
import Foundation
import Testing

@testable import DrillReplay

@Suite("Key distributions")
struct KeyDistributionTests {
  private let keys = 200
  private let draws = 40_000

  private func counts(_ distribution: KeyDistribution, seed: UInt64 = 9) -> [Int] {
    let entries = (0..<keys).map { Samples.redisEntry(.string, "key:\($0)") }
    let pool = KeyPool(entries.sorted(), distribution: distribution, seed: seed)
    let index = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($0.element.key, $0.offset) })
    var generator = SeededGenerator(seed: seed)
    return (0..<draws).reduce(into: Array(repeating: 0, count: keys)) { counts, _ in
      counts[index[pool.next(&generator).key] ?? 0] += 1
    }
  }

  private func zipf(_ exponent: Double) -> [Double] {
    let weights = (1...keys).map { pow(Double($0), -exponent) }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  @Test("uniform draws each key alike, and a hotspot does not pass for it")
  func uniform() {
    let even = Array(repeating: 1 / Double(keys), count: keys)
    #expect(!ChiSquare(counts: counts(.uniform), probabilities: even).isRejected)
    #expect(ChiSquare(counts: counts(.hotspot(keys: 0.5, operations: 0.6)), probabilities: even).isRejected)
  }

  @Test("latest favours the greatest number in the name, though 99 sorts after 100 as text")
  func latest() {
    let newestFirst = Array(counts(.latest(exponent: 0.99)).reversed())
    #expect(!ChiSquare(counts: newestFirst, probabilities: zipf(0.99)).isRejected)
    #expect(ChiSquare(counts: Array(newestFirst.reversed()), probabilities: zipf(0.99)).isRejected)
  }

  @Test("popularity is drawn by seed and not by name")
  func popularity() {
    let first = counts(.zipfian(exponent: 1.2), seed: 1)
    let second = counts(.zipfian(exponent: 1.2), seed: 2)
    let order = { (counts: [Int]) in counts.indices.sorted { counts[$0] > counts[$1] } }
    #expect(order(first).first != order(second).first)
    #expect(!ChiSquare(counts: first.sorted(by: >), probabilities: zipf(1.2)).isRejected)
  }

  @Test(
    "a hotspot's share of keys gets its share of operations",
    arguments: [(0.1, 0.9), (0.25, 0.5), (1.0, 0.3), (0.001, 1.0)])
  func hotspot(share: (keys: Double, operations: Double)) {
    let counts = counts(.hotspot(keys: share.keys, operations: share.operations)).sorted(by: >)
    let hot = max(1, Int((Double(keys) * share.keys).rounded()))
    let expected = hot == keys ? Double(draws) : Double(draws) * share.operations
    // Six deviations of a binomial, at most 600.
    #expect(abs(Double(counts.prefix(hot).reduce(0, +)) - expected) <= 600, "seed 9")
  }

  @Test(
    "names are ordered from old to new",
    arguments: [
      ("key:9", "key:10"), ("key:0009", "key:10"), ("a", "b"), ("user:2:cart", "user:10:cart"),
      ("user:2", "user:2:cart"), ("", "a"),
    ])
  func newness(pair: (older: String, newer: String)) {
    let older = Newness(Array(pair.older.utf8))
    let newer = Newness(Array(pair.newer.utf8))
    #expect(older < newer)
    #expect(!(newer < older))
  }

  @Test("rows are ordered by their columns as numbers, negative ones first")
  func rowNewness() {
    let ordered: [Int64] = [-300, -2, 0, 7, 300]
    for (older, newer) in zip(ordered, ordered.dropFirst()) {
      #expect(Newness(Samples.row([5, older])) < Newness(Samples.row([5, newer])))
      #expect(!(Newness(Samples.row([5, newer])) < Newness(Samples.row([5, older]))))
    }
    #expect(!(Newness(Samples.row([7])) < Newness(Samples.row([7]))))
  }
}
