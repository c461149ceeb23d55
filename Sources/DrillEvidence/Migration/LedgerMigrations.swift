public import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// Records what a migration tool published, all of it or nothing, under one write lock: tools that publish at once are put in an order.
  ///
  /// An event whose id the cluster's events hold already is recorded no second time: what is published twice happened once.
  ///
  /// - Parameter now: bounds how far in the future an event may lie.
  /// - Returns: for each event, the leaf that holds it, and whether it was there before.
  /// - Throws: `DrillError`: `event-differs`, `migration-unknown`, `event-out-of-order`, `event-from-future`, `usage` for one that makes no sense;
  ///   `ledger-unwritable`, `ledger-damaged`. Then nothing was recorded.
  public func publish(_ events: [MigrationPublication], at now: Instant = .now) throws -> [PublishedEvent] {
    try write { db in
      try events.map { publication in
        let event = try publication.event(at: now)
        let gate = MigrationGate(try migrationEvents(of: event.cluster, db))
        if let known = try gate.known(event, isTimeStated: publication.at != nil) {
          return PublishedEvent(event: known.body, leaf: known.leaf, isNew: false)
        }
        try gate.admit(event, at: now)
        return PublishedEvent(event: event, leaf: try append(event, details: nil, at: now, db), isNew: true)
      }
    }
  }

  func migrationEvents(of cluster: String, _ db: Database) throws -> [Recorded<MigrationEvent>] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT leaf, CAST(statement AS BLOB) AS statement FROM leaves WHERE cluster = ? AND kind = ? ORDER BY leaf
        """, arguments: [cluster, LeafKind.migrationEvent.rawValue])
    return try rows.map { row in
      let leaf = try CanonicalJSON.decode(Leaf<MigrationEvent>.self, from: row["statement"] as Data? ?? Data())
      return Recorded(leaf: row["leaf"], time: leaf.time, body: leaf.body)
    }
  }
}
