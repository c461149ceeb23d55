import DrillEvidence
import DrillModel

extension DrillFile.BackupSelection {
  /// The same with a migration's checkpoint in the place of its name.
  ///
  /// - Parameter history: read only where a checkpoint is named.
  ///
  /// - Throws: `DrillError` with `no-such-backup` where the ledger knows none.
  func resolved(_ history: @autoclosure () -> History?, of cluster: String) throws -> DrillFile.BackupSelection {
    guard case .checkpoint(let name, let wanted, let tip) = self else { return self }
    func missing(_ detail: String) -> DrillError {
      DrillError(.noSuchBackup, stage: .catalog, subject: name, detail: detail)
    }
    let migrations = history()?.migrations(of: cluster) ?? []
    guard let migration = wanted.map({ name in migrations.last { $0.name == name } }) ?? migrations.last else {
      throw missing(
        "the ledger knows no migration of this cluster\(wanted.map { " that is called \($0)" } ?? ""); publish its stages with `firedrill migration event`"
      )
    }
    guard let checkpoint = try migration.checkpoint(named: name) else {
      throw missing("migration \(migration.name) has no \(name) yet: it is \(migration.stage.rawValue)")
    }
    switch (tip, checkpoint.backup) {
    case (nil, let backup?): return .id(backup)
    case (let tip?, let backup?): return .point(tip: tip, .backup(backup))
    case (let tip?, nil): return .point(tip: tip, .time(checkpoint.time))
    case (nil, nil):
      return checkpoint.name == MigrationCheckpoint.Name.postMove.rawValue
        ? .after(checkpoint.time) : .at(checkpoint.time)
    }
  }
}
