/// A straight line through recorded sizes and restore times, by least squares, and what it says of one more restore.
///
/// time = a + b·size, with b = Σ(x−x̄)(y−ȳ) / Σ(x−x̄)² and a = ȳ − b·x̄. At size x₀ the time of one more restore lies, with the stated confidence, within
/// a + b·x₀ ± t(n−2)·s·√(1 + 1/n + (x₀−x̄)²/Σ(x−x̄)²), where s² = Σ(y−a−b·x)²/(n−2). It holds where the time grows in a straight line and scatters alike at all
/// sizes; neither can be seen from the fit beyond the largest recorded size.
/// Source: Draper and Smith, Applied Regression Analysis, 3rd edition, 1.4 and 3.1.
public struct RestoreFit: Hashable, Sendable, Codable {
  /// Number of restores, and their smallest and largest size in bytes.
  public var count: Int
  public var smallestBytes: Double
  public var largestBytes: Double
  public var interceptMs: Double
  public var slopeMsPerByte: Double
  /// s: the restores' standard error about the line.
  public var standardErrorMs: Double
  /// The size that was asked for, and the time that the line gives there.
  public var atBytes: Double
  public var predictedMs: Double
  /// The prediction interval, and its confidence from 0 to 1.
  public var lowMs: Double
  public var highMs: Double
  public var confidence: Double

  /// The least number of restores, so that two degrees of freedom are left, and of different sizes, so that a bend could be seen at all.
  public static let leastCount = 4
  public static let leastSizes = 3

  /// Nil where there are too few restores or sizes for a line.
  public init?(_ points: [(bytes: Double, ms: Double)], at size: Double, confidence: Double) {
    guard points.count >= RestoreFit.leastCount, Set(points.map(\.bytes)).count >= RestoreFit.leastSizes else {
      return nil
    }
    let n = Double(points.count)
    let meanX = points.reduce(0) { $0 + $1.bytes } / n
    let meanY = points.reduce(0) { $0 + $1.ms } / n
    let spread = points.reduce(0) { $0 + ($1.bytes - meanX) * ($1.bytes - meanX) }
    guard spread > 0 else { return nil }
    let slope = points.reduce(0) { $0 + ($1.bytes - meanX) * ($1.ms - meanY) } / spread
    let intercept = meanY - slope * meanX
    let squares = points.reduce(0) {
      let error = $1.ms - intercept - slope * $1.bytes
      return $0 + error * error
    }
    let error = (squares / (n - 2)).squareRoot()
    let t = StudentT.quantile(within: confidence, degrees: points.count - 2)
    let half = t * error * (1 + 1 / n + (size - meanX) * (size - meanX) / spread).squareRoot()
    guard half.isFinite, slope.isFinite else { return nil }
    count = points.count
    smallestBytes = points.map(\.bytes).min() ?? 0
    largestBytes = points.map(\.bytes).max() ?? 0
    interceptMs = intercept
    slopeMsPerByte = slope
    standardErrorMs = error
    atBytes = size
    predictedMs = intercept + slope * size
    lowMs = predictedMs - half
    highMs = predictedMs + half
    self.confidence = confidence
  }
}
