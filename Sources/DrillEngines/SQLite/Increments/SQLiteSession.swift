import CSQLiteConfig
import DrillModel
import Foundation
import GRDBSQLite

/// SQLite's own session extension: what differs between two databases, and making it so.
enum ChangesetMaker {
  static var isAvailable: Bool { firedrill_sqlite_has_sessions() != 0 }

  /// Appends to `file` the changes that make of a table of `predecessor`, attached under that name, what it is in main.
  ///
  /// A session for each table: what SQLite holds in memory is bounded by one table's changes.
  /// Source: https://www.sqlite.org/session/sqlite3session_diff.html
  static func append(
    _ table: String, of connection: SQLiteConnection, since predecessor: String, to file: FileHandle
  ) throws {
    var session: OpaquePointer?
    try check(sqlite3session_create(connection.handle, "main", &session), "compare")
    defer { sqlite3session_delete(session) }
    try check(sqlite3session_attach(session, table), "compare")
    var message: UnsafeMutablePointer<CChar>?
    let code = sqlite3session_diff(session, predecessor, table, &message)
    // It may quote names and values.
    sqlite3_free(message)
    try check(code, "compare")
    let output = Output(file)
    let written = sqlite3session_changeset_strm(
      session,
      { context, bytes, count in
        Unmanaged<Output>.fromOpaque(context!).takeUnretainedValue().write(bytes, count)
      }, Unmanaged.passUnretained(output).toOpaque())
    if let error = output.error { throw error }
    try check(written, "compare")
  }

  private static func check(_ code: Int32, _ action: String) throws {
    guard code == SQLITE_OK else { throw SQLiteFailure(code, action) }
  }

  private final class Output {
    let file: FileHandle
    var error: (any Error)?
    init(_ file: FileHandle) { self.file = file }

    func write(_ bytes: UnsafeRawPointer?, _ count: Int32) -> Int32 {
      guard let bytes, count > 0 else { return SQLITE_OK }
      do {
        try file.write(contentsOf: Data(bytes: bytes, count: Int(count)))
        return SQLITE_OK
      } catch {
        self.error = error
        return SQLITE_IOERR
      }
    }
  }
}

/// Makes the changes of a changeset, and counts those that do not fit.
enum ChangesetApplication {
  /// A change that does not fit, by its table and why.
  struct Conflict: Hashable, Comparable {
    var table: String
    var kind: Kind

    enum Kind: Int32 {
      case data = 1
      case notFound = 2
      case conflict = 3
      case constraint = 4
      case foreignKey = 5

      /// Source: https://www.sqlite.org/session/c_changeset_conflict.html
      var words: String {
        switch self {
        case .data: "a row is not what it was before the change"
        case .notFound: "the row to change is not there"
        case .conflict: "the row to insert is there already"
        case .constraint: "a constraint of the table forbids the change"
        case .foreignKey: "rows refer to rows that are not there"
        }
      }
    }

    static func < (a: Conflict, b: Conflict) -> Bool { (a.table, a.kind.rawValue) < (b.table, b.kind.rawValue) }
  }

  /// - Parameters:
  ///   - offset: where the changeset begins in the file.
  /// - Throws: ``SQLiteFailure``.
  static func apply(_ path: String, from offset: UInt64, to connection: SQLiteConnection) throws -> [Conflict: Int] {
    let input = try Input(path, offset)
    let context = Unmanaged.passUnretained(input).toOpaque()
    // A change that does not fit is passed over and counted: what has one is not restored.
    let code = sqlite3changeset_apply_strm(
      connection.handle,
      { context, target, count in Unmanaged<Input>.fromOpaque(context!).takeUnretainedValue().read(target, count) },
      context, { _, _ in 1 },
      { context, kind, change in
        Unmanaged<Input>.fromOpaque(context!).takeUnretainedValue().note(kind, change)
        return 0
      }, context)
    guard code == SQLITE_OK else { throw SQLiteFailure(code, "make the changes") }
    return input.conflicts
  }

  private final class Input {
    private let file: FileHandle
    var conflicts: [Conflict: Int] = [:]

    init(_ path: String, _ offset: UInt64) throws {
      guard let file = FileHandle(forReadingAtPath: path) else { throw SQLiteFailure(SQLITE_CANTOPEN, "read") }
      self.file = file
      try file.seek(toOffset: offset)
    }

    func read(_ target: UnsafeMutableRawPointer?, _ count: UnsafeMutablePointer<Int32>?) -> Int32 {
      guard let target, let count else { return SQLITE_MISUSE }
      while true {
        let got = Glibc.read(file.fileDescriptor, target, Int(count.pointee))
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { return SQLITE_IOERR }
        count.pointee = Int32(got)
        return SQLITE_OK
      }
    }

    func note(_ kind: Int32, _ change: OpaquePointer?) {
      var name: UnsafePointer<CChar>?
      var (columns, operation, indirect): (Int32, Int32, Int32) = (0, 0, 0)
      // Of foreign keys the iterator tells no table.
      let isKnown =
        kind != Conflict.Kind.foreignKey.rawValue
        && sqlite3changeset_op(change, &name, &columns, &operation, &indirect) == SQLITE_OK
      let table = isKnown ? name.map { String(cString: $0) } ?? "" : ""
      conflicts[Conflict(table: table, kind: Conflict.Kind(rawValue: kind) ?? .constraint), default: 0] += 1
    }
  }
}
