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
  static func prepareForWriting(_ path: String) throws {
    let folder = (path as NSString).deletingLastPathComponent
    func refused(_ what: String, _ number: Int32) -> DrillError {
      DrillError(
        .ledgerUnwritable, subject: path,
        detail: "\(what): \(String(cString: strerror(number))); give write access, or name another ledger")
    }
    if !folder.isEmpty {
      do {
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw DrillError(
          .ledgerUnwritable, subject: path, detail: "its folder cannot be made; name another ledger", underlying: error)
      }
    }
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw refused("the ledger cannot be opened for writing", errno) }
    close(descriptor)
    // SQLite needs the folder too, for its journal.
    guard faccessat(AT_FDCWD, folder.isEmpty ? "." : folder, W_OK, AT_EACCESS) == 0 else {
      throw refused("the ledger's folder cannot be written", errno)
    }
  }

  static func prepareForReading(_ path: String) throws {
    guard access(path, F_OK) == 0 else { throw absent(path) }
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
