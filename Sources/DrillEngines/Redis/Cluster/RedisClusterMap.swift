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

  /// The same servers with what each master said of itself at one moment: its slots and its moves, and the newest epoch.
  ///
  /// - Parameter states: of all masters, by shard.
  /// - Throws: `DrillError` with `store-moved` where the masters together do not own exactly the slots that they owned before,
  ///   each once: they were asked while a slot changed hands.
  func at(_ states: [String: MasterState]) throws -> RedisClusterMap {
    guard isCluster else { return self }
    var map = self
    var owned = SlotSet()
    for index in shards.indices {
      guard let own = states[shards[index].name]?.own, own.id == shards[index].name else {
        throw DrillError(.storeMoved, subject: shards[index].name, detail: "another node stands in its place")
      }
      guard owned.intersection(own.slots).isEmpty else {
        throw DrillError(
          .storeMoved, subject: shards[index].name,
          detail:
            "slots \(owned.intersection(own.slots)) are owned by another shard as well: they are just changing hands")
      }
      owned = owned.union(own.slots)
      map.shards[index].slots = own.slots
    }
    let before = shards.reduce(SlotSet()) { $0.union($1.slots) }
    guard owned == before else {
      throw DrillError(
        .storeMoved, subject: "slots",
        detail:
          "\(before.subtracting(owned)) have no owner among the shards that were found: they are just changing hands")
    }
    map.moves = MasterState.moves(states)
    map.epoch = states.values.compactMap(\.currentEpoch).max() ?? epoch
    return map
  }

  public var topology: Topology {
    Topology(
      epoch: epoch, shards: shards.map { Topology.Shard(name: $0.name, slots: $0.slots) }, moves: moves,
      mapsSlots: mapsSlots)
  }
}
