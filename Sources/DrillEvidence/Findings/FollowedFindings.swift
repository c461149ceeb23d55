public import DrillModel

extension History {
  /// All findings, followed; overdue ones first, then by severity and by how long they have been open.
  public func findings(at now: Instant) -> [FollowedFinding] { [] }
}
