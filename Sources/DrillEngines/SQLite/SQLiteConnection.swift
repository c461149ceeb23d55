import CSQLiteConfig
import DrillModel
import Foundation
import GRDBSQLite

/// One connection to one SQLite file, used by one thread at a time. Closed by ``close()`` or at the latest when it is
/// released.
package final class SQLiteConnection {
  package enum Access {
    /// A sealed file that nobody changes: no locks, no log beside it is looked at, nothing is created.
    case sealed
    /// A live database, never written.
    case live
    /// A live database; only to take its write lock, or to write where it is ours.
    case writer
    /// As ``writer``, and the file is made where there is none.
    case creator
    /// A copy that is ours, into which sealed changes are made: shadow tables can be written, nothing that its schema
    /// declares runs, and one other database can be attached.
    case assembly
    /// A copy of a sealed file that nobody else knows: the log or journal beside it is applied when it is first read.
    case privateCopy
  }

  private(set) var handle: OpaquePointer?
  private let watch = Watch()

  /// Opens `path`, and reads nothing of it yet.
  ///
  /// - Throws: ``SQLiteFailure``; `SQLITE_CANTOPEN_SYMLINK` for a sealed file whose own name is a symbolic link.
  package init(path: String, access: Access) throws {
    var flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    var query = ""
    var opened = path
    switch access {
    case .sealed:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW
      query = "?immutable=1&mode=ro"
      opened = SQLiteConnection.pathWithResolvedFolder(path)
    case .live: flags |= SQLITE_OPEN_READONLY
    case .writer, .privateCopy, .assembly: flags |= SQLITE_OPEN_READWRITE
    case .creator: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    }
    let code = sqlite3_open_v2(SQLiteConnection.uri(opened) + query, &handle, flags, nil)
    guard code == SQLITE_OK else {
      sqlite3_close_v2(handle)
      handle = nil
      throw SQLiteFailure(code, "open")
    }
    let context = Unmanaged.passUnretained(watch).toOpaque()
    sqlite3_progress_handler(handle, 1000, { Watch.at($0).isOver ? 1 : 0 }, context)
    sqlite3_set_authorizer(
      handle, { context, action, name, value, _, _ in Watch.at(context).verdict(on: action, name, value) }, context)
    defend(access)
    try execute("PRAGMA cell_size_check=ON")
    switch access {
    case .sealed, .live: try execute("PRAGMA query_only=ON")
    case .privateCopy: try execute("PRAGMA locking_mode=EXCLUSIVE")
    case .writer, .creator, .assembly: break
    }
  }

  /// What "Untrusted SQLite Database Files" asks for: whoever wrote the file must not run code here.
  ///
  /// No extension is loaded, no tokenizer is taken from an address that SQL names, no schema or shadow table is written,
  /// nothing is attached. `trusted_schema=OFF` only from SQLite 3.41 on: earlier ones then call a schema that uses json_extract
  /// malformed, which would be a false alarm; it guards functions and virtual tables that a program registers, and we register none.
  /// Source: https://www.sqlite.org/security.html, https://www.sqlite.org/c3ref/c_dbconfig_defensive.html; tried on 3.40.1
  private func defend(_ access: Access) {
    func turn(_ option: Int32, on isOn: Bool) {
      firedrill_sqlite_switch(handle.map(UnsafeMutableRawPointer.init), option, isOn ? 1 : 0)
    }
    turn(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, on: false)
    turn(SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, on: false)
    guard access != .writer, access != .creator else { return }
    turn(SQLITE_DBCONFIG_DEFENSIVE, on: access != .assembly)
    turn(SQLITE_DBCONFIG_ENABLE_TRIGGER, on: false)
    turn(SQLITE_DBCONFIG_ENABLE_VIEW, on: access == .live || access == .sealed)
    if sqlite3_libversion_number() >= 3_041_000 { turn(SQLITE_DBCONFIG_TRUSTED_SCHEMA, on: false) }
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, access == .assembly ? 1 : 0)
  }

  deinit { close() }

  /// Ends the connection; statements that are still alive keep it half open until they end. May be called twice.
  package func close() {
    sqlite3_close_v2(handle)
    handle = nil
  }

  /// Runs a statement to its end and drops its rows.
  package func execute(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw SQLiteFailure(code, SQLiteConnection.firstWord(of: sql)) }
  }

  package func prepare(_ sql: String) throws -> SQLiteStatement { try SQLiteStatement(self, sql) }

  /// The integer in the first column of the first row; nil where there is no row or it is null.
  package func integer(_ sql: String) throws -> Int64? {
    let statement = try prepare(sql)
    guard try statement.step(), statement.type(0) != SQLITE_NULL else { return nil }
    return statement.integer(0)
  }

  /// The text in the first column of the first row; nil where there is no row or it is null.
  package func text(_ sql: String) throws -> String? {
    let statement = try prepare(sql)
    guard try statement.step(), statement.type(0) != SQLITE_NULL else { return nil }
    return statement.string(0)
  }

  /// How much of the file is kept in memory at most. Reads the schema, and so fails on a file that has none.
  package func setCache(kiB: Int) throws { try execute("PRAGMA cache_size=-\(kiB)") }

  /// How long to wait for another connection's lock before `SQLITE_BUSY`.
  package func waitForLocks(_ duration: Duration) {
    sqlite3_busy_timeout(handle, Int32(clamping: Int(duration.milliseconds.rounded(.up))))
  }

  /// As ``waitForLocks(_:)``, but asks every half millisecond: SQLite's own waiting sleeps ever longer, up to a tenth
  /// of a second, in which a busy writer takes the lock again and again. Not with both.
  package func pollForLocks(until deadline: ContinuousClock.Instant) {
    watch.lockDeadline = deadline
    sqlite3_busy_handler(
      handle,
      { context, _ in
        guard Watch.at(context).isWaiting else { return 0 }
        usleep(500)
        return 1
      }, Unmanaged.passUnretained(watch).toOpaque())
  }

  /// Ends statements that run past `deadline` with `SQLITE_INTERRUPT`; nil: no limit.
  package var deadline: ContinuousClock.Instant? {
    get { watch.deadline }
    set { watch.deadline = newValue }
  }

  /// Runs `body` with everything refused (`SQLITE_AUTH`) but reading rows: no PRAGMA, ATTACH, transaction or write.
  package func readingOnly<R>(_ body: () throws -> R) rethrows -> R {
    watch.onlyReads = true
    defer { watch.onlyReads = false }
    return try body()
  }

  /// Whether this connection holds the write lock, and whether it holds a read snapshot (or more).
  package var holdsWriteLock: Bool { handle != nil && sqlite3_txn_state(handle, "main") == SQLITE_TXN_WRITE }
  package var holdsSnapshot: Bool { handle != nil && sqlite3_txn_state(handle, "main") >= SQLITE_TXN_READ }

  /// The largest value (in bytes) that statements may load; rows with larger ones end them with `SQLITE_TOOBIG`.
  package var largestValue: Int {
    get { Int(sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, -1)) }
    set { sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Int32(clamping: newValue)) }
  }

  /// A file's name as SQLite takes it, whatever is in it. Source: https://www.sqlite.org/uri.html
  static func uri(_ path: String) -> String {
    var text = "file:"
    for byte in path.utf8 {
      switch byte {
      case 0x2D...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x7E: text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text
  }

  /// `SQLITE_OPEN_NOFOLLOW` refuses a link anywhere on the path; we refuse the last component alone, so that `/tmp` may
  /// be one.
  private static func pathWithResolvedFolder(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().resolvingSymlinksInPath().appendingPathComponent(url.lastPathComponent).path
  }

  private static func firstWord(of sql: String) -> String { sql.prefix { $0 != " " }.lowercased() }
}

/// What the callbacks of a connection look at. Only touched from within calls on that connection.
private final class Watch {
  var deadline: ContinuousClock.Instant?
  var lockDeadline: ContinuousClock.Instant?
  var onlyReads = false

  var isOver: Bool { deadline.map { ContinuousClock.now >= $0 } ?? false }

  var isWaiting: Bool { lockDeadline.map { ContinuousClock.now < $0 } ?? false }

  /// - Parameters:
  ///   - name: of a pragma its name; others have their own.
  ///   - value: of a pragma what it is given.
  ///
  /// Source: https://www.sqlite.org/c3ref/c_alter_table.html
  func verdict(on action: Int32, _ name: UnsafePointer<CChar>?, _ value: UnsafePointer<CChar>?) -> Int32 {
    guard onlyReads else { return SQLITE_OK }
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE: return SQLITE_OK
    case SQLITE_PRAGMA:
      // FTS5 asks by itself whether its index is still what it remembers. Source: sqlite ext/fts5/fts5_index.c,
      // `fts5IndexDataVersion`.
      guard let name, value == nil, strcmp(name, "data_version") == 0 else { return SQLITE_DENY }
      return SQLITE_OK
    default: return SQLITE_DENY
    }
  }

  static func at(_ context: UnsafeMutableRawPointer?) -> Watch {
    guard let context else { preconditionFailure("a callback without its context") }
    return Unmanaged<Watch>.fromOpaque(context).takeUnretainedValue()
  }
}
