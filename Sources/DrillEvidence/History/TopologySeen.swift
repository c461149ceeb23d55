public import DrillModel

/// States that a cluster's topology of this epoch was seen for the first time.
public struct TopologySeen: LeafBody, Hashable {
  public static var kind: LeafKind { .topology }

  public var cluster: String
  public var epoch: UInt64
  /// Slots by shard.
  public var shards: [String: SlotSet]
  public var moves: [Topology.Move]
  /// Where it was seen: `live`, or `backup ID`.
  public var seenIn: String

  public init(cluster: String, _ topology: Topology, seenIn: String) {
    self.cluster = cluster
    epoch = topology.epoch
    shards = Dictionary(topology.shards.map { ($0.name, $0.slots) }, uniquingKeysWith: { first, _ in first })
    moves = topology.moves
    self.seenIn = seenIn
  }
}
