internal import DrillModel
internal import Foundation

/// Ranks 0 ..< count with probability in proportion to (rank + 1)^-exponent: exact, from the table of cumulative
/// weights.
///
/// A table is affordable since samples of keys are bounded, and it is exact for every exponent of 0 and above; YCSB's
/// generator is neither exact for small ranks nor, scrambled, Zipfian at all, since distinct ranks are hashed onto the
/// same key.
struct Zipf: Sendable {
  /// Sum of the weights of all ranks up to and with the index.
  private let cumulative: [Double]

  /// - Precondition: `count` is above 0 and `exponent` is finite and not negative.
  /// - Complexity: O(count) once; a draw O(log count).
  init(count: Int, exponent: Double) {
    precondition(count > 0 && exponent.isFinite && exponent >= 0)
    // Summed with the running error carried along (Kahan), so that a million small terms keep their weight.
    var sum = 0.0
    var lost = 0.0
    cumulative = (1...count).map { rank in
      let term = pow(Double(rank), -exponent) - lost
      let next = sum + term
      lost = (next - sum) - term
      sum = next
      return sum
    }
  }

  /// The first rank whose cumulative weight is above a uniform share of the whole.
  func rank(_ generator: inout SeededGenerator) -> Int {
    let target = generator.unit() * cumulative[cumulative.count - 1]
    var low = 0
    var high = cumulative.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] > target { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
