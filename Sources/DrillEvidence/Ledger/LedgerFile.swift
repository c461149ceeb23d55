import DrillModel
import Foundation
import GRDB
import Glibc

/// The ledger's file and the connection to it.
enum LedgerFile {
  static func absent(_ path: String) -> DrillError {
    DrillError(
      .io, subject: path, detail: "there is no ledger yet; the first recorded run makes it, or name another one")
  }

  /// Makes the folder and the file where they are missing, and finds out now, not after an hour's drill, that they cannot be written.
  ///
  /// The file itself is never opened here: closing a descriptor of it would drop the locks that SQLite holds for another connection of this
  /// process. Source: <https://sqlite.org/howtocorrupt.html>, section 2.2.
  static func prepareForWriting(_ path: String) throws {
    func check(_ result: Int32, _ what: String) throws {
      guard result != 0 else { return }
      let reason = String(cString: strerror(errno))
      throw DrillError(
        .ledgerUnwritable, subject: path, detail: "\(what): \(reason); give write access, or name another ledger")
    }
    let parent = (path as NSString).deletingLastPathComponent
    let folder = parent.isEmpty ? "." : parent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(
        .ledgerUnwritable, subject: path, detail: "its folder cannot be made; name another ledger", underlying: error)
    }
    // SQLite writes its journal there.
    try check(faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS), "the ledger's folder cannot be written")
    if access(path, F_OK) != 0 { try create(path, check) }
    try check(faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS), "the ledger cannot be written")
  }

  /// Puts an empty file in place that is readable by its owner alone.
  private static func create(_ path: String, _ check: (Int32, String) throws -> Void) throws {
    let fresh = "\(path).new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let descriptor = Glibc.open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try check(descriptor < 0 ? -1 : 0, "the ledger cannot be made")
    close(descriptor)
    defer { unlink(fresh) }
    // Another process may have been faster.
    try check(link(fresh, path) == 0 || errno == EEXIST ? 0 : -1, "the ledger cannot be made")
  }

  static func prepareForReading(_ path: String) throws {
    guard access(path, F_OK) == 0 else { throw absent(path) }
    guard faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 else {
      throw DrillError(.io, subject: path, detail: "the ledger cannot be read: \(String(cString: strerror(errno)))")
    }
  }

  static func open(_ path: String, mode: Ledger.Mode, maxPages: Int?) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.busyMode = .timeout(30)
    configuration.readonly = mode == .readOnly
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA cell_size_check = ON")
      guard mode == .readWrite else { return }
      try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA secure_delete = ON")
      if let maxPages { try db.execute(sql: "PRAGMA max_page_count = \(maxPages)") }
    }
    do {
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
      // A write was cut off. A connection that may write undoes it, which is no change to what was recorded.
      try DatabaseQueue(path: path).read { db in _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") }
      return try DatabaseQueue(path: path, configuration: configuration)
    }
  }
}
