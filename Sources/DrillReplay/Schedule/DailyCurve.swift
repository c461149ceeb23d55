/// How the rate changes over a day: a factor for each hour, and how long a whole day takes in the replay.
public struct DailyCurve: Hashable, Sendable {
  /// 24 factors, from midnight on: the rate of an hour is the workload's rate times its factor.
  public var factors: [Double]
  /// How long 24 hours take; a replay that lasts longer begins the day again.
  public var day: Duration

  public init(factors: [Double], day: Duration) {
    self.factors = factors
    self.day = day
  }

  /// Curves by name, for people who have no measurements of their own; the busiest hour's factor is 1.
  ///
  /// They are shapes and not data: nights are quiet and one peak comes in the middle of the day, or in the evening.
  public enum Name: String, Sendable, CaseIterable {
    /// A business that works by day.
    case office
    /// People at home.
    case evening

    public var factors: [Double] {
      switch self {
      case .office:
        [
          0.08, 0.06, 0.05, 0.05, 0.06, 0.10, 0.20, 0.40, 0.70, 0.90, 1.00, 0.98, 0.85, 0.90, 0.98, 0.95, 0.85, 0.65,
          0.40, 0.28, 0.22, 0.18, 0.14, 0.10,
        ]
      case .evening:
        [
          0.35, 0.22, 0.15, 0.12, 0.11, 0.13, 0.20, 0.32, 0.42, 0.48, 0.52, 0.56, 0.60, 0.58, 0.56, 0.58, 0.64, 0.74,
          0.86, 0.95, 1.00, 0.98, 0.80, 0.55,
        ]
      }
    }
  }

  var problem: String? {
    guard factors.count == 24, factors.allSatisfy({ $0.isFinite && (0...1000).contains($0) }),
      factors.contains(where: { $0 > 0 })
    else { return "must have 24 factors from 0 to 1000, at least one of them above 0" }
    return day >= .milliseconds(24) && day <= .seconds(366 * 86_400)
      ? nil : "must be compressed to a time from 24 ms to 366 days"
  }
}
