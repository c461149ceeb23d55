import DrillModel
import GRDBSQLite

/// Reads the rows of all tables through one connection, batch by batch, in constant memory.
///
/// A row with a value larger than ``largestValue`` is left to a ``LargeRow``, which hands it on in pieces. Only where
/// SQLite offers no incremental access (tables WITHOUT ROWID, tables with generated columns) is such a value held in
/// memory as a whole, one at a time.
final class RowCursor {
  /// A batch ends with the row that fills it.
  static let batchBytes = 256 << 10
  /// Values above this are read in pieces.
  static let largestValue = 256 << 10
  /// Every piece of a row repeats its key.
  static let largestKey = 16 << 20

  private let connection: SQLiteConnection
  private let selection: RecordSelection
  private let tables: [TableLayout]
  private var builder = RowBatchBuilder(capacity: RowCursor.batchBytes * 2)
  private var tableIndex = 0
  private var statement: SQLiteStatement?
  /// Where to take reading up again; nil: behind the largest rowid there is.
  private var nextRowid: Int64? = .min
  private var large: LargeRow?
  /// Rows read so far, whatever the selection.
  private(set) var records: UInt64 = 0
  let notes: [String]

  init(_ connection: SQLiteConnection, selection: RecordSelection) throws {
    self.connection = connection
    self.selection = selection
    var (tables, notes) = try TableLayout.all(in: connection)
    let encoding = try connection.text("PRAGMA encoding") ?? ""
    if encoding != "UTF-8" { notes.append("texts were compared as they are stored, in \(encoding)") }
    self.tables = consume tables
    self.notes = notes
  }

  /// The next batch; nil after the last row.
  ///
  /// - Throws: ``SQLiteFailure``; the cursor must not be used again then.
  func next() throws -> RecordBatch? {
    let whole = connection.largestValue
    defer { connection.largestValue = whole }
    while tableIndex < tables.count {
      let table = tables[tableIndex]
      if let large {
        let isDone = try large.appendPiece(to: &builder)
        if isDone { self.large = nil }
        if builder.count >= Self.batchBytes || isDone { return builder.take(namespace: table.name) }
        continue
      }
      connection.largestValue = table.isResumable ? Self.largestValue : whole
      if try fill(from: table) {
        tableIndex += 1
        statement = nil
        nextRowid = .min
      }
      if !builder.isEmpty { return builder.take(namespace: table.name) }
    }
    return nil
  }

  /// Appends rows until the batch is full, a large row has to be put in (``large``) or the table ends: true.
  private func fill(from table: TableLayout) throws -> Bool {
    guard let nextRowid else { return true }
    let statement = try self.statement ?? open(table, from: nextRowid)
    self.statement = statement
    while builder.count < Self.batchBytes {
      do {
        guard try statement.step() else { return true }
      } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_TOOBIG && table.isResumable {
        self.statement = nil
        connection.largestValue = .max
        try beginLargeRow(of: table, from: self.nextRowid ?? .max)
        return false
      }
      if table.rowid != nil {
        let rowid = statement.integer(table.columns.count)
        self.nextRowid = rowid == .max ? nil : rowid + 1
      }
      if try appendRow(statement, table) { return false }
    }
    return false
  }

  private func open(_ table: TableLayout, from rowid: Int64) throws -> SQLiteStatement {
    let statement = try connection.prepare(table.scan)
    if table.rowid != nil { try statement.bind(1, rowid) }
    return statement
  }

  /// True where the row is large and was left to ``large``.
  @inline(__always)
  private func appendRow(_ statement: SQLiteStatement, _ table: TableLayout) throws -> Bool {
    records += 1
    builder.beginKey()
    if table.keyColumns.isEmpty {
      builder.appendInteger(statement.integer(table.columns.count))
    } else {
      for column in table.keyColumns { append(column, of: statement) }
    }
    let slot = slotOfKey()
    guard selection.contains(slot) else {
      builder.dropPiece()
      return false
    }
    if !table.isResumable, builder.count > Self.batchBytes || isLarge(statement, table) {
      let key = try takeKey()
      large = LargeRow(key: key, slot: slot, values: .stepped(statement), columns: table.columns)
      return true
    }
    builder.beginBody()
    for column in 0..<table.columns.count { append(column, of: statement) }
    builder.endPiece(slot: slot)
    return false
  }

  @inline(__always)
  private func append(_ column: Int, of statement: SQLiteStatement) {
    switch statement.type(column) {
    case SQLITE_INTEGER: builder.appendInteger(statement.integer(column))
    case SQLITE_FLOAT: builder.appendReal(statement.real(column))
    case SQLITE_TEXT:
      let bytes = statement.bytes(column)
      builder.appendHead(Atom.text, UInt64(bytes.count))
      builder.append(bytes)
    case SQLITE_BLOB:
      let bytes = statement.bytes(column)
      builder.appendHead(Atom.blob, UInt64(bytes.count))
      builder.append(bytes)
    default: builder.appendNull()
    }
  }

  private func slotOfKey() -> Slot { builder.withKey { RowKey.slot(ofKey: $0) } }

  /// The key that was just appended, taken out of the batch again.
  private func takeKey() throws -> [UInt8] {
    let key = builder.withKey { Array($0) }
    builder.dropPiece()
    guard key.count <= Self.largestKey else { throw SQLiteFailure(SQLITE_TOOBIG, "read a key") }
    return key
  }

  private func isLarge(_ statement: SQLiteStatement, _ table: TableLayout) -> Bool {
    (0..<table.columns.count).contains { column in
      switch statement.type(column) {
      case SQLITE_TEXT, SQLITE_BLOB: statement.bytes(column).count > Self.largestValue
      default: false
      }
    }
  }

  /// Starts with the first row from `first` on, and sets ``nextRowid`` behind it.
  private func beginLargeRow(of table: TableLayout, from first: Int64) throws {
    guard let rowid = table.rowid else { preconditionFailure("only tables with a rowid are resumed") }
    let names = (table.opensIncrementally ? table.keyColumns : Array(table.columns.indices)).map {
      TableLayout.quoted(table.columns[$0])
    }
    let row = try connection.prepare(
      "SELECT \((names + [rowid]).joined(separator: ",")) FROM main.\(table.quotedName) NOT INDEXED"
        + " WHERE \(rowid)>=?1 ORDER BY \(rowid) LIMIT 1")
    try row.bind(1, first)
    guard try row.step() else { throw SQLiteFailure(SQLITE_CORRUPT, "read a large row") }
    let id = row.integer(names.count)
    records += 1
    builder.beginKey()
    if table.keyColumns.isEmpty {
      builder.appendInteger(id)
    } else {
      for (index, column) in table.keyColumns.enumerated() {
        append(table.opensIncrementally ? index : column, of: row)
      }
    }
    let slot = slotOfKey()
    let key = try takeKey()
    nextRowid = id == .max ? nil : id + 1
    guard selection.contains(slot) else { return }
    let values: LargeRow.Values =
      table.opensIncrementally ? .opened(connection, table, rowid: id) : .stepped(row)
    large = LargeRow(key: key, slot: slot, values: values, columns: table.columns)
  }
}
