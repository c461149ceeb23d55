public import DrillModel

/// A followed finding as programs read it: with what follows from its code and its deadline.
public struct FindingDocument: Codable, Hashable, Sendable {
  public var finding: FollowedFinding
  public var severity: Severity
  public var deadline: Instant?
  public var isOverdue: Bool
  public var meaning: String
  public var action: String

  public init(_ finding: FollowedFinding, at now: Instant) {
    self.finding = finding
    severity = finding.severity
    deadline = finding.deadline
    isOverdue = finding.isOverdue(at: now)
    meaning = finding.code.meaning
    action = finding.code.action
  }
}
