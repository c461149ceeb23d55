internal import DrillModel
internal import Foundation
internal import GRDBSQLite

/// Changes the rows of a database file as somebody else's program would: a valid file with wrong contents.
public struct SQLiteContentFault: Sendable {
  /// One or more statements.
  public var statements: String

  public init(statements: String) { self.statements = statements }

  /// Changes a file in place.
  ///
  /// - Returns: what shows that rows changed, one sentence each.
  /// - Throws: `DrillError` with `io` where it cannot be changed, or where no row changed.
  public func plant(in path: String) throws -> [String] {
    var database: OpaquePointer?
    defer { sqlite3_close_v2(database) }
    guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
      throw failure("the database cannot be opened")
    }
    var message: UnsafeMutablePointer<CChar>?
    defer { sqlite3_free(message) }
    // What stands in a log beside the file is not in the file that is sealed.
    let all = statements + "; PRAGMA wal_checkpoint(TRUNCATE);"
    guard sqlite3_exec(database, all, nil, nil, &message) == SQLITE_OK else {
      throw failure("the statements failed: \(message.map { String(cString: $0) } ?? "unknown")")
    }
    let changed = sqlite3_total_changes(database)
    guard changed > 0 else { throw failure("no row changed") }
    return ["\(changed) row\(changed == 1 ? "" : "s") changed"]
  }

  private func failure(_ detail: String) -> DrillError {
    DrillError(.io, subject: "content", detail: "no fault was planted: \(detail)")
  }
}
