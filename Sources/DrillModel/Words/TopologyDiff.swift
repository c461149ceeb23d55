/// What differs between two topologies of a cluster.
public struct TopologyDiff: Hashable, Sendable, Codable {
  /// The epochs, of the first and of the second.
  public var epochs: [UInt64]
  /// Shards that only the second has, and that only the first has, by name.
  public var added: [String]
  public var removed: [String]
  /// Slots whose owners differ, in the order of their first slots.
  public var reassigned: [Reassignment]
  /// Moves that only the second knows to be under way, and that only the first does.
  public var begun: [Moving]
  public var ended: [Moving]

  /// Slots that other shards own in the second than in the first.
  public struct Reassignment: Hashable, Sendable, Codable {
    public var slots: SlotSet
    /// Sorted; empty: nobody owned them.
    public var from: [String]
    public var to: [String]
  }

  /// Slots under way between two shards.
  public struct Moving: Hashable, Sendable, Codable {
    public var slots: SlotSet
    public var source: String
    public var target: String

    public init(slots: SlotSet, source: String, target: String) {
      self.slots = slots
      self.source = source
      self.target = target
    }

    /// Moves of single slots, those between two shards together; in the order of their first slots.
    public static func grouped(_ moves: some Sequence<Topology.Move>) -> [Moving] {
      var groups: [[String]: SlotSet] = [:]
      for move in moves { groups[[move.source, move.target], default: SlotSet()].insert(move.slot) }
      return groups.map { Moving(slots: $0.value, source: $0.key[0], target: $0.key[1]) }
        .sorted { ($0.slots.slots.first, $0.source, $0.target) < ($1.slots.slots.first, $1.source, $1.target) }
    }
  }

  public init(from a: Topology, to b: Topology) {
    epochs = [a.epoch, b.epoch]
    let (before, after) = (Set(a.shards.map(\.name)), Set(b.shards.map(\.name)))
    added = after.subtracting(before).sorted()
    removed = before.subtracting(after).sorted()
    let (old, new) = (a.ownersBySlot, b.ownersBySlot)
    var groups: [[[String]]: SlotSet] = [:]
    // Where slots say nothing, their owners say nothing either.
    if a.mapsSlots || b.mapsSlots {
      for index in 0..<Slot.count where old[index] != new[index] {
        groups[[old[index], new[index]], default: SlotSet()].insert(Slot(index))
      }
    }
    reassigned = groups.map { Reassignment(slots: $0.value, from: $0.key[0], to: $0.key[1]) }
      .sorted { ($0.slots.slots.first) < ($1.slots.slots.first) }
    begun = Moving.grouped(Set(b.moves).subtracting(a.moves))
    ended = Moving.grouped(Set(a.moves).subtracting(b.moves))
  }

  /// Whether only epochs differ, or nothing.
  public var isEmpty: Bool {
    added.isEmpty && removed.isEmpty && reassigned.isEmpty && begun.isEmpty && ended.isEmpty
  }
}

extension Topology {
  /// The shards that own each slot, by name; none or several where the topology is broken.
  public var ownersBySlot: [[String]] {
    var owners = [[String]](repeating: [], count: Slot.count)
    for shard in shards.sorted(by: { $0.name < $1.name }) {
      for slot in shard.slots.slots { owners[Int(slot.rawValue)].append(shard.name) }
    }
    return owners
  }
}

private func < (a: Slot?, b: Slot?) -> Bool { (a?.rawValue ?? .max) < (b?.rawValue ?? .max) }

private func < (a: (Slot?, String, String), b: (Slot?, String, String)) -> Bool {
  (a.0?.rawValue ?? .max, a.1, a.2) < (b.0?.rawValue ?? .max, b.1, b.2)
}
