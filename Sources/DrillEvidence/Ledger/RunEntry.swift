public import DrillModel

/// A run as a listing shows it: what outlives the details.
public struct RunEntry: Hashable, Sendable, Codable {
  public enum State: String, Sendable, Codable {
    /// Its process is alive.
    case running
    /// It began and never finished, and its process is gone.
    case interrupted
    case finished
  }

  public var run: String
  public var drill: String
  public var cluster: String
  public var seed: UInt64
  public var state: State
  public var startedAt: Instant
  /// What it found; nil unless it finished.
  public var outcome: RunFinished?
  /// Leaves that record its start and its end.
  public var startedLeaf: Int?
  public var finishedLeaf: Int?
}
