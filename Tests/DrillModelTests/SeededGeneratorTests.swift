import Testing

@testable import DrillModel

@Suite("Seeded generator")
struct SeededGeneratorTests {
  @Test("SplitMix64 gives the published numbers for seed 1234567")
  func splitMixVectors() {
    var generator = SplitMix64(state: 1_234_567)
    let published: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
      16_408_922_859_458_223_821,
    ]
    #expect(published.map { _ in generator.next() } == published)
  }

  @Test("xoshiro256** gives the published numbers for the state 1, 2, 3, 4")
  func xoshiroVectors() {
    var generator = SeededGenerator(state: (1, 2, 3, 4))
    let published: [UInt64] = [
      11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
      16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
    ]
    #expect(published.map { _ in generator.next() } == published)
  }

  @Test("a bound that divides no power of two is drawn without the bias of a modulo")
  func unbiased() {
    // A modulo by 3·2^62 would give numbers below 2^62 half of the time instead of a third.
    var generator = SeededGenerator(seed: 7)
    let bound: UInt64 = 3 << 62
    let low = (0..<30_000).count { _ in generator.next(below: bound) < 1 << 62 }
    // Binomial(30000, 1/3): mean 10000, deviation 81.6; six deviations.
    #expect((9_510...10_490).contains(low), "seed 7")
  }

  @Test("ranges are kept to their ends, the widest included")
  func ranges() {
    var generator = SeededGenerator(seed: 11)
    var seen: Set<Int64> = []
    for _ in 0..<200 { seen.insert(generator.integer(in: -2...2)) }
    #expect(seen == [-2, -1, 0, 1, 2])
    #expect(generator.integer(in: 5...5) == 5)
    _ = generator.integer(in: .min ... .max)
  }

  @Test("probabilities of 0 and 1 are certain")
  func certain() {
    var generator = SeededGenerator(seed: 3)
    #expect((0..<1000).allSatisfy { _ in !generator.happens(0) })
    #expect((0..<1000).allSatisfy { _ in generator.happens(1) })
  }

  @Test("purposes under one seed draw apart, and alike every time")
  func purposes() {
    var a = SeededGenerator(seed: 1, purpose: "keys")
    var again = SeededGenerator(seed: 1, purpose: "keys")
    var b = SeededGenerator(seed: 1, purpose: "faults")
    let drawn = (0..<8).map { _ in a.next() }
    #expect(drawn == (0..<8).map { _ in again.next() })
    #expect(drawn != (0..<8).map { _ in b.next() })
  }

  @Test("a shuffle keeps every element and moves them")
  func shuffle() {
    var generator = SeededGenerator(seed: 5)
    var numbers = Array(0..<100)
    generator.shuffle(&numbers)
    #expect(numbers.sorted() == Array(0..<100))
    #expect(numbers != Array(0..<100))
  }
}
