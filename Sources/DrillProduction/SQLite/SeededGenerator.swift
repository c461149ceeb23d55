/// A small generator for making productions up: the same seed gives the same numbers on every machine.
///
/// Source: SplitMix64, https://prng.di.unimi.it/splitmix64.c (public domain)
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Below `bound`, from the high half of a multiplication; the bias of 2⁻⁶⁴ × bound is none that matters here.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}
