import DrillModel
import GRDBSQLite

/// All that a database declares, sorted by how it is looked at: every object is read, is a ``SchemaObject``, or is named
/// in ``notes`` or ``unseen``.
///
/// This is the one place that says what of a database is content:
///
/// | of a database | is |
/// |---|---|
/// | rows of tables, WITHOUT ROWID, STRICT or not | records: all columns, computed ones included |
/// | rows of FTS3, FTS4, FTS5 and R-tree tables | records, as their module shows them; their index is checked against them |
/// | FTS tables without contents of their own | the rows of what their index is stored in |
/// | definitions of tables, indexes, views and triggers; `user_version`, `application_id` where set | libraries |
/// | rowids of tables without a primary key | left out: `VACUUM` changes them |
/// | `sqlite_sequence` | left out: it counts on with every insertion, and carries no version of its own |
/// | `sqlite_stat…` | left out: statistics of `ANALYZE` |
/// | `_litestream_seq`, `_litestream_lock` | left out: Litestream's own, written by it and not by the application |
/// | derived tables (`fts5vocab`, `fts4aux`, `fts3tokenize`, `dbstat`) | left out, but for their definition |
/// | page size, encoding, journal mode, auto-vacuum, free pages, page numbers, schema version | left out: how it is stored |
struct DatabaseSchema {
  private(set) var tables: [TableLayout] = []
  private(set) var virtualTables: [VirtualTable] = []
  /// What it declares: its definitions by their labels, all of them as one, its numbers.
  private(set) var objects: [SchemaObject] = []
  private(set) var notes: [String] = []
  private(set) var unseen: [ReadFacts.Unseen] = []

  /// - Throws: ``SQLiteFailure`` where the schema cannot be read.
  init(of connection: SQLiteConnection) throws {
    let declared = try readObjects(connection)
    var leftOut: [String] = []
    for table in try list(connection) {
      let name = table.name
      if name.lowercased().hasPrefix("sqlite_") {
        if !["sqlite_schema", "sqlite_temp_schema"].contains(name) { leftOut.append(TableLayout.shown(name)) }
        continue
      }
      if Self.isLitestreams(name, declared[name]) {
        leftOut.append(TableLayout.shown(name))
        continue
      }
      if table.type == "shadow", let owner = owner(of: name), owner.contents == .own, isRead(owner) { continue }
      if table.type == "virtual" {
        try readVirtual(name, connection)
      } else if table.type != "view" {
        try add(name, isWithoutRowid: table.isWithoutRowid, connection)
      }
    }
    if !leftOut.isEmpty { notes.append("left out, since it is no content: \(leftOut.joined(separator: ", "))") }
    let encoding = try connection.text("PRAGMA encoding") ?? ""
    if encoding != "UTF-8" { notes.append("texts were compared as they are stored, in \(encoding)") }
  }

  /// The sum of the definitions; returns the SQL of each table by its name.
  private mutating func readObjects(_ connection: SQLiteConnection) throws -> [String: String] {
    var tables: [String: String] = [:]
    // Automatic indexes have no SQL: their table's definition says that they are there.
    // Source: https://www.sqlite.org/schematab.html
    let rows = try connection.prepare("SELECT type, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL")
    while try rows.step() {
      let (type, name, sql) = (rows.string(0), rows.string(1), rows.string(2))
      if type == "table" { tables[name] = sql }
      if name.lowercased().hasPrefix("sqlite_") || Self.isLitestreams(name, sql) { continue }
      if type == "table", let table = VirtualTable(name: name, sql: sql) { virtualTables.append(table) }
      objects.append(SchemaObject(type: type, name: name, sql: Array(sql.utf8)))
    }
    objects.sort { $0.label.utf8.lexicographicallyPrecedes($1.label.utf8) }
    if !objects.isEmpty { objects.append(SchemaObject(all: objects)) }
    for number in SchemaObject.numbers {
      let value = try connection.integer("PRAGMA \(number)") ?? 0
      if value != 0 { objects.append(SchemaObject(number: number, value: value)) }
    }
    return tables
  }

  /// The definitions that Litestream gives its own tables; a table of the same name with other columns is the
  /// application's. Source: benbjohnson/litestream, db.go, `DB.init`
  private static func isLitestreams(_ name: String, _ sql: String?) -> Bool {
    guard name == "_litestream_seq" || name == "_litestream_lock", let sql else { return false }
    let words = SQLWords.words(of: sql.lowercased()).map(\.text)
    return words.drop { $0 != "(" }
      == (name == "_litestream_seq"
        ? ["(", "id", "integer", "primary", "key", ",", "seq", "integer", ")"] : ["(", "id", "integer", ")"])
  }

  private typealias Entry = (name: String, type: String, isWithoutRowid: Bool)

  private func list(_ connection: SQLiteConnection) throws -> [Entry] {
    var entries: [Entry] = []
    // Source: https://www.sqlite.org/pragma.html#pragma_table_list
    let rows = try connection.prepare(
      "SELECT name, type, wr FROM pragma_table_list WHERE schema='main' ORDER BY type='shadow', name COLLATE BINARY")
    while try rows.step() { entries.append((rows.string(0), rows.string(1), rows.integer(2) != 0)) }
    return entries
  }

  /// The virtual table that keeps its contents in a shadow table: the one with the longest name that it begins with.
  private func owner(of shadow: String) -> VirtualTable? {
    virtualTables.filter { shadow.lowercased().hasPrefix($0.name.lowercased() + "_") }
      .max { $0.name.utf8.count < $1.name.utf8.count }
  }

  private func isRead(_ table: VirtualTable) -> Bool { tables.contains { $0.name == table.name } }

  /// - Throws: ``SQLiteFailure`` for what is no lack of this SQLite: damage, a lock.
  private mutating func add(_ name: String, isWithoutRowid: Bool, _ connection: SQLiteConnection) throws {
    do {
      tables.append(
        try TableLayout(
          name, isWithoutRowid: isWithoutRowid, in: connection, notes: &notes, unseen: &unseen))
    } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
      unseen.append(
        .init(
          "table \(TableLayout.shown(name))", records: 1,
          detail: "it needs a function or a collation that this SQLite lacks"))
    }
  }

  private mutating func readVirtual(_ name: String, _ connection: SQLiteConnection) throws {
    guard let table = virtualTables.first(where: { $0.name == name }) else {
      return unseen.append(
        .init("virtual table \(TableLayout.shown(name))", records: 1, detail: "its declaration cannot be read"))
    }
    switch table.contents {
    case .own:
      do {
        tables.append(
          try TableLayout(
            name, isWithoutRowid: false, isVirtual: true, language: table.languageColumn, in: connection, notes: &notes,
            unseen: &unseen))
        notes.append(
          "\(TableLayout.shown(name)) was read through its module \(TableLayout.shown(table.module)), and not what it is stored in"
        )
      } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR {
        unseen.append(
          .init(
            "virtual table \(TableLayout.shown(name))", records: 1,
            detail:
              "module \(TableLayout.shown(table.module)) of this SQLite cannot read it; what it is stored in was compared"
          ))
      }
    case .elsewhere:
      notes.append("\(TableLayout.shown(name)) has no contents of its own: its index was compared as it is stored")
    case .derived:
      notes.append(
        "left out, since it is derived: \(TableLayout.shown(name)), of module \(TableLayout.shown(table.module))")
    case .unknown:
      unseen.append(
        .init(
          "virtual table \(TableLayout.shown(name))", records: 1,
          detail: "its module \(TableLayout.shown(table.module)) is not at hand; what it is stored in was compared"))
    }
  }
}
