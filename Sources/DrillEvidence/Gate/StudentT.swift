import Foundation

/// Student's t distribution with a whole number of degrees of freedom.
enum StudentT {
  /// The probability that a value lies within ±t.
  ///
  /// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
  static func within(_ t: Double, degrees: Int) -> Double {
    precondition(degrees >= 1)
    let angle = atan(t / Double(degrees).squareRoot())
    let (sine, cosine) = (sin(angle), cos(angle))
    let isOdd = degrees % 2 == 1
    if degrees == 1 { return 2 * angle / .pi }
    var term = isOdd ? cosine : 1
    var sum = term
    var k = isOdd ? 3 : 2
    while k <= degrees - 2 {
      term *= cosine * cosine * Double(k - 1) / Double(k)
      sum += term
      k += 2
    }
    return isOdd ? 2 / .pi * (angle + sine * sum) : sine * sum
  }

  /// The t within which a value lies with probability `confidence`.
  static func quantile(within confidence: Double, degrees: Int) -> Double {
    precondition(confidence > 0 && confidence < 1)
    var (low, high) = (0.0, 1.0)
    while within(high, degrees: degrees) < confidence, high < 1e12 { high *= 2 }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if within(middle, degrees: degrees) < confidence { low = middle } else { high = middle }
    }
    return high
  }
}
