import DrillModel
import GRDB

/// Runs `body` and turns SQLite's errors into `ledger-unwritable` (the disk, its permissions, another writer) or `ledger-damaged` (the contents).
func mappingLedgerErrors<R>(_ path: String, _ body: () throws -> R) throws -> R {
  do {
    return try body()
  } catch let error as DatabaseError {
    let unwritable: String? =
      switch error.resultCode {
      case .SQLITE_READONLY where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK:
        "a write to the ledger was cut off; open it once with write access, which undoes it"
      case .SQLITE_READONLY: "the ledger is read-only; give write access, or name another ledger"
      case .SQLITE_CANTOPEN: "the ledger or its journal cannot be opened; see whether its folder exists and is writable"
      case .SQLITE_PERM, .SQLITE_AUTH: "access to the ledger is denied"
      case .SQLITE_FULL: "the disk is full; nothing was recorded"
      case .SQLITE_IOERR: "the disk reports an error: \(error.message ?? "no further word")"
      case .SQLITE_NOMEM: "there is not enough memory"
      case .SQLITE_BUSY, .SQLITE_LOCKED: "another process holds the ledger; try again when it is done"
      default: nil
      }
    if let unwritable { throw DrillError(.ledgerUnwritable, subject: path, detail: unwritable, underlying: error) }
    throw DrillError(
      .ledgerDamaged, subject: path,
      detail:
        "\(error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"); keep the file, and go on with a copy or a new ledger",
      underlying: error)
  } catch let error as DecodingError {
    throw DrillError(
      .ledgerDamaged, subject: path, detail: "a row does not hold what it should; run `firedrill ledger verify`",
      underlying: error)
  }
}
