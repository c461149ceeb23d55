extension Topology {
  /// The slots that are under way from one shard to another.
  public var slotsInFlight: SlotSet { SlotSet(moves.map(\.slot)) }

  /// The slots whose records may have changed their shard on the way from here to `other`: those with another owner, and
  /// those in flight in either. None where slots say nothing of shards.
  ///
  /// A shard that is absent from `other` and whose slots a new name owns there was only given a new name, as a fail-over
  /// does: that moves nothing.
  public func slotsMoved(to other: Topology) -> SlotSet {
    guard mapsSlots, other.mapsSlots else { return SlotSet() }
    let successors = successors(in: other)
    var moved = slotsInFlight.union(other.slotsInFlight)
    for shard in shards {
      let kept = other.shard(named: successors[shard.name] ?? shard.name)?.slots ?? SlotSet()
      moved = moved.union(shard.slots.subtracting(kept))
    }
    return moved.union(other.slots.subtracting(slots))
  }

  /// This topology for the whole time until it was `later`: what was in flight at either end, or changed its owner in
  /// between, is in flight.
  public func during(_ later: Topology) -> Topology {
    guard mapsSlots, later.mapsSlots else { return self }
    var whole = self
    var moves = Set(self.moves)
    for move in later.moves where owner(of: move.slot)?.name == move.source { moves.insert(move) }
    for source in shards {
      for target in later.shards where target.name != source.name && shard(named: target.name) != nil {
        for slot in source.slots.intersection(target.slots).slots {
          moves.insert(Move(slot: slot, source: source.name, target: target.name))
        }
      }
    }
    whole.moves = moves.sorted()
    return whole
  }

  /// New names of shards that `other` does not know under theirs: of those new there, the one with most of their slots.
  private func successors(in other: Topology) -> [String: String] {
    var fresh = other.shards.filter { shard(named: $0.name) == nil }
    var successors: [String: String] = [:]
    for shard in shards where other.shard(named: shard.name) == nil {
      let heirs = fresh.map { ($0.name, $0.slots.intersection(shard.slots).count) }
      guard let heir = heirs.max(by: { ($0.1, $1.0) < ($1.1, $0.0) }), heir.1 > 0 else { continue }
      successors[shard.name] = heir.0
      fresh.removeAll { $0.name == heir.0 }
    }
    return successors
  }
}
