public import DrillModel

/// States that a cluster's topology was seen, and that it is not the one that was seen before.
public struct TopologySeen: LeafBody, Hashable {
  public static var kind: LeafKind { .topology }

  public var cluster: String
  public var epoch: UInt64
  /// Slots by shard.
  public var shards: [String: SlotSet]
  public var moves: [Topology.Move]
  /// Where it was seen: `live`, or `backup ID`.
  public var seenIn: String
  /// When it was in force, where that is not when it was seen: a backup's cut.
  public var asOf: Instant?
  /// False where slots do not say which shard holds a record; absent where they do, and in leaves that versions before 0.2 wrote.
  private var mapsSlots: Bool?

  public init(cluster: String, _ topology: Topology, seenIn: String, asOf: Instant? = nil) {
    self.cluster = cluster
    epoch = topology.epoch
    shards = Dictionary(topology.shards.map { ($0.name, $0.slots) }, uniquingKeysWith: { first, _ in first })
    moves = topology.moves
    self.seenIn = seenIn
    self.asOf = asOf
    mapsSlots = topology.mapsSlots ? nil : false
  }

  /// ``seenIn`` of what the live servers said.
  public static let live = "live"

  /// What was seen, its shards in the order of their first slots.
  public var topology: Topology {
    let sorted = shards.sorted {
      ($0.value.slots.first?.rawValue ?? .max, $0.key) < ($1.value.slots.first?.rawValue ?? .max, $1.key)
    }
    return Topology(
      epoch: epoch, shards: sorted.map { Topology.Shard(name: $0.key, slots: $0.value) }, moves: moves,
      // Older leaves do not say: there, shards that claim more slots than there are share them all.
      mapsSlots: mapsSlots ?? (shards.count < 2 || shards.values.contains { $0 != .all }))
  }

  /// Whether both say the same of the cluster, wherever and whenever they were seen.
  func isSame(as other: TopologySeen) -> Bool {
    epoch == other.epoch && shards == other.shards && Set(moves) == Set(other.moves)
  }
}
