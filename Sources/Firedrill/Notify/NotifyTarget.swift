public import DrillModel

/// Somebody to be told of a drill's runs: an entry of a drill file's `notify`.
public struct NotifyTarget: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Gets a JSON body for each run.
    case webhook
    /// Gets an alert for each session that did not pass, resolved by one that does.
    case alertmanager(labels: [String: String], resolveAfter: Duration)
  }

  public var kind: Kind
  public var url: SecretText
  /// Verdicts that are told; a pass resolves an alert in any case.
  public var verdicts: Set<Verdict>
  public var headers: [String: SecretText]
  /// Where a person reads more; `{run}` stands for the run's id.
  public var link: String?
}
