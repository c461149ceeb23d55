import DrillModel
import GRDBSQLite

/// A row with a large value on its way out, piece by piece.
final class LargeRow {
  static let pieceBytes = 128 << 10

  enum Values {
    /// The values are in memory, in a statement that stands at the row.
    case stepped(SQLiteStatement)
    /// Each value is opened when its turn comes.
    case opened(SQLiteConnection, TableLayout, rowid: Int64)
  }

  private let key: [UInt8]
  private let slot: Slot
  private let values: Values
  private let columns: [String]
  private var column = 0
  private var value: OpenValue?
  private var hasBegun = false

  init(key: [UInt8], slot: Slot, values: Values, columns: [String]) {
    self.key = key
    self.slot = slot
    self.values = values
    self.columns = columns
  }

  /// Appends the row's next piece; true after its last.
  func appendPiece(to builder: inout RowBatchBuilder) throws -> Bool {
    builder.beginKey()
    key.withUnsafeBytes { builder.append($0) }
    builder.beginBody()
    let start = builder.count
    while column < columns.count, builder.count - start < Self.pieceBytes {
      let value = try self.value ?? OpenValue(values, column, columns[column], head: &builder)
      self.value = value
      try value.append(atMost: Self.pieceBytes, to: &builder)
      if value.rest == 0 {
        self.value = nil
        column += 1
      }
    }
    let isDone = column == columns.count
    builder.endPiece(slot: slot, begins: !hasBegun, ends: isDone)
    hasBegun = true
    return isDone
  }
}

/// One value of a large row, being read.
private final class OpenValue {
  private let statement: SQLiteStatement?
  private let column: Int
  private var blob: OpaquePointer?
  private var offset = 0
  private(set) var rest = 0

  /// Opens the value and appends its atom's head, or the whole atom where it is no text and no blob.
  init(_ values: LargeRow.Values, _ column: Int, _ name: String, head builder: inout RowBatchBuilder) throws {
    self.column = column
    switch values {
    case .stepped(let statement):
      self.statement = statement
      switch statement.type(column) {
      case SQLITE_INTEGER: builder.appendInteger(statement.integer(column))
      case SQLITE_FLOAT: builder.appendReal(statement.real(column))
      case SQLITE_TEXT, SQLITE_BLOB:
        rest = statement.bytes(column).count
        builder.appendHead(statement.type(column) == SQLITE_TEXT ? Atom.text : Atom.blob, UInt64(rest))
      default: builder.appendNull()
      }
    case .opened(let connection, let table, let rowid):
      statement = nil
      let quoted = TableLayout.quoted(name)
      // typeof() and the CASE look at the record's head alone: a text or blob is not loaded.
      let probe = try connection.prepare(
        "SELECT typeof(\(quoted)), CASE WHEN typeof(\(quoted)) IN ('integer','real') THEN \(quoted) END"
          + " FROM main.\(table.quotedName) NOT INDEXED WHERE \(table.rowid ?? "rowid")=?1")
      try probe.bind(1, rowid)
      guard try probe.step() else { throw SQLiteFailure(SQLITE_CORRUPT, "read a large row") }
      switch probe.string(0) {
      case "integer": builder.appendInteger(probe.integer(1))
      case "real": builder.appendReal(probe.real(1))
      case "text", "blob":
        let code = sqlite3_blob_open(connection.handle, "main", table.name, name, rowid, 0, &blob)
        guard code == SQLITE_OK else { throw SQLiteFailure(code, "open a large value") }
        rest = Int(sqlite3_blob_bytes(blob))
        builder.appendHead(probe.string(0) == "text" ? Atom.text : Atom.blob, UInt64(rest))
      default: builder.appendNull()
      }
    }
  }

  deinit { sqlite3_blob_close(blob) }

  func append(atMost limit: Int, to builder: inout RowBatchBuilder) throws {
    let size = min(rest, limit)
    guard size > 0 else { return }
    if let statement {
      builder.append(UnsafeRawBufferPointer(rebasing: statement.bytes(column)[offset..<(offset + size)]))
    } else {
      try builder.append(size: size) { target in
        let code = sqlite3_blob_read(blob, target, Int32(size), Int32(offset))
        guard code == SQLITE_OK else { throw SQLiteFailure(code, "read a large value") }
      }
    }
    offset += size
    rest -= size
  }
}
