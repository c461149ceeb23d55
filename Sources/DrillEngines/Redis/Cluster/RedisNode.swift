public import DrillModel

/// One server of a deployment.
public struct RedisNode: Hashable, Sendable {
  /// The node id in a cluster; where there is none, its endpoint's text.
  public var name: String
  public var endpoint: Endpoint
  /// What it is announced as, where ``endpoint`` is another by the cluster file's `addresses`; nil: the same.
  public var announced: Endpoint?
  /// Whether the cluster thinks that it lives and is in step. A replica's link is asked of the replica itself before it
  /// is read from.
  public var isHealthy: Bool
  /// The replication offset that the cluster reports; nil where it says nothing.
  public var replicationOffset: UInt64?

  public init(name: String, endpoint: Endpoint, isHealthy: Bool, replicationOffset: UInt64? = nil) {
    self.name = name
    self.endpoint = endpoint
    self.isHealthy = isHealthy
    self.replicationOffset = replicationOffset
  }
}
