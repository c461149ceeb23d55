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
