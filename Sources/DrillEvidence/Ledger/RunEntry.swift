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

  public init(
    run: String, drill: String, cluster: String, seed: UInt64, state: State, startedAt: Instant,
    outcome: RunFinished? = nil,
    startedLeaf: Int? = nil, finishedLeaf: Int? = nil
  ) {
    self.run = run
    self.drill = drill
    self.cluster = cluster
    self.seed = seed
    self.state = state
    self.startedAt = startedAt
    self.outcome = outcome
    self.startedLeaf = startedLeaf
    self.finishedLeaf = finishedLeaf
  }
}
