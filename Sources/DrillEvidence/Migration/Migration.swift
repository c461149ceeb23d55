public import DrillModel

/// A migration of a cluster, as its events tell.
public struct Migration: Sendable {
  public var cluster: String
  public var name: String
  /// In the order in which they were recorded.
  public var events: [Recorded<MigrationEvent>]

  /// The last stage that was reached.
  public var stage: MigrationStage { events.last?.body.stage ?? .planned }
  /// Whether it is neither finalized nor rolled back.
  public var isOpen: Bool { !stage.isEnd }

  /// The backups that its events name, with the stage of each.
  public var checkpoints: [(stage: MigrationStage, backup: String)] {
    events.compactMap { event in event.body.backup.map { (event.body.stage, $0) } }
  }
}

extension History {
  /// The migrations of a cluster, in the order in which each began.
  public func migrations(of cluster: String) -> [Migration] {
    var all: [Migration] = []
    for event in migrationEvents where event.body.cluster == cluster {
      if let place = all.firstIndex(where: { $0.name == event.body.migration }) {
        all[place].events.append(event)
      } else {
        all.append(Migration(cluster: cluster, name: event.body.migration, events: [event]))
      }
    }
    return all
  }
}

extension Migration {
  /// What its events say that it moves; of a slot that several name, what the last one says. In the order of the slots.
  public var moves: [TopologyDiff.Moving] {
    var named = SlotSet()
    var moves: [TopologyDiff.Moving] = []
    for move in events.reversed().flatMap(\.body.moves) {
      let slots = move.slots.subtracting(named)
      guard !slots.isEmpty else { continue }
      named = named.union(slots)
      if let place = moves.firstIndex(where: { $0.source == move.source && $0.target == move.target }) {
        moves[place].slots = moves[place].slots.union(slots)
      } else {
        moves.append(.init(slots: slots, source: move.source, target: move.target))
      }
    }
    return moves.sorted {
      ($0.slots.slots.first?.rawValue ?? 0, $0.source) < ($1.slots.slots.first?.rawValue ?? 0, $1.source)
    }
  }

  /// When it was planned.
  public var beganAt: Instant { events.first?.body.at ?? Instant(millisecondsSince1970: 0) }
  /// When it ended; nil while it is open.
  public var endedAt: Instant? { isOpen ? nil : events.last?.body.at }
  /// When its present stage was reached.
  public var stageSince: Instant { at(stage) ?? beganAt }

  /// When a stage was reached; nil where it was not.
  public func at(_ stage: MigrationStage) -> Instant? { events.first { $0.body.stage == stage }?.body.at }
}

extension Migration {
  /// The migration of a name; without one, the only one that is open, or else the last that began.
  ///
  /// - Throws: `DrillError` with `usage` where there is none, with those that there are.
  public static func named(_ name: String?, among all: [Migration], of cluster: String) throws -> Migration {
    guard let last = all.last else {
      throw DrillError(
        .usage, subject: cluster,
        detail: "the ledger knows no migration of this cluster; `firedrill migration event --stage planned` begins one")
    }
    if let name {
      if let found = all.first(where: { $0.name == name }) { return found }
      let near = NearNames.nearest(to: name, among: all.map(\.name)).prefix(5).joined(separator: ", ")
      throw DrillError(.usage, subject: name, detail: "\(cluster) has no migration of this name; it has \(near)")
    }
    let open = all.filter(\.isOpen)
    guard open.count < 2 else {
      throw DrillError(
        .usage, subject: cluster,
        detail: "several migrations are open: name one of \(open.map(\.name).joined(separator: ", "))")
    }
    return open.first ?? last
  }
}
