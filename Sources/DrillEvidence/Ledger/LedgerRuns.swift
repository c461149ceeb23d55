import DrillCrypto
public import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// Records that a run begins. Until ``append(_:)`` or the end of this process it is listed as running, and after that, if it never finished, as interrupted.
  ///
  /// The mark lives as long as this object: keep it until the run is appended.
  ///
  /// - Throws: `DrillError` with `ledger-unwritable`; then nothing was recorded.
  public func begin(
    run: String, drill: String, cluster: String, startedAt: Instant, files: [String: String], seed: UInt64
  ) throws {
    let details = try CanonicalJSON.encode(files)
    let body = RunStarted(run: run, drill: drill, cluster: cluster, seed: seed, startedAt: startedAt)
    var held: Int?
    do {
      try write { db in
        let leaf = try append(body, details: details, at: startedAt, db)
        // Before the commit, so that nobody sees the leaf without the mark.
        try locks.hold(leaf)
        held = leaf
      }
    } catch {
      if let held { locks.release(held) }
      throw error
    }
  }

  /// Records a finished run, whether or not its beginning was.
  ///
  /// - Throws: `DrillError` with `ledger-unwritable`; then nothing was recorded.
  public func append(_ run: Run) throws {
    let details = try CanonicalJSON.encode(run)
    let started = try write { db in
      if try Int.fetchOne(db, sql: "SELECT leaf FROM leaves WHERE run = ? AND kind = 'run'", arguments: [run.id]) != nil
      {
        throw DrillError(
          .ledgerUnwritable, subject: run.id,
          detail: "a run of this name is already recorded, and records are not replaced")
      }
      _ = try append(RunFinished(run, redactor: redactor), details: details, at: run.finishedAt, db)
      return try Int.fetchOne(
        db, sql: "SELECT leaf FROM leaves WHERE run = ? AND kind = 'run-started'", arguments: [run.id])
    }
    if let started { locks.release(started) }
  }

  /// The latest runs first, at most `limit` of them.
  ///
  /// - Throws: `DrillError`: `ledger-damaged`.
  public func runs(limit: Int? = nil, cluster: String? = nil, drill: String? = nil) throws -> [RunEntry] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT max(CASE kind WHEN 'run-started' THEN leaf END) AS started, max(CASE kind WHEN 'run' THEN leaf END) AS finished
          FROM leaves WHERE run IS NOT NULL AND kind IN ('run-started', 'run')
            AND (?1 IS NULL OR cluster = ?1)
            AND (?2 IS NULL OR json_extract(statement, '$.body.drill') = ?2)
          GROUP BY run ORDER BY min(leaf) DESC LIMIT ?3
          """, arguments: [cluster, drill, limit ?? -1])
      return try rows.map { try entry(started: $0["started"], finished: $0["finished"], db) }
    }
  }

  /// The run of that name, or the one whose name alone begins or ends with it; `latest` is the run that began last.
  ///
  /// - Throws: `DrillError`: `no-such-run` with names that are near; `ledger-damaged`, also where the details are not the ones that were recorded.
  public func run(_ name: String) throws -> RecordedRun {
    try read { db in
      let id = try resolve(name, db)
      let leaves = try Row.fetchAll(
        db, sql: "SELECT kind, leaf FROM leaves WHERE run = ? ORDER BY leaf", arguments: [id])
      func leaf(_ kind: LeafKind) -> Int? { leaves.last { $0["kind"] == kind.rawValue }?["leaf"] }
      let entry = try entry(started: leaf(.runStarted), finished: leaf(.run), db)
      let run = try entry.finishedLeaf.flatMap { try details(of: $0, db) }.map {
        try CanonicalJSON.decode(Run.self, from: $0)
      }
      let files = try entry.startedLeaf.flatMap { try details(of: $0, db) }
      return RecordedRun(
        entry: entry, run: run,
        files: try run?.files ?? files.map { try CanonicalJSON.decode([String: String].self, from: $0) })
    }
  }

  private func resolve(_ name: String, _ db: Database) throws -> String {
    // The whole name is found through the index, however many runs there are.
    if name != "latest",
      let id = try String.fetchOne(
        db, sql: "SELECT run FROM leaves WHERE run = ? AND kind IN ('run-started', 'run') LIMIT 1", arguments: [name])
    {
      return id
    }
    let ids = try String.fetchAll(
      db,
      sql:
        "SELECT run FROM leaves WHERE kind IN ('run-started', 'run') AND run IS NOT NULL GROUP BY run ORDER BY min(leaf) DESC"
    )
    if ids.contains(name) { return name }
    if name == "latest", let last = ids.first { return last }
    let matching = name.isEmpty ? [] : ids.filter { $0.hasPrefix(name) || $0.hasSuffix(name) }
    if matching.count == 1 { return matching[0] }
    func listed(_ names: [String]) -> String {
      names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    }
    let detail =
      if ids.isEmpty {
        "the ledger holds no run yet"
      } else if matching.isEmpty {
        "no run has this name; near it: \(listed(NearNames.nearest(to: name, among: ids)))"
      } else {
        "\(matching.count) runs have names that begin or end so: \(listed(matching))"
      }
    throw DrillError(.noSuchRun, subject: name, detail: detail)
  }

  private func entry(started: Int?, finished: Int?, _ db: Database) throws -> RunEntry {
    let begin = try started.map { try statement(Leaf<RunStarted>.self, leaf: $0, db).body }
    let end = try finished.map { try statement(Leaf<RunFinished>.self, leaf: $0, db).body }
    guard let run = end?.run ?? begin?.run, let drill = end?.drill ?? begin?.drill,
      let cluster = end?.cluster ?? begin?.cluster,
      let seed = end?.seed ?? begin?.seed, let startedAt = end?.startedAt ?? begin?.startedAt
    else { preconditionFailure("an entry is made from at least one leaf") }
    let state: RunEntry.State =
      if end != nil { .finished } else if let started, locks.isHeld(started) { .running } else { .interrupted }
    return RunEntry(
      run: run, drill: drill, cluster: cluster, seed: seed, state: state, startedAt: startedAt, outcome: end,
      startedLeaf: started,
      finishedLeaf: finished)
  }

  private func statement<Statement: Decodable>(_ type: Statement.Type, leaf: Int, _ db: Database) throws -> Statement {
    let text =
      try String.fetchOne(
        db, sql: "SELECT coalesce(CAST(statement AS TEXT), '') FROM leaves WHERE leaf = ?", arguments: [leaf]) ?? ""
    return try CanonicalJSON.decode(type, from: text.utf8)
  }

  /// The details of a leaf, held against their digest; nil where they were dropped.
  private func details(of leaf: Int, _ db: Database) throws -> [UInt8]? {
    let sql = "SELECT digest, CAST(body AS BLOB) AS body FROM leaves JOIN details ON digest = details WHERE leaf = ?"
    guard let row = try Row.fetchOne(db, sql: sql, arguments: [leaf]) else { return nil }
    let body = [UInt8](row["body"] as Data)
    guard SHA256.digest(body).hex == row["digest"] else {
      throw DrillError(
        .ledgerDamaged, subject: path,
        detail: "the details of leaf \(leaf) are not the ones that were recorded; run `firedrill ledger verify`")
    }
    return body
  }
}
