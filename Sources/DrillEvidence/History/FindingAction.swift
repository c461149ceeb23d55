/// States what a person did about a finding.
public struct FindingAction: LeafBody, Hashable {
  public static var kind: LeafKind { .findingAction }

  public enum Action: String, Sendable, Codable, CaseIterable {
    /// Somebody knows of it and works on it; the deadline stands.
    case acknowledge
    /// Somebody left a word for whoever sees it next.
    case note
    /// What it was about is gone (a backup that was deleted), so that no run can ever resolve it.
    case withdraw
  }

  /// ``RecordedFinding/id``.
  public var finding: String
  public var cluster: String
  public var action: Action
  public var who: String
  public var why: String

  public init(finding: String, cluster: String, _ action: Action, who: String, why: String) {
    self.finding = finding
    self.cluster = cluster
    self.action = action
    self.who = who
    self.why = why
  }
}
