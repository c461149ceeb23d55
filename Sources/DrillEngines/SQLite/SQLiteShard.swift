package import DrillModel
import GRDBSQLite
import Glibc

/// One database with the connections on it, on a queue of its own. All that is asked of it happens in order.
actor SQLiteShard {
  nonisolated let name: String
  nonisolated let executor: QueueExecutor
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let path: String
  private let access: SQLiteConnection.Access
  private var reader: SQLiteConnection?
  private var writer: SQLiteConnection?
  private var statements: [String: SQLiteStatement] = [:]
  private var cursors: [Int: RowCursor] = [:]
  private var nextCursor = 0
  /// Why the shard answers no more.
  private var endedBecause: DrillError?

  init(name: String, path: String, access: SQLiteConnection.Access) {
    self.name = name
    self.path = path
    self.access = access
    executor = QueueExecutor(label: "firedrill.sqlite")
  }

  // MARK: Life

  /// Opens the database and reads its first page.
  func open() throws {
    let connection = try SQLiteConnection(path: path, access: access)
    connection.waitForLocks(.seconds(5))
    try connection.setCache(kiB: 8 << 10)
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    reader = connection
    // A module prepares what it writes with when its table is first named: later, while only reading is allowed, it would
    // be refused. One that fails here fails again where its table is read, and is named there.
    for table in (try? DatabaseSchema(of: connection))?.virtualTables ?? [] {
      _ = try? connection.prepare("SELECT 1 FROM main.\(TableLayout.quoted(table.name))")
    }
  }

  /// Makes this shard's file a copy of `source`, with what lies beside it.
  func copyFile(from source: String) throws { try SealedDatabase.copy(source, to: path, subject: name) }

  /// Applies the log or journal that was copied along, and makes the file mode 0400.
  func recover() throws {
    try SealedDatabase.absorbCompanions(of: path, shard: name)
    guard chmod(path, 0o400) == 0 else {
      throw DrillError(.io, stage: .restore, subject: name, detail: "the copy cannot be made read-only")
    }
  }

  func close() {
    statements = [:]
    cursors = [:]
    // The writer first: as long as the reader is there, the writer is not the last to leave, and SQLite does not empty
    // the log into the database.
    writer?.close()
    writer = nil
    reader?.close()
    reader = nil
  }

  private func connection() throws -> SQLiteConnection {
    if let endedBecause { throw endedBecause }
    guard let reader else { throw SQLiteFailure(SQLITE_MISUSE, "read") }
    return reader
  }

  func integer(_ sql: String) throws -> Int64? { try connection().integer(sql) }
  func text(_ sql: String) throws -> String? { try connection().text(sql) }

  /// Asks for the first row of the first table that has one: the first answer of a store.
  func answerFirst() throws {
    for table in try DatabaseSchema(of: connection()).tables where !table.isVirtual && !table.computes {
      if try connection().prepare("SELECT * FROM main.\(table.quotedName) LIMIT 1").step() { return }
    }
  }

  // MARK: The write lock and the read snapshot

  /// Opens a second connection, for ``lockWrites(waiting:until:)``.
  func openWriter() throws { writer = try SQLiteConnection(path: path, access: .writer) }

  /// Takes the database's write lock, waiting until `patience` ends. It is given back at `deadline` by itself, or
  /// `limit` after it was taken where there is none, whatever becomes of the caller. Nothing is written.
  ///
  /// Returns when it will be given back.
  func lockWrites(
    patience: ContinuousClock.Instant, until deadline: ContinuousClock.Instant?, atMost limit: Duration
  ) throws -> ContinuousClock.Instant {
    guard let writer else { throw SQLiteFailure(SQLITE_MISUSE, "lock") }
    writer.pollForLocks(until: patience)
    try writer.execute("BEGIN IMMEDIATE")
    let end = deadline ?? .now + limit
    lockEnds = end
    executor.schedule(at: end) { [weak self] in self?.assumeIsolated { $0.expireLock(end) } }
    return end
  }

  private var lockEnds: ContinuousClock.Instant?

  private func expireLock(_ deadline: ContinuousClock.Instant) {
    // A lock that was taken since has a deadline of its own.
    if lockEnds == deadline { _ = unlockWrites() }
  }

  /// Gives the write lock back; true where it was held until now.
  func unlockWrites() -> Bool {
    defer { lockEnds = nil }
    guard let writer, lockEnds != nil, writer.holdsWriteLock else { return false }
    return (try? writer.execute("ROLLBACK")) != nil
  }

  /// Gives back whatever lock and snapshot is held, to try again.
  func letGo() {
    _ = unlockWrites()
    if holdsSnapshot { try? reader?.execute("ROLLBACK") }
  }

  func closeWriter() {
    writer?.close()
    writer = nil
  }

  /// Begins a read transaction. It stands where it first reads, and so it reads here.
  func beginSnapshot() throws {
    let connection = try connection()
    try connection.execute("BEGIN")
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    guard connection.holdsSnapshot else { throw SQLiteFailure(SQLITE_MISUSE, "begin") }
  }

  var holdsSnapshot: Bool { reader?.holdsSnapshot ?? false }

  /// Ends the snapshot and refuses everything from then on.
  func endSnapshot(because error: DrillError) {
    endedBecause = error
    close()
  }

  /// Ends the snapshot at `deadline`, also in the middle of a statement.
  func endSnapshot(at deadline: ContinuousClock.Instant, because error: DrillError) {
    reader?.deadline = deadline
    executor.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.endSnapshot(because: error) } }
  }

  // MARK: Copying

  /// Copies the database, page by page as it stands in the snapshot, into the new file `target`. Returns its pages.
  ///
  /// The pages come from the connection that holds the snapshot, within its read transaction: `sqlite3_backup` begins
  /// none of its own then, and another connection's writes neither restart it nor reach it. Source: sqlite
  /// src/backup.c, sqlite3_backup_step
  func copySnapshot(to target: String) throws -> Int {
    let source = try connection()
    guard source.holdsSnapshot else { throw SQLiteFailure(SQLITE_MISUSE, "copy") }
    let copy = try SQLiteConnection(path: target, access: .creator)
    defer { copy.close() }
    try copy.execute("PRAGMA journal_mode=OFF")
    guard let backup = sqlite3_backup_init(copy.handle, "main", source.handle, "main") else {
      throw SQLiteFailure(sqlite3_extended_errcode(copy.handle), "copy")
    }
    var code = SQLITE_OK
    while code == SQLITE_OK {
      code = sqlite3_backup_step(backup, 1024)
      let isOver = source.deadline.map { ContinuousClock.now >= $0 } ?? false
      if code == SQLITE_OK, isOver || Task.isCancelled { code = SQLITE_INTERRUPT }
    }
    let pages = Int(sqlite3_backup_pagecount(backup))
    let finished = sqlite3_backup_finish(backup)
    guard code == SQLITE_DONE, finished == SQLITE_OK else {
      throw SQLiteFailure(code == SQLITE_DONE ? finished : code, "copy")
    }
    return pages
  }

  /// The position at the snapshot: `columns` maps tables to their version columns; tables that the database does not
  /// have are passed over.
  func position(versionColumn: @Sendable (String) -> String?) throws -> SQLitePosition {
    let connection = try connection()
    var versions: [String: Scalar] = [:]
    for table in try DatabaseSchema(of: connection).tables {
      guard let wanted = versionColumn(table.namespace)?.lowercased() else { continue }
      guard let column = table.columns.first(where: { $0.lowercased() == wanted }) else { continue }
      let largest = try connection.prepare("SELECT max(\(TableLayout.quoted(column))) FROM main.\(table.quotedName)")
      if try largest.step() { versions[table.namespace] = largest.scalar(0) }
    }
    return SQLitePosition(schema: try connection.integer("PRAGMA schema_version") ?? 0, versions: versions)
  }

  // MARK: Rows

  func openCursor(_ selection: RecordSelection) throws -> Int {
    nextCursor += 1
    let connection = try connection()
    cursors[nextCursor] = RowCursor(connection, try DatabaseSchema(of: connection), selection: selection)
    return nextCursor
  }

  func nextBatch(_ cursor: Int) throws -> RecordBatch? {
    _ = try connection()
    return try cursors[cursor]?.next()
  }

  /// Ends a cursor and says what it saw.
  func closeCursor(_ cursor: Int) -> ReadFacts {
    guard let cursor = cursors.removeValue(forKey: cursor) else { return ReadFacts() }
    return ReadFacts(records: cursor.records, notes: cursor.notes, unseen: cursor.unseen)
  }

  // MARK: Questions

  /// Asks the questions in order; the time-out holds for each.
  func perform(_ operations: [Operation], timeout: Duration) -> [TimedReply] {
    operations.map { operation in
      let start = ContinuousClock.now
      let reply = reply(to: operation.statement, by: start + timeout)
      return TimedReply(reply, elapsed: .now - start)
    }
  }

  private func reply(to statement: Operation.Statement, by deadline: ContinuousClock.Instant) -> Reply {
    guard case .query(let sql, let parameters, let isOrdered) = statement else { return .indeterminate("not a query") }
    do {
      let connection = try connection()
      let holdEnds = connection.deadline
      connection.deadline = min(deadline, holdEnds ?? deadline)
      defer { connection.deadline = holdEnds }
      return try connection.readingOnly { try answer(sql, parameters, isOrdered: isOrdered, on: connection) }
    } catch let failure as SQLiteFailure {
      if failure.primaryCode == SQLITE_AUTH { return .indeterminate("refused: the statement does more than read rows") }
      if failure.isInterrupt { return .indeterminate("timed out") }
      if failure.belongsToContents { return .answered(.error("SQL \(failure.code)")) }
      return .indeterminate(failure.meaning)
    } catch {
      return .indeterminate((error as? DrillError)?.code.rawValue ?? "failed")
    }
  }

  /// An answer larger than this is not kept.
  private static let largestAnswer = 64 << 20

  private func answer(
    _ sql: String, _ parameters: [Scalar], isOrdered: Bool, on connection: SQLiteConnection
  ) throws -> Reply {
    let statement = try statements[sql] ?? connection.prepare(sql)
    if statements.count >= 256 { statements = [:] }
    statements[sql] = statement
    guard statement.isReadOnly else { return .indeterminate("refused: the statement does more than read rows") }
    defer { statement.reset() }
    guard statement.parameterCount == parameters.count else {
      return .indeterminate("the statement has another number of parameters")
    }
    for (index, parameter) in parameters.enumerated() { try statement.bind(index + 1, parameter) }
    var rows: [Answer] = []
    var size = 0
    while try statement.step() {
      var row: [Answer] = []
      row.reserveCapacity(statement.columnCount)
      for column in 0..<statement.columnCount {
        let value = statement.answer(column)
        size += value.sizeBytes
        row.append(value)
      }
      guard size <= Self.largestAnswer else {
        return .indeterminate("the answer is larger than \(Self.largestAnswer >> 20) MiB")
      }
      rows.append(.array(row))
    }
    return .answered(isOrdered ? .array(rows) : .unordered(rows))
  }
}

extension SQLiteStatement {
  package func scalar(_ column: Int) -> Scalar {
    switch type(column) {
    case SQLITE_INTEGER: .integer(integer(column))
    case SQLITE_FLOAT: .real(real(column))
    case SQLITE_TEXT: .text(string(column))
    case SQLITE_BLOB: .blob(Array(bytes(column)))
    default: .null
    }
  }

  fileprivate func answer(_ column: Int) -> Answer {
    switch type(column) {
    case SQLITE_INTEGER: .integer(integer(column))
    case SQLITE_FLOAT: .real(real(column))
    case SQLITE_TEXT: .text(Array(bytes(column)))
    case SQLITE_BLOB: .blob(Array(bytes(column)))
    default: .null
    }
  }
}

extension Answer {
  fileprivate var sizeBytes: Int {
    switch self {
    case .text(let bytes), .blob(let bytes): 32 + bytes.count
    default: 32
    }
  }
}
