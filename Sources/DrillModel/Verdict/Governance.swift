/// Who answers for a drill's findings, and by when they must be resolved: the drill file's `governance:` section.
public struct Governance: Hashable, Sendable, Codable {
  public var owner: String
  /// Whom to call, first to last, once the owner does not answer or the deadline has passed.
  public var escalation: [String]
  /// Seconds from the first sight of a finding to its deadline; a severity that is absent has none.
  public var deadlines: [Severity: Int64]

  public init(owner: String, escalation: [String] = [], deadlines: [Severity: Int64] = [:]) {
    self.owner = owner
    self.escalation = escalation
    self.deadlines = deadlines
  }
}
