import DrillModel
import GRDBSQLite

/// How the rows of one table are read as records.
struct TableLayout: Hashable {
  var name: String
  /// The name as it is shown and compared, see ``shown(_:)``.
  var namespace: String
  /// Columns in the table's order, computed ones included: what a record's body holds.
  var columns: [String]
  var key: Key
  /// A name under which the rowid can be asked for; nil where the table has none or its columns hide every such name.
  var rowid: String?
  /// Whether `sqlite3_blob_open` can reach the table's values. Source: https://www.sqlite.org/c3ref/blob_open.html
  var opensIncrementally: Bool
  var isVirtual: Bool
  /// Whether reading a row makes SQLite work out a column.
  var computes: Bool

  enum Key: Hashable {
    /// Indexes into ``TableLayout/columns`` of the primary key's columns, in the key's order.
    case columns([Int])
    /// The rowid, which is what a virtual table's module knows a row by.
    case rowid
    /// The row itself: the table has no primary key, and `VACUUM` may hand out other rowids.
    /// Source: https://www.sqlite.org/lang_vacuum.html, section 2
    case wholeRow
  }

  /// - Parameters:
  ///   - language: a hidden column that is content all the same.
  ///   - notes: what there is to say of it is added.
  ///   - unseen: columns that cannot be computed here are added.
  /// - Throws: ``SQLiteFailure`` where the table cannot be read at all.
  init(
    _ name: String, isWithoutRowid: Bool, isVirtual: Bool = false, language: String? = nil,
    in connection: SQLiteConnection,
    notes: inout [String], unseen: inout [ReadFacts.Unseen]
  ) throws {
    self.name = name
    namespace = Self.shown(name)
    self.isVirtual = isVirtual
    columns = []
    computes = false
    key = .wholeRow
    rowid = nil
    opensIncrementally = false
    var keys: [(position: Int64, column: Int)] = []
    var hasGenerated = false
    // Source: https://www.sqlite.org/pragma.html#pragma_table_xinfo; hidden: 1 is a virtual table's hidden column, 2 a
    // virtual generated column, 3 a stored one
    let info = try connection.prepare("SELECT name, pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid")
    try info.bind(1, text: name.utf8)
    var names: Set<String> = []
    while try info.step() {
      let column = info.string(0)
      names.insert(column.lowercased())
      let hidden = info.integer(2)
      if hidden == 1, column.lowercased() != language?.lowercased() { continue }
      if hidden >= 2 { hasGenerated = true }
      if hidden == 2 {
        guard Self.canBeRead(column, of: name, in: connection) else {
          unseen.append(
            .init(
              "column \(namespace).\(Self.shown(column))", records: 1,
              detail: "it is computed by a function that this SQLite lacks")
          )
          continue
        }
        computes = true
      }
      if info.integer(1) > 0 { keys.append((info.integer(1), columns.count)) }
      columns.append(column)
    }
    guard !columns.isEmpty else { throw SQLiteFailure(SQLITE_ERROR, "read the columns") }
    rowid = isWithoutRowid ? nil : ["rowid", "_rowid_", "oid"].first { !names.contains($0) }
    opensIncrementally = rowid != nil && !hasGenerated && !isVirtual
    if !keys.isEmpty {
      key = .columns(keys.sorted { $0.position < $1.position }.map(\.column))
    } else if isVirtual, rowid != nil {
      key = .rowid
    } else {
      key = .wholeRow
      notes.append("rows were compared whole, and not their rowids: table \(namespace) has no primary key")
    }
    // What cannot be prepared cannot be read; better found now than in the middle.
    _ = try connection.prepare(scan)
  }

  private static func canBeRead(_ column: String, of table: String, in connection: SQLiteConnection) -> Bool {
    (try? connection.prepare("SELECT \(quoted(column)) FROM main.\(quoted(table))")) != nil
  }

  /// A name of the database with control characters and backslashes as `\xNN` and `\\`: whoever made the file may have written a line
  /// end or a terminal's commands into it. Different names stay different.
  static func shown(_ name: String) -> String {
    name.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar.value {
      case 0x5C: text += "\\\\"
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069:
        text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  var quotedName: String { Self.quoted(name) }
  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// Whether reading can be taken up again behind a row.
  var isResumable: Bool { rowid != nil && !isVirtual }

  /// Selects all rows from the table itself, in its own order: an index that covers the columns must not stand in for
  /// it.
  var scan: String {
    let names = columns.map(Self.quoted).joined(separator: ",")
    if isVirtual { return "SELECT \(names)\(rowid.map { "," + $0 } ?? "") FROM main.\(quotedName)" }
    guard let rowid else { return "SELECT \(names) FROM main.\(quotedName) NOT INDEXED" }
    return "SELECT \(names),\(rowid) FROM main.\(quotedName) NOT INDEXED WHERE \(rowid)>=?1 ORDER BY \(rowid)"
  }

  /// The expressions that together are a row's key, for a query that looks one up.
  var keyExpressions: [String] {
    switch key {
    case .columns(let columns): columns.map { Self.quoted(self.columns[$0]) }
    case .rowid: [rowid ?? "rowid"]
    case .wholeRow: columns.map(Self.quoted)
    }
  }
}
