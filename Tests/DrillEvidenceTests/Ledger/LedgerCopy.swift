import DrillEvidence
import DrillModel
import Foundation
import GRDB

/// A ledger for tests, and someone who knows SQLite and tampers with it.
enum LedgerCopy {
  /// Makes a ledger with `count` passing runs, each with its beginning: leaf 2n begins run n, leaf 2n + 1 ends it.
  @discardableResult
  static func make(at path: String, runs count: Int) throws -> Ledger {
    let ledger = try Ledger.open(at: path)
    for number in 0..<count { try record(number, in: ledger) }
    return ledger
  }

  static func record(_ number: Int, in ledger: Ledger) throws {
    let run = try SampleRuns.passing(number)
    try begin(run, in: ledger)
    try ledger.append(run)
  }

  static func begin(_ run: Run, in ledger: Ledger) throws {
    try ledger.begin(
      run: run.id, drill: run.drill, cluster: run.cluster, startedAt: run.startedAt, files: run.files, seed: run.seed)
  }

  /// Runs SQL that the append-only guards would refuse, and puts the guards back as they were.
  static func tamper(_ path: String, _ sql: String) throws {
    try DatabaseQueue(path: path).write { db in
      let guards = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
      for row in guards { try db.execute(sql: "DROP TRIGGER \(row["name"] as String)") }
      try db.execute(sql: sql)
      for row in guards { try db.execute(sql: row["sql"]) }
    }
  }

  /// Runs SQL as it is.
  static func execute(_ path: String, _ sql: String) throws {
    try DatabaseQueue(path: path).writeWithoutTransaction { db in try db.execute(sql: sql) }
  }

  static func problems(_ path: String, anchors: [AnchoredHead] = []) throws -> [LedgerProblem.Code] {
    try Ledger.open(at: path, mode: .readOnly).verify(anchors: anchors).problems.map(\.code)
  }
}
