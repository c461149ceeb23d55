/// Which shards own which slots, at one epoch, with the moves that are in flight.
public struct Topology: Hashable, Sendable, Codable {
  /// The engine's own counter of topology changes (Redis: `cluster_current_epoch`); 0 for a store that has none.
  public var epoch: UInt64
  public var shards: [Shard]
  public var moves: [Move]
  /// Whether slots say which shard holds a record. False for a store whose shards hold whatever they hold (SQLite files without a slot map):
  /// then each shard claims every slot, and no record can be misplaced.
  public var mapsSlots: Bool

  public init(epoch: UInt64, shards: [Shard], moves: [Move] = [], mapsSlots: Bool = true) {
    self.epoch = epoch
    self.shards = shards
    self.moves = moves
    self.mapsSlots = mapsSlots
  }

  /// One shard: a name that is stable while the shard lives (Redis: the master's node id), and what it owns.
  public struct Shard: Hashable, Sendable, Codable {
    public var name: String
    public var slots: SlotSet
    public init(name: String, slots: SlotSet) {
      self.name = name
      self.slots = slots
    }
  }

  /// One slot under way from a shard that still owns it to another. In order: by slot, then by names.
  public struct Move: Hashable, Sendable, Codable, Comparable {
    public var slot: Slot
    public var source: String
    public var target: String
    public init(slot: Slot, source: String, target: String) {
      self.slot = slot
      self.source = source
      self.target = target
    }

    public static func < (a: Move, b: Move) -> Bool { (a.slot, a.source, a.target) < (b.slot, b.source, b.target) }
  }

  public func shard(named name: String) -> Shard? { shards.first { $0.name == name } }
  public func owner(of slot: Slot) -> Shard? { shards.first { $0.slots.contains(slot) } }

  /// The slots of which `shard` may hold records: those it owns, and those that are moving to it.
  public func slotsAllowed(in shard: String) -> SlotSet {
    var slots = self.shard(named: shard)?.slots ?? SlotSet()
    for move in moves where move.target == shard { slots.insert(move.slot) }
    return slots
  }

  /// The slots whose every record lies in one of `shards`: a slot that is moving needs both its shards, and where slots say nothing it takes all shards.
  public func slotsWhole(in shards: Set<String>) -> SlotSet {
    guard mapsSlots else { return shards.isSuperset(of: self.shards.map(\.name)) ? .all : SlotSet() }
    var slots = self.shards.reduce(SlotSet()) { shards.contains($1.name) ? $0.union($1.slots) : $0 }
    for move in moves where !shards.isSuperset(of: [move.source, move.target]) { slots.remove(move.slot) }
    return slots
  }

  /// Every slot that some shard owns.
  public var slots: SlotSet { shards.reduce(SlotSet()) { $0.union($1.slots) } }
}
