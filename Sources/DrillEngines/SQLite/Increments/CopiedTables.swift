import DrillModel
import Foundation
import GRDBSQLite

/// A small database with the tables that a changeset cannot carry, whole: those without a primary key or with generated
/// columns, those of which a row's key is null, or of which a change cannot be told by comparing as SQL does (`A` and `a`
/// under NOCASE, 1 and 1.0).
enum CopiedTables {
  /// As ``Artifact/format``.
  static let format = "sqlite-tables"
  /// Where it says what it is of.
  private static let link = "firedrill_link"

  struct Table: Codable, Hashable {
    var name: String
    /// The columns that are stored, in the table's order.
    var columns: [String]
  }

  /// What AUTOINCREMENT counts on from, which a changeset does not touch.
  static let sequence = Table(name: "sqlite_sequence", columns: ["name", "seq"])

  /// What a database has of tables, the shadow tables of virtual ones among them; SQLite's own are left out.
  static func all(of connection: SQLiteConnection) throws -> [StoredTable] {
    var tables: [StoredTable] = []
    let names = try connection.prepare(
      "SELECT name FROM pragma_table_list WHERE schema='main' AND type IN ('table','shadow') ORDER BY name COLLATE BINARY"
    )
    while try names.step() {
      let name = names.string(0)
      guard !name.lowercased().hasPrefix("sqlite_") else { continue }
      tables.append(try StoredTable(name, in: connection))
    }
    return tables
  }

  /// Makes the database `path` with tables of another one.
  static func write(
    _ tables: [Table], of source: SQLiteConnection, _ header: ChangesetFile.Header, to path: String
  ) throws {
    let target = try SQLiteConnection(path: path, access: .creator)
    defer { target.close() }
    try target.execute("PRAGMA encoding='\(try source.text("PRAGMA encoding") ?? "UTF-8")'")
    try target.execute("PRAGMA journal_mode=OFF")
    try target.execute("BEGIN")
    try target.execute("CREATE TABLE \(link) (shard, position_from, position_to)")
    let row = try target.prepare("INSERT INTO \(link) VALUES (?1, ?2, ?3)")
    for (index, text) in [header.shard, header.from, header.to].enumerated() {
      try row.bind(index + 1, text: text.utf8)
    }
    try row.run()
    for (number, table) in tables.enumerated() {
      let names = table.columns.indices.map { "c\($0)" }.joined(separator: ",")
      // Columns without a type keep every value in the type that it has.
      try target.execute("CREATE TABLE t\(number) (\(names))")
      try copy(from: source, selection(table), to: target, "INSERT INTO t\(number) VALUES", table.columns.count)
    }
    try target.execute("COMMIT")
  }

  private static func selection(_ table: Table) -> String {
    "SELECT \(table.columns.map(TableLayout.quoted).joined(separator: ",")) FROM main.\(TableLayout.quoted(table.name))"
  }

  private static func copy(
    from source: SQLiteConnection, _ selection: String, to target: SQLiteConnection, _ insertion: String, _ columns: Int
  ) throws {
    let rows = try source.prepare(selection)
    let insert = try target.prepare(
      insertion + " (\((1...columns).map { "?\($0)" }.joined(separator: ",")))")
    while try rows.step() {
      for column in 0..<columns { try insert.bind(column + 1, valueOf: rows, column: column) }
      try insert.run()
    }
  }

  /// Puts the tables into a database in the place of what it has of them.
  static func apply(_ tables: [Table], from path: String, to target: SQLiteConnection) throws {
    let source = try SQLiteConnection(path: path, access: .sealed)
    defer { source.close() }
    for (number, table) in tables.enumerated() {
      guard try isTable("t\(number)", in: source) else { throw SQLiteFailure(SQLITE_ERROR, "read") }
      let name = "main.\(TableLayout.quoted(table.name))"
      try target.execute("DELETE FROM \(name)")
      let columns = table.columns.map(TableLayout.quoted).joined(separator: ",")
      let names = table.columns.indices.map { "c\($0)" }.joined(separator: ",")
      try copy(
        from: source, "SELECT \(names) FROM main.t\(number)", to: target, "INSERT INTO \(name) (\(columns)) VALUES",
        table.columns.count)
    }
  }

  /// Whether it is stored in the file: whoever made it may have put a view in its place, which would run.
  private static func isTable(_ name: String, in connection: SQLiteConnection) throws -> Bool {
    let rows = try connection.prepare(
      "SELECT count(*) FROM main.sqlite_schema WHERE type='table' AND rootpage>0 AND name=?1")
    try rows.bind(1, text: name.utf8)
    return try rows.step() && rows.integer(0) == 1
  }

  /// What the database says of itself.
  static func facts(of path: String) throws -> IncrementFacts {
    var facts = IncrementFacts()
    do {
      let connection = try SQLiteConnection(path: path, access: .sealed)
      defer { connection.close() }
      if let complaint = try connection.text("PRAGMA integrity_check(1)"), complaint != "ok" {
        facts.problems = [.init(.databaseCorrupt, detail: "the tables beside the changeset are no whole database")]
        return facts
      }
      guard try isTable(link, in: connection) else { throw SQLiteFailure(SQLITE_ERROR, "read") }
      let row = try connection.prepare("SELECT shard, position_from, position_to FROM \(link)")
      guard try row.step() else { throw SQLiteFailure(SQLITE_ERROR, "read") }
      (facts.shard, facts.from, facts.to) = (row.string(0), row.string(1), row.string(2))
    } catch let failure as SQLiteFailure where failure.isDamage || failure.belongsToContents {
      facts.problems = [.init(.undecodable, detail: "the tables beside the changeset: \(failure.meaning)")]
    }
    return facts
  }
}

/// A table as a changeset sees it.
struct StoredTable: Hashable {
  var name: String
  /// The columns that are stored, in the table's order.
  var columns: [String]
  /// A byte a column, as in ``ChangesetReader/Table``.
  var keys: [UInt8]
  var hasGenerated: Bool

  init(_ name: String, in connection: SQLiteConnection) throws {
    self.name = name
    (columns, keys, hasGenerated) = ([], [], false)
    let info = try connection.prepare("SELECT name, pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid")
    try info.bind(1, text: name.utf8)
    while try info.step() {
      guard info.integer(2) == 0 else {
        hasGenerated = true
        continue
      }
      columns.append(info.string(0))
      keys.append(UInt8(clamping: info.integer(1)))
    }
  }

  var copied: CopiedTables.Table { .init(name: name, columns: columns) }
  /// Whether a changeset can name its rows at all.
  var isDiffable: Bool { !hasGenerated && keys.contains { $0 != 0 } }
}
