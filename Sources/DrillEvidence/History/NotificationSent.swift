/// States that somebody was told of a run, or could not be told; it changes no verdict.
public struct NotificationSent: LeafBody, Hashable {
  public static var kind: LeafKind { .notification }

  public var about: String
  public var cluster: String
  /// `webhook` or `alertmanager`, and the host; never a path or a query, which may hold secrets.
  public var target: String
  public var delivered: Bool
  public var attempts: Int
  /// The last answer or error, in a few words.
  public var outcome: String

  public init(about: String, cluster: String, target: String, delivered: Bool, attempts: Int, outcome: String) {
    self.about = about
    self.cluster = cluster
    self.target = target
    self.delivered = delivered
    self.attempts = attempts
    self.outcome = outcome
  }
}
