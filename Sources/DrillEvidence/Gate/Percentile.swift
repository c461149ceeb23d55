/// Percentiles of few values.
enum Percentile {
  /// The smallest value that at least `percentile` per cent of the values do not exceed; nil where there is no value.
  ///
  /// Source: the nearest-rank method; Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996, definition 1.
  static func nearestRank(_ values: [Double], _ percentile: Double) -> Double? {
    guard !values.isEmpty else { return nil }
    let rank = Int((Double(values.count) * percentile / 100 - 1e-9).rounded(.up))
    return values.sorted()[min(max(rank, 1), values.count) - 1]
  }

  /// How many values it takes before the percentile can be anything but the largest of them: 20 for the 95th, 100 for the 99th.
  /// With fewer it says nothing about how the rest will lie.
  static func leastCount(_ percentile: Double) -> Int { Int((100 / (100 - percentile) - 1e-9).rounded(.up)) }

  /// `p95`, `p99.9`
  static func name(_ percentile: Double) -> String {
    percentile == percentile.rounded() ? "p\(Int(percentile))" : "p\(percentile)"
  }
}
