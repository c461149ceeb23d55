import DrillModel
import Foundation
import GRDBSQLite

/// A sealed database file with what lies beside it: the log or the journal that SQLite would apply when it opens it.
struct SealedDatabase {
  var path: String
  var shard: String

  /// `-wal` and `-journal`, where they lie beside it and hold something. Source: https://www.sqlite.org/tempfiles.html
  var companions: [String] {
    ["-wal", "-journal"].filter { suffix in
      var status = stat()
      return lstat(path + suffix, &status) == 0 && status.st_size > 0
    }
  }

  /// Opens the file itself where it is the whole database, else a copy of it with the log or journal applied. The file and what
  /// lies beside it are never written.
  ///
  /// - Throws: ``SQLiteFailure``; `DrillError` with `artifact-io` or `io` where the copy cannot be made.
  func open() throws -> SQLiteConnection {
    try companions.isEmpty ? SQLiteConnection(path: path, access: .sealed) : openCopy()
  }

  /// Opens a private copy that may be written. The copy has no name any more when this returns, so that nothing stays of it,
  /// whatever becomes of the process.
  func openCopy() throws -> SQLiteConnection {
    var template = Array((NSTemporaryDirectory() + "/firedrill-XXXXXX").utf8CString)
    guard
      let made = template.withUnsafeMutableBufferPointer({
        $0.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
      })
    else {
      throw DrillError(
        .io, subject: shard,
        detail: "no folder for a private copy can be made below $TMPDIR: \(String(cString: strerror(errno)))")
    }
    defer { try? FileManager.default.removeItem(atPath: made) }
    let copy = made + "/copy"
    try Self.copy(path, to: copy, subject: shard)
    let connection = try SQLiteConnection(path: copy, access: .privateCopy)
    connection.waitForLocks(.seconds(5))
    // The first read applies the log or the journal; from then on the lock is kept, and no file is opened by its name.
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    if try connection.text("PRAGMA journal_mode") != "wal" { try connection.execute("PRAGMA journal_mode=MEMORY") }
    return connection
  }

  /// Copies a database with its companions.
  static func copy(_ source: String, to target: String, subject: String) throws {
    _ = try FileCopy.copy(source, to: target, subject: subject)
    for suffix in SealedDatabase(path: source, shard: subject).companions {
      _ = try FileCopy.copy(source + suffix, to: target + suffix, subject: subject)
    }
  }

  /// Makes a copy that is ours to write to, and the whole database: with what lies beside the source applied.
  ///
  /// - Throws: ``SQLiteFailure``; `DrillError` with `artifact-io` or `io`.
  static func copyWhole(_ source: String, to target: String, shard: String) throws {
    try copy(source, to: target, subject: shard)
    guard chmod(target, 0o600) == 0 else {
      throw DrillError(.io, subject: shard, detail: "a copy cannot be made writable")
    }
    try absorbCompanions(of: target, shard: shard)
  }

  /// Makes the file `path`, which is ours alone, the whole database: applies what lies beside it and removes it.
  static func absorbCompanions(of path: String, shard: String) throws {
    guard !SealedDatabase(path: path, shard: shard).companions.isEmpty else { return }
    let connection = try SQLiteConnection(path: path, access: .privateCopy)
    defer { connection.close() }
    _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
    if try connection.text("PRAGMA journal_mode") == "wal" {
      // The first column says whether something kept it from coming to its end.
      guard try connection.integer("PRAGMA wal_checkpoint(TRUNCATE)") == 0 else {
        throw SQLiteFailure(SQLITE_BUSY, "apply the log")
      }
    }
    connection.close()
    for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
  }
}
