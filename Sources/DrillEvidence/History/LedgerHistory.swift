import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// All that the ledger says, or only what concerns one cluster.
  ///
  /// - Throws: `DrillError` with `ledger-damaged`.
  public func history(of cluster: String? = nil) throws -> History {
    var history = History()
    try extend(&history, of: cluster)
    return history
  }

  /// Adds what was appended since `history` was read; leaves of kinds that this version does not know are passed over.
  public func extend(_ history: inout History, of cluster: String? = nil) throws {
    history = try read { db in
      var history = history
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT leaf, kind, CAST(statement AS BLOB) AS statement FROM leaves
          WHERE leaf >= ?1 AND (?2 IS NULL OR cluster IS NULL OR cluster = ?2) ORDER BY leaf
          """, arguments: [history.size, cluster])
      while let row = try rows.next() {
        let statement = row["statement"] as Data? ?? Data()
        try history.add(leaf: row["leaf"], LeafKind(rawValue: row["kind"] as String? ?? ""), statement)
      }
      history.size = try Int.fetchOne(db, sql: "SELECT count(*) FROM leaves") ?? 0
      return history
    }
    history.running = Set(
      history.unfinished.filter { locks.isHeld($0.leaf) }.map(\.body.run))
  }
}

extension History {
  fileprivate mutating func add(leaf: Int, _ kind: LeafKind, _ statement: Data) throws {
    func recorded<Body: LeafBody & Hashable>(_ body: Body.Type) throws -> Recorded<Body> {
      do {
        let statement = try CanonicalJSON.decode(Leaf<Body>.self, from: statement)
        return Recorded(leaf: leaf, time: statement.time, details: statement.details, body: statement.body)
      } catch {
        throw DrillError(
          .ledgerDamaged, detail: "leaf \(leaf) cannot be read as a statement of kind \(kind.rawValue)",
          underlying: error)
      }
    }
    switch kind {
    case .runStarted: started.append(try recorded(RunStarted.self))
    case .run: runs.append(try recorded(RunFinished.self))
    case .topology: topologies.append(try recorded(TopologySeen.self))
    case .findingAction: findingActions.append(try recorded(FindingAction.self))
    case .schedule: schedules.append(try recorded(ScheduleDeclared.self))
    case .skipped: skips.append(try recorded(DrillSkipped.self))
    case .notification: notifications.append(try recorded(NotificationSent.self))
    case .gateDecision: decisions.append(try recorded(GateDecided.self))
    case .migrationEvent: migrationEvents.append(try recorded(MigrationEvent.self))
    case .evidenceExport: exports.append(try recorded(EvidenceExported.self))
    default: break
    }
  }
}
