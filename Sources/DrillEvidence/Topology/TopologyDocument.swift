public import DrillModel

/// A topology with what is known of it, as `--json` prints it.
public struct TopologyDocument: Codable, Sendable {
  public var cluster: String?
  public var epoch: UInt64
  /// `live`, `backup ID`, or a file's name.
  public var seenIn: String
  /// When it is known to have been in force, first and until; absent where nothing is recorded of it.
  public var since: Instant?
  public var until: Instant?
  public var mapsSlots: Bool
  public var shards: [Shard]
  /// Under way: marked by the cluster itself.
  public var moves: [TopologyDiff.Moving]
  /// What migrations that are not at their end say that they move, done or not.
  public var planned: [Planned]

  public struct Shard: Codable, Sendable {
    public var name: String
    public var slots: SlotSet
    public var count: Int
  }

  public struct Planned: Codable, Sendable {
    public var migration: String
    public var stage: MigrationStage
    public var slots: SlotSet
    public var source: String
    public var target: String
  }

  public init(
    _ topology: Topology, cluster: String?, seenIn: String, since: Instant? = nil, until: Instant? = nil,
    migrations: [Migration] = []
  ) {
    self.cluster = cluster
    epoch = topology.epoch
    self.seenIn = seenIn
    self.since = since
    self.until = until
    mapsSlots = topology.mapsSlots
    shards = topology.shards.map { Shard(name: $0.name, slots: $0.slots, count: $0.slots.count) }
    moves = TopologyDiff.Moving.grouped(topology.moves)
    planned = migrations.filter(\.isOpen).flatMap { migration in
      migration.moves.map {
        Planned(
          migration: migration.name, stage: migration.stage, slots: $0.slots, source: $0.source, target: $0.target)
      }
    }
  }
}
