/// What a drill requires beyond being right; nil: not required.
public struct Objectives: Hashable, Sendable, Codable {
  /// Longest restore time (RTO).
  public var restoreTime: Duration?
  /// Longest time between consecutive verified cuts (RPO).
  public var recoveryPoint: Duration?
  /// Most differing records, whatever explains them: how far the backup may be behind.
  public var maxDrift: UInt64?
  /// Most differing answers.
  public var maxMismatches: UInt64?
  /// Least share of what was declared, 0 to 1, in each coverage.
  public var minCoverage: Double?

  public init(
    restoreTime: Duration? = nil, recoveryPoint: Duration? = nil, maxDrift: UInt64? = nil, maxMismatches: UInt64? = nil,
    minCoverage: Double? = nil
  ) {
    self.restoreTime = restoreTime
    self.recoveryPoint = recoveryPoint
    self.maxDrift = maxDrift
    self.maxMismatches = maxMismatches
    self.minCoverage = minCoverage
  }
}
