/// Pseudo-random numbers that one seed fixes, on every machine and in every version of the toolchain: xoshiro256**.
///
/// The draws below are written out here, since the standard library's own (`Int.random`, `shuffled`) may change between
/// releases, and with them every stream that was recorded by its seed. Not for secrets.
/// Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators",
/// https://prng.di.unimi.it/xoshiro256starstar.c
public struct SeededGenerator: Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  /// The state is four outputs of SplitMix64, as the authors advise.
  public init(seed: UInt64) {
    var seeder = SplitMix64(state: seed)
    state = (seeder.next(), seeder.next(), seeder.next(), seeder.next())
  }

  /// A generator of its own for one purpose of many under the same seed, so that drawing more for one purpose does not
  /// move the others.
  public init(seed: UInt64, purpose: String) {
    var mixed = seed
    // FNV-1a over the name, then mixed: two purposes differ in all bits of their state.
    var name: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { name = (name ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var seeder = SplitMix64(state: name)
    mixed ^= seeder.next()
    self.init(seed: mixed)
  }

  /// - Precondition: not all words are zero, the one state that xoshiro never leaves.
  init(state: (UInt64, UInt64, UInt64, UInt64)) {
    precondition(state != (0, 0, 0, 0))
    self.state = state
  }

  @inline(__always)
  public mutating func next() -> UInt64 {
    let result = rotated(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotated(state.3, by: 45)
    return result
  }

  private func rotated(_ word: UInt64, by count: UInt64) -> UInt64 { word << count | word >> (64 - count) }

  /// A number from 0 up to but not including `bound`, each equally likely, without the bias of a modulo.
  ///
  /// Source: Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29 (2019), algorithm 5.
  /// - Precondition: `bound` is above 0.
  public mutating func next(below bound: UInt64) -> UInt64 {
    precondition(bound > 0)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// An index from 0 up to but not including `count`.
  public mutating func index(below count: Int) -> Int { Int(next(below: UInt64(count))) }

  /// A number of the range, each equally likely.
  public mutating func integer(in range: ClosedRange<Int64>) -> Int64 {
    let span = UInt64(bitPattern: range.upperBound &- range.lowerBound)
    let offset = span == .max ? next() : next(below: span + 1)
    return range.lowerBound &+ Int64(bitPattern: offset)
  }

  /// A multiple of 2^-53 from 0 up to but not including 1, each equally likely.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Whether an event of this probability happens; never for 0, always for 1.
  public mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// Every order equally likely. Source: Fisher and Yates, as in Knuth, The Art of Computer Programming 2, algorithm P.
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in elements.indices.reversed() where last > 0 { elements.swapAt(last, index(below: last + 1)) }
  }
}

/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014;
/// https://prng.di.unimi.it/splitmix64.c
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}
