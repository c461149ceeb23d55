/// What all nodes of a cluster say, each of itself and of the others, at about one time.
public struct ClusterView: Hashable, Sendable, Codable {
  /// In the order of their names.
  public var nodes: [NodeView]

  public init(nodes: [NodeView]) { self.nodes = nodes.sorted { $0.node < $1.node } }

  /// The nodes that could be asked.
  public var asked: [NodeView] { nodes.filter { $0.problem == nil } }

  /// What each master claims for itself, and of those that could not be asked what the node that knows the newest epoch believes.
  public var claims: [NodeView.Claim] {
    let known = Set(asked.map(\.node))
    let newest = asked.max { $0.currentEpoch < $1.currentEpoch }
    return asked.compactMap(\.own) + (newest?.claims ?? []).filter { !known.contains($0.master) && !$0.slots.isEmpty }
  }

  /// The masters that own slots and could not be asked.
  public var silentOwners: [NodeView] {
    let claimed = Set(claims.filter { !$0.slots.isEmpty }.map(\.master))
    return nodes.filter { $0.problem != nil && claimed.contains($0.node) }
  }

  /// The topology as its owners state it, whatever others believe; a slot that two of them claim is in both their shards.
  public var topology: Topology {
    let marks = Set(asked.filter(\.isMaster).flatMap(\.marks))
    let movers = Set(marks.flatMap { [$0.source, $0.target] })
    let shards = claims.filter { !$0.slots.isEmpty || movers.contains($0.master) }
      .map { Topology.Shard(name: $0.master, slots: $0.slots) }
    return Topology(
      epoch: asked.map(\.currentEpoch).max() ?? 0,
      shards: shards.sorted {
        ($0.slots.slots.first?.rawValue ?? .max, $0.name) < ($1.slots.slots.first?.rawValue ?? .max, $1.name)
      },
      moves: marks.sorted())
  }
}
