import DrillModel
import GRDBSQLite

/// What SQLite said when a call failed. Its message is never kept, since SQLite quotes pieces of statements in it, and
/// those may hold values.
package struct SQLiteFailure: Error, Hashable, Sendable {
  /// The extended result code. Source: https://www.sqlite.org/rescode.html
  package var code: Int32
  /// What was being done, without paths or values.
  package var action: String

  package init(_ code: Int32, _ action: String) {
    self.code = code
    self.action = action
  }

  package var primaryCode: Int32 { code & 0xff }

  /// SQLite's own words for the code: `database disk image is malformed`.
  package var meaning: String { String(cString: sqlite3_errstr(code)) }

  /// The bytes do not make a database: a fact about what was read, where everything else is "could not look".
  package var isDamage: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }
  package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }
  package var isInterrupt: Bool { primaryCode == SQLITE_INTERRUPT }

  /// Whether the failure belongs to the statement and the contents that it met, so that the same contents always give
  /// it.
  package var belongsToContents: Bool {
    switch primaryCode {
    case SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_RANGE:
      true
    default: false
    }
  }

  /// The failure of reading a sealed file.
  func artifactError(_ shard: String) -> DrillError {
    DrillError(.artifactUnreadable, subject: shard, detail: "\(action): \(meaning)", underlying: self)
  }

  /// The failure of reading a live database.
  func liveError(_ shard: String) -> DrillError {
    let code: DrillError.Code =
      switch primaryCode {
      case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT: .timedOut
      case SQLITE_PERM, SQLITE_AUTH, SQLITE_READONLY: .permissionDenied
      case SQLITE_CANTOPEN: .unreachable
      default: .serverFailed
      }
    return DrillError(code, subject: shard, detail: "\(action): \(meaning)", underlying: self)
  }
}
