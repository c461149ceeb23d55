import Foundation

/// Pearson's test of counts against probabilities.
struct ChiSquare {
  let statistic: Double
  let degreesOfFreedom: Int

  /// Outcomes are taken together from the last one backwards until each group expects at least ten.
  init(counts: [Int], probabilities: [Double]) {
    let total = Double(counts.reduce(0, +))
    var statistic = 0.0
    var groups = 0
    var observed = 0.0
    var expected = 0.0
    for (count, probability) in zip(counts, probabilities).reversed() {
      observed += Double(count)
      expected += probability * total
      if expected >= 10 {
        statistic += (observed - expected) * (observed - expected) / expected
        groups += 1
        (observed, expected) = (0, 0)
      }
    }
    if expected > 0 { statistic += (observed - expected) * (observed - expected) / max(expected, 1) }
    self.statistic = statistic
    degreesOfFreedom = groups - 1
  }

  /// Whether a fit this bad would come up less than once in a thousand times.
  ///
  /// The quantile is Wilson and Hilferty's (1931): the cube root of chi-square over its degrees of freedom is nearly
  /// normal; 3.0902 is the normal quantile of 0.999. Off by less than 0.1 % for the hundreds of degrees used here.
  var isRejected: Bool {
    let k = Double(degreesOfFreedom)
    let root = 1 - 2 / (9 * k) + 3.0902 * (2 / (9 * k)).squareRoot()
    return statistic > k * root * root * root
  }
}
