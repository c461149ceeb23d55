import DrillModel
import GRDBSQLite

/// How the rows of one table are read as records.
struct TableLayout: Hashable {
  var name: String
  /// Stored columns in the table's order: what a record's body holds.
  var columns: [String]
  /// Indexes into ``columns`` of the primary key's columns, in the key's order; empty: the rowid is the key.
  var keyColumns: [Int]
  /// A name under which the rowid can be asked for; nil where the table has none or its columns hide every such name.
  var rowid: String?
  /// Whether `sqlite3_blob_open` can reach the table's values. Source: https://www.sqlite.org/c3ref/blob_open.html
  var opensIncrementally: Bool

  /// The tables of a database that hold records, by name, and what there is to say about the others.
  ///
  /// Ordinary tables only. SQLite's own (`sqlite_…`), virtual tables and the shadow tables in which they keep their
  /// contents are left out.
  static func all(in connection: SQLiteConnection) throws -> (tables: [TableLayout], notes: [String]) {
    var tables: [TableLayout] = []
    var notes: [String] = []
    // Source: https://www.sqlite.org/pragma.html#pragma_table_list
    let list = try connection.prepare(
      "SELECT name, type, wr FROM pragma_table_list WHERE schema='main' ORDER BY name COLLATE BINARY")
    while try list.step() {
      let name = list.string(0)
      if name.lowercased().hasPrefix("sqlite_") { continue }
      switch list.string(1) {
      case "table":
        let layout = try TableLayout(name, isWithoutRowid: list.integer(2) != 0, in: connection, notes: &notes)
        if let layout { tables.append(layout) }
      case "virtual": notes.append("not read: \(name) is a virtual table")
      case "shadow": notes.append("not read: \(name) belongs to a virtual table")
      default: break
      }
    }
    return (tables, notes)
  }

  private init?(_ name: String, isWithoutRowid: Bool, in connection: SQLiteConnection, notes: inout [String]) throws {
    self.name = name
    columns = []
    var key: [(position: Int64, column: Int)] = []
    var hasGenerated = false
    // Source: https://www.sqlite.org/pragma.html#pragma_table_xinfo; hidden: 2 is a virtual generated column, 3 a
    // stored one
    let info = try connection.prepare("SELECT name, pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid")
    try info.bind(1, text: name.utf8)
    var names: Set<String> = []
    while try info.step() {
      let column = info.string(0)
      names.insert(column.lowercased())
      if info.integer(2) >= 2 { hasGenerated = true }
      if info.integer(2) == 2 {
        notes.append("not read: column \(name).\(column) is computed, not stored")
        continue
      }
      if info.integer(1) > 0 { key.append((info.integer(1), columns.count)) }
      columns.append(column)
    }
    guard !columns.isEmpty else { return nil }
    keyColumns = key.sorted { $0.position < $1.position }.map(\.column)
    rowid = isWithoutRowid ? nil : ["rowid", "_rowid_", "oid"].first { !names.contains($0) }
    opensIncrementally = rowid != nil && !hasGenerated
    if keyColumns.isEmpty, rowid != nil {
      notes.append("rowids were compared: table \(name) has no primary key")
    } else if keyColumns.isEmpty {
      notes.append("whole rows were compared: table \(name) has no primary key, and its columns hide the rowid")
      keyColumns = Array(columns.indices)
    }
  }

  var quotedName: String { Self.quoted(name) }
  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// Whether reading can be taken up again behind a row.
  var isResumable: Bool { rowid != nil }

  /// Selects all rows from the table itself, in its own order: an index that covers the columns must not stand in for
  /// it.
  var scan: String {
    let names = columns.map(Self.quoted).joined(separator: ",")
    guard let rowid else { return "SELECT \(names) FROM main.\(quotedName) NOT INDEXED" }
    return "SELECT \(names),\(rowid) FROM main.\(quotedName) NOT INDEXED WHERE \(rowid)>=?1 ORDER BY \(rowid)"
  }
}
