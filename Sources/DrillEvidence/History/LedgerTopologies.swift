public import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// Records a topology unless the last one that was recorded of its cluster is the same, or its epoch is an older one that is already known.
  ///
  /// - Throws: `DrillError`: `ledger-unwritable`, `ledger-damaged`.
  public func see(_ topology: TopologySeen, at time: Instant = .now) throws {
    try write { db in
      let statements = try Data.fetchAll(
        db,
        sql: "SELECT CAST(statement AS BLOB) FROM leaves WHERE cluster = ? AND kind = ? ORDER BY leaf",
        arguments: [topology.cluster, LeafKind.topology.rawValue])
      let known = try statements.map { try CanonicalJSON.decode(Leaf<TopologySeen>.self, from: $0).body }
      let isKnown = known.contains {
        $0.epoch == topology.epoch && $0.shards == topology.shards && $0.moves == topology.moves
      }
      if !isKnown { _ = try append(topology, details: nil, at: time, db) }
    }
  }
}
