public import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// Records a topology unless that would say nothing new: of the live servers, unless the last look at them saw the same and no migration told of
  /// anything since, so that one that comes back is recorded again, and one that a migration should have changed; of a backup, which stays what it is, unless this one was seen before.
  ///
  /// - Returns: whether it was recorded.
  /// - Throws: `DrillError`: `ledger-unwritable`, `ledger-damaged`.
  @discardableResult
  public func see(_ topology: TopologySeen, at time: Instant = .now) throws -> Bool {
    try write { db in
      let statements = try Data.fetchAll(
        db,
        sql: "SELECT CAST(statement AS BLOB) FROM leaves WHERE cluster = ? AND kind = ? ORDER BY leaf",
        arguments: [topology.cluster, LeafKind.topology.rawValue])
      let known = try statements.map { try CanonicalJSON.decode(Leaf<TopologySeen>.self, from: $0) }
      let isKnown: Bool
      if topology.seenIn == TopologySeen.live {
        let last = known.last { $0.body.seenIn == TopologySeen.live }
        let events = try migrationEvents(of: topology.cluster, db)
        isKnown =
          last.map { last in
            last.body.isSame(as: topology) && events.allSatisfy { $0.body.at <= last.body.asOf ?? last.time }
          } ?? false
      } else {
        isKnown = known.contains { $0.body.isSame(as: topology) }
      }
      if !isKnown { _ = try append(topology, details: nil, at: time, db) }
      return !isKnown
    }
  }
}
