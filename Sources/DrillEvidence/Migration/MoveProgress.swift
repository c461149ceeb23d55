public import DrillModel

/// Slots that a migration moves, all in one state.
public struct MoveProgress: Hashable, Sendable, Codable {
  public enum State: String, Sendable, Codable, CaseIterable {
    /// Said to be moved, and still where it was.
    case planned
    /// Marked by the cluster as under way, or said to be copied.
    case inProgress = "in-progress"
    /// The target owns it.
    case done
    /// The source owns it again, or still, and the migration was rolled back.
    case takenBack = "taken-back"
  }

  public var slots: SlotSet
  public var source: String
  public var target: String
  public var state: State
  /// When the first of the slots was in this state, as far as is known.
  public var since: Instant
  /// How that is known: `events`, or where the topology was seen (`live`, `backup ID`).
  public var by: String
  /// False: the cluster moves them, and no event says so.
  public var isAnnounced: Bool

  /// The moves of a migration, each slot in one state: by the newest topology that was seen, unless an event is newer.
  ///
  /// - Parameters:
  ///   - others: the cluster's other migrations; what those announce is theirs.
  static func all(of migration: Migration, in timeline: TopologyTimeline, others: [Migration]) -> [MoveProgress] {
    let window = timeline.sightings.filter {
      $0.topology.mapsSlots && $0.since >= migration.beganAt && $0.since <= migration.endedAt ?? $0.since
    }
    let afterwards = timeline.sightings.filter { look in
      look.topology.mapsSlots && migration.endedAt.map { look.since > $0 } ?? false
    }
    // The first look after the end still tells how it ended; what comes later is the next migration's.
    let looks = window + afterwards.prefix(1)
    return migration.moves.flatMap { progress(of: $0, migration, looks) } + unannounced(migration, looks, others)
  }

  private static func progress(
    of move: TopologyDiff.Moving, _ migration: Migration, _ looks: [TopologyTimeline.Sighting]
  ) -> [MoveProgress] {
    let stage = migration.stage
    func said(_ state: State, since: Instant) -> [MoveProgress] {
      [
        MoveProgress(
          slots: move.slots, source: move.source, target: move.target, state: state, since: since, by: "events",
          isAnnounced: true)
      ]
    }
    let byEvents: (state: State, since: Instant) =
      stage == .rolledBack
      ? (.takenBack, migration.stageSince)
      : stage.isReached(.cutOver)
        ? (.done, migration.at(.cutOver) ?? migration.stageSince)
        : stage.isReached(.copying)
          ? (.inProgress, migration.at(.copying) ?? migration.stageSince) : (.planned, migration.beganAt)
    let known = looks.filter {
      $0.topology.shard(matching: move.source) != nil || $0.topology.shard(matching: move.target) != nil
    }
    guard let last = known.last, last.since >= byEvents.since else {
      return said(byEvents.state, since: byEvents.since)
    }
    var left = move.slots
    var found: [MoveProgress] = []
    for state in [State.done, .inProgress] {
      let slots = left.intersection(move.slots(in: state, last.topology))
      guard !slots.isEmpty else { continue }
      left = left.subtracting(slots)
      let first = known.first {
        !slots.intersection(move.slots(in: state, $0.topology)).isEmpty
      }
      found.append(
        MoveProgress(
          slots: slots, source: move.source, target: move.target, state: state, since: first?.since ?? last.since,
          by: last.seenIn, isAnnounced: true))
    }
    if !left.isEmpty {
      found.append(
        MoveProgress(
          slots: left, source: move.source, target: move.target, state: stage == .rolledBack ? .takenBack : .planned,
          since: stage == .rolledBack ? migration.stageSince : migration.beganAt, by: last.seenIn, isAnnounced: true))
    }
    return found
  }

  /// What the cluster marked as under way, or gave to another shard, while the migration went on, and nobody announced.
  private static func unannounced(
    _ migration: Migration, _ looks: [TopologyTimeline.Sighting], _ others: [Migration]
  ) -> [MoveProgress] {
    guard migration.isOpen, let last = looks.last else { return [] }
    let announced = ([migration] + others).flatMap(\.moves).reduce(SlotSet()) { $0.union($1.slots) }
    return TopologyDiff.Moving.grouped(last.topology.moves.filter { !announced.contains($0.slot) }).map { moving in
      MoveProgress(
        slots: moving.slots, source: moving.source, target: moving.target, state: .inProgress,
        since: looks.first { look in look.topology.moves.contains { moving.slots.contains($0.slot) } }?.since
          ?? last.since,
        by: last.seenIn, isAnnounced: false)
    }
  }
}

extension TopologyDiff.Moving {
  /// Which of its slots a topology shows in a state.
  fileprivate func slots(in state: MoveProgress.State, _ topology: Topology) -> SlotSet {
    let source = topology.shard(matching: source)?.name ?? source
    let target = topology.shard(matching: target)?.name ?? target
    let moving = SlotSet(topology.moves.lazy.filter { $0.source == source && $0.target == target }.map(\.slot))
    switch state {
    case .inProgress: return slots.intersection(moving)
    case .done:
      return slots.intersection(topology.shard(named: target)?.slots ?? SlotSet()).subtracting(moving)
    case .planned, .takenBack: return SlotSet()
    }
  }
}

extension Topology {
  /// The shard of a name, or the only one whose name begins so: node ids are written by their beginnings.
  func shard(matching name: String) -> Shard? {
    if let shard = shard(named: name) { return shard }
    guard name.count >= 6 else { return nil }
    let begun = shards.filter { $0.name.hasPrefix(name) }
    return begun.count == 1 ? begun[0] : nil
  }
}
