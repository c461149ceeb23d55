public import DrillModel

/// A drill that should have run by its declared schedule, and did not.
public struct MissedDrill: Hashable, Sendable, Codable {
  public var drill: String
  public var cluster: String
  public var due: Instant

  public init(drill: String, cluster: String, due: Instant) {
    self.drill = drill
    self.cluster = cluster
    self.due = due
  }
}

extension History {
  /// Due times, their grace passed, for which no run began and no skip was recorded; oldest first.
  public func missedDrills(at now: Instant) -> [MissedDrill] { [] }
}
