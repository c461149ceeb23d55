/// SplitMix64: one seed gives the same numbers on every machine. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Below `bound`; the bias of at most `bound` / 2^64 does not matter for made-up data.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// Letters and digits, which compress, or any bytes, which do not.
  mutating func bytes(_ count: Int, isText: Bool = true) -> [UInt8] {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    return (0..<count).map { _ in isText ? letters[below(letters.count)] : UInt8(truncatingIfNeeded: next()) }
  }
}
