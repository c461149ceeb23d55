import DrillModel
import GRDB

/// The ledger's tables, one migration after the other; the number of migrations that were applied stands in `PRAGMA user_version`.
enum LedgerSchema {
  /// `FDRL`; tells a ledger from any other SQLite database.
  static let applicationID = 0x4644_524C

  static var version: Int { migrations.count }

  /// Everything about a leaf but its statement and hash is generated from the statement, so there is nothing beside it that could disagree.
  private static let migrations = [
    """
    CREATE TABLE identity (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      origin TEXT NOT NULL,
      secret BLOB NOT NULL CHECK (length(secret) = 32)
    ) STRICT;

    CREATE TABLE leaves (
      leaf INTEGER PRIMARY KEY,
      statement TEXT NOT NULL,
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      kind TEXT NOT NULL AS (json_extract(statement, '$.kind')),
      details TEXT AS (json_extract(statement, '$.details')),
      run TEXT AS (json_extract(statement, '$.body.run'))
    ) STRICT;
    CREATE INDEX leaves_by_kind ON leaves (kind);
    CREATE INDEX leaves_by_run ON leaves (run) WHERE run IS NOT NULL;
    CREATE INDEX leaves_by_details ON leaves (details) WHERE details IS NOT NULL;
    CREATE TRIGGER leaves_are_consecutive BEFORE INSERT ON leaves
      WHEN NEW.leaf IS NOT (SELECT coalesce(max(leaf) + 1, 0) FROM leaves)
      BEGIN SELECT raise(ABORT, 'leaves are appended one after the other'); END;
    CREATE TRIGGER leaves_stay BEFORE DELETE ON leaves BEGIN SELECT raise(ABORT, 'leaves are append-only'); END;
    CREATE TRIGGER leaves_do_not_change BEFORE UPDATE ON leaves BEGIN SELECT raise(ABORT, 'leaves are append-only'); END;

    CREATE TABLE tree_heads (
      size INTEGER PRIMARY KEY,
      peaks BLOB NOT NULL,
      time TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER tree_heads_stay BEFORE DELETE ON tree_heads BEGIN SELECT raise(ABORT, 'tree heads are append-only'); END;
    CREATE TRIGGER tree_heads_do_not_change BEFORE UPDATE ON tree_heads
      BEGIN SELECT raise(ABORT, 'tree heads are append-only'); END;

    CREATE TABLE details (
      digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
      body BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER details_do_not_change BEFORE UPDATE ON details
      BEGIN SELECT raise(ABORT, 'details can be dropped, not changed'); END;
    """,

    """
    ALTER TABLE leaves ADD COLUMN cluster TEXT AS (json_extract(statement, '$.body.cluster'));
    CREATE INDEX leaves_by_cluster ON leaves (cluster, kind) WHERE cluster IS NOT NULL;
    """,
  ]

  /// Applies what is missing; to be called within a write transaction.
  static func migrate(_ db: Database, from found: Int) throws {
    guard found < version else { return }
    for migration in migrations[found...] { try db.execute(sql: migration) }
    try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
  }

  /// The schema version found; nil in a database without any table.
  ///
  /// - Throws: `DrillError` with `ledger-damaged` where the database is not a ledger, or is one of a newer schema.
  static func version(of db: Database, path: String) throws -> Int? {
    let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if application == 0, version == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 {
      return nil
    }
    guard application == applicationID else {
      throw DrillError(.ledgerDamaged, subject: path, detail: "this is an SQLite database, but not a ledger")
    }
    guard version > 0 else {
      throw DrillError(.ledgerDamaged, subject: path, detail: "the ledger states no schema version")
    }
    guard version <= self.version else {
      throw DrillError(
        .ledgerDamaged, subject: path,
        detail:
          "the ledger has schema \(version) and this program knows schemas up to \(self.version); use a newer firedrill"
      )
    }
    return version
  }

  /// Name and definition of everything in the schema.
  static func definitions(in db: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT coalesce(type || ' ' || name, '') AS name, coalesce(sql, '') AS sql FROM sqlite_master")
    return Dictionary(rows.map { ($0["name"], $0["sql"]) }, uniquingKeysWith: { first, _ in first })
  }

  /// The definitions that a ledger of this version has.
  static func expectedDefinitions() throws -> [String: String] {
    try DatabaseQueue().write { db in
      try migrate(db, from: 0)
      return try definitions(in: db)
    }
  }
}
