public import DrillModel

/// A finding followed across runs: opened, seen again, resolved by a run that examined the same thing and did not find it, reopened.
public struct FollowedFinding: Hashable, Sendable, Codable {
  public enum State: String, Sendable, Codable, CaseIterable {
    case open
    /// Open, and somebody knows of it.
    case acknowledged
    /// A later run examined the same thing and did not find it.
    case resolved
    /// A person said that what it was about is gone.
    case withdrawn
  }

  /// ``RecordedFinding/id``.
  public var id: String
  public var code: FindingCode
  public var cluster: String
  public var stage: Stage
  public var subject: Finding.Subject
  public var state: State
  /// When it was seen for the first time since it was last resolved, if ever; the deadline counts from here.
  public var openedAt: Instant
  public var lastSeenAt: Instant
  /// Runs that saw it, first to last.
  public var runs: [String]
  /// How often it came back after it had been resolved.
  public var reopened: Int
  /// When it was resolved or withdrawn, and the run or the person that did.
  public var closedAt: Instant?
  public var closedBy: String?
  /// As the latest run that saw it and states one does.
  public var governance: Governance?
  public var actions: [FindingAction]

  public var severity: Severity { code.severity }
  public var isOpen: Bool { state == .open || state == .acknowledged }

  /// Nil where the drill sets none for this severity.
  public var deadline: Instant? {
    governance?.deadlines[severity].map {
      let (milliseconds, isOver) = $0.multipliedReportingOverflow(by: 1000)
      let (end, isLater) = openedAt.millisecondsSince1970.addingReportingOverflow(milliseconds)
      return Instant(millisecondsSince1970: isOver || isLater ? .max : end)
    }
  }

  public func isOverdue(at now: Instant) -> Bool { isOpen && deadline.map { $0 < now } ?? false }
}
