/// The position that a backup or a snapshot stands for.
public struct Cut: Hashable, Sendable, Codable {
  /// Wall-clock time at the source when the position was taken: the start of the window in which it lies.
  public var time: Instant
  public var coherence: Coherence
  /// The engine's own position per shard (Redis: `<replication id>:<offset>`; SQLite: the data version).
  public var positions: [String: String]
  /// How coherence was proven, or why it is not claimed; one sentence a shard or a reason.
  public var proof: [String]

  public init(time: Instant, coherence: Coherence, positions: [String: String], proof: [String]) {
    self.time = time
    self.coherence = coherence
    self.positions = positions
    self.proof = proof
  }

  public enum Coherence: String, Sendable, Codable {
    /// All shards stand at one cut, and it was proven.
    case coherent
    /// Each shard stands at a cut of its own.
    case perShard = "per-shard"
    /// No shard stands at a cut: each was read record by record over a time, which the proof names.
    case window

    /// What it says of the shards; goes on from "cut …, ".
    public var words: String {
      switch self {
      case .coherent: "coherent over its shards"
      case .perShard: "each shard at a cut of its own"
      case .window: "no cut: each shard was read over a time"
      }
    }
  }
}
