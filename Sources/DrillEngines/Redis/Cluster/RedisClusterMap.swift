public import DrillModel

/// The servers of a deployment: its shards, who is master and who replica, and which slots are on the move.
public struct RedisClusterMap: Hashable, Sendable {
  /// `cluster_current_epoch`; 0 without Redis Cluster.
  public var epoch: UInt64
  public var shards: [Shard]
  public var moves: [Topology.Move]
  /// False where several single servers hold whatever they hold; see ``Topology/mapsSlots``.
  public var mapsSlots: Bool
  /// Whether the servers run in cluster mode, and so count keys per slot.
  public var isCluster: Bool

  public init(epoch: UInt64, shards: [Shard], moves: [Topology.Move], mapsSlots: Bool, isCluster: Bool) {
    self.epoch = epoch
    self.shards = shards
    self.moves = moves
    self.mapsSlots = mapsSlots
    self.isCluster = isCluster
  }

  public struct Shard: Hashable, Sendable {
    /// The master's node id; `standalone`, or `server-1`, `server-2`, … for single servers.
    public var name: String
    public var slots: SlotSet
    public var master: RedisNode
    public var replicas: [RedisNode]

    public init(name: String, slots: SlotSet, master: RedisNode, replicas: [RedisNode]) {
      self.name = name
      self.slots = slots
      self.master = master
      self.replicas = replicas
    }
  }

  public var topology: Topology {
    Topology(
      epoch: epoch, shards: shards.map { Topology.Shard(name: $0.name, slots: $0.slots) }, moves: moves,
      mapsSlots: mapsSlots)
  }
}
