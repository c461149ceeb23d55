import DrillCrypto
import DrillModel
import GRDBSQLite

/// Reads what a database declares and then the rows of all tables through one connection, batch by batch, in constant
/// memory.
///
/// A row with a value larger than ``largestValue`` is left to a ``LargeRow``, which hands it on in pieces. Only where
/// SQLite offers no incremental access (tables WITHOUT ROWID, virtual ones, those with generated columns) is such a value held in
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
  private let schema: DatabaseSchema
  private var tables: [TableLayout] { schema.tables }
  private var hasDeclared = false
  private var builder = RowBatchBuilder(capacity: RowCursor.batchBytes * 2)
  private var tableIndex = 0
  private var statement: SQLiteStatement?
  /// Where to take reading up again; nil: behind the largest rowid there is.
  private var nextRowid: Int64? = .min
  private var large: LargeRow?
  /// Rows read so far, whatever the selection.
  private(set) var records: UInt64 = 0
  var notes: [String] { schema.notes }
  var unseen: [ReadFacts.Unseen] { schema.unseen }

  init(_ connection: SQLiteConnection, _ schema: DatabaseSchema, selection: RecordSelection) {
    self.connection = connection
    self.selection = selection
    self.schema = schema
  }

  /// The next batch; nil after the last row.
  ///
  /// - Throws: ``SQLiteFailure``; the cursor must not be used again then.
  func next() throws -> RecordBatch? {
    if !hasDeclared {
      hasDeclared = true
      // Libraries have no slot, and so are handed on only where all records are.
      if selection == .all, !schema.objects.isEmpty { return declarations() }
    }
    let whole = connection.largestValue
    defer { connection.largestValue = whole }
    while tableIndex < tables.count {
      let table = tables[tableIndex]
      if let large {
        let isDone = try large.appendPiece(to: &builder)
        if isDone { self.large = nil }
        if builder.count >= Self.batchBytes || isDone { return builder.take(namespace: table.namespace) }
        continue
      }
      connection.largestValue = table.isResumable ? Self.largestValue : whole
      if try fill(from: table) {
        tableIndex += 1
        statement = nil
        nextRowid = .min
      }
      if !builder.isEmpty { return builder.take(namespace: table.namespace) }
    }
    return nil
  }

  /// What the database declares, as one batch.
  private func declarations() -> RecordBatch {
    for object in schema.objects {
      records += 1
      builder.beginKey()
      Array(object.label.utf8).withUnsafeBytes { builder.append($0) }
      builder.beginBody()
      object.definition.withUnsafeBytes {
        builder.appendHead(Atom.blob, UInt64($0.count))
        builder.append($0)
      }
      builder.endPiece(slot: Slot(0), kind: .library)
    }
    return builder.take(namespace: "")
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
      } catch let failure as SQLiteFailure where failure.primaryCode == SQLITE_ERROR && table.computes {
        throw SQLiteFailure(failure.code, "compute a column of \(table.namespace)")
      }
      if table.isResumable {
        let rowid = statement.integer(table.columns.count)
        self.nextRowid = rowid == .max ? nil : rowid + 1
      }
      if try appendRow(statement, table) { return false }
    }
    return false
  }

  private func open(_ table: TableLayout, from rowid: Int64) throws -> SQLiteStatement {
    let statement = try connection.prepare(table.scan)
    if table.isResumable { try statement.bind(1, rowid) }
    return statement
  }

  /// True where the row is large and was left to ``large``.
  @inline(__always)
  private func appendRow(_ statement: SQLiteStatement, _ table: TableLayout) throws -> Bool {
    records += 1
    builder.beginKey()
    switch table.key {
    case .columns(let columns): for column in columns { append(column, of: statement) }
    case .rowid: builder.appendInteger(statement.integer(table.columns.count))
    case .wholeRow: appendWholeRow(statement, table)
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

  /// Appends what stands for a row that has no key of its own: all its atoms where they are few bytes; else its first
  /// atom, for the slot, and the digest of all.
  private func appendWholeRow(_ statement: SQLiteStatement, _ table: TableLayout) {
    if Self.sizeBytes(of: statement, table.columns.count) <= Self.longestWholeKey {
      for column in 0..<table.columns.count { append(column, of: statement) }
      return
    }
    var hash = SHA256()
    for column in 0..<table.columns.count { Self.update(&hash, column, of: statement) }
    if Self.sizeBytes(of: statement, 1) <= Self.longestWholeKey { append(0, of: statement) }
    appendDigest(hash.finalize())
  }

  /// Rows whose atoms are no longer than this are their own key.
  private static let longestWholeKey = 512

  private func appendDigest(_ digest: Digest) {
    digest.bytes.withUnsafeBytes {
      builder.appendHead(Atom.blob, UInt64($0.count))
      builder.append($0)
    }
  }

  /// Bytes of the atoms of the first `count` columns.
  private static func sizeBytes(of statement: SQLiteStatement, _ count: Int) -> Int {
    (0..<count).reduce(0) { size, column in
      switch statement.type(column) {
      case SQLITE_TEXT, SQLITE_BLOB: size + 9 + statement.bytes(column).count
      case SQLITE_NULL: size + 1
      default: size + 9
      }
    }
  }

  private static func update(_ hash: inout SHA256, _ column: Int, of statement: SQLiteStatement) {
    func head(_ tag: UInt8, _ word: UInt64) {
      hash.update(byte: tag)
      withUnsafeBytes(of: word.littleEndian) { hash.update($0) }
    }
    switch statement.type(column) {
    case SQLITE_INTEGER: head(Atom.integer, UInt64(bitPattern: statement.integer(column)))
    case SQLITE_FLOAT: head(Atom.real, statement.real(column).bitPattern)
    case SQLITE_TEXT, SQLITE_BLOB:
      let bytes = statement.bytes(column)
      head(statement.type(column) == SQLITE_TEXT ? Atom.text : Atom.blob, UInt64(bytes.count))
      hash.update(bytes)
    default: hash.update(byte: Atom.null)
    }
  }

  /// The same for a row whose values are too large to be in memory: they are read twice.
  private func appendWholeRow(_ values: LargeRow.Values, _ columns: [String]) throws {
    let row = LargeRow(key: [], slot: Slot(0), values: values, columns: columns)
    var scratch = RowBatchBuilder(capacity: LargeRow.pieceBytes * 2)
    var hash = SHA256()
    var first: [UInt8]?
    var isDone = false
    while !isDone {
      isDone = try row.appendPiece(to: &scratch)
      scratch.withBody { bytes in
        hash.update(bytes)
        if first == nil { first = Array(bytes.prefix(RowKey.firstAtomCount(bytes))) }
      }
      scratch.clear()
    }
    // The head of a large atom says how long it is: whether it is all here does not matter.
    if let first, first.count <= Self.longestWholeKey { first.withUnsafeBytes { builder.append($0) } }
    appendDigest(hash.finalize())
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
    var selected = Array(table.columns.indices)
    if table.opensIncrementally {
      if case .columns(let columns) = table.key { selected = columns } else { selected = [] }
    }
    let names = selected.map { TableLayout.quoted(table.columns[$0]) }
    let row = try connection.prepare(
      "SELECT \((names + [rowid]).joined(separator: ",")) FROM main.\(table.quotedName) NOT INDEXED"
        + " WHERE \(rowid)>=?1 ORDER BY \(rowid) LIMIT 1")
    try row.bind(1, first)
    guard try row.step() else { throw SQLiteFailure(SQLITE_CORRUPT, "read a large row") }
    let id = row.integer(names.count)
    let values: LargeRow.Values =
      table.opensIncrementally ? .opened(connection, table, rowid: id) : .stepped(row)
    records += 1
    builder.beginKey()
    switch table.key {
    case .columns(let columns):
      for (index, column) in columns.enumerated() { append(table.opensIncrementally ? index : column, of: row) }
    case .rowid: builder.appendInteger(id)
    case .wholeRow:
      if table.opensIncrementally { try appendWholeRow(values, table.columns) } else { appendWholeRow(row, table) }
    }
    let slot = slotOfKey()
    let key = try takeKey()
    nextRowid = id == .max ? nil : id + 1
    guard selection.contains(slot) else { return }
    large = LargeRow(key: key, slot: slot, values: values, columns: table.columns)
  }
}
