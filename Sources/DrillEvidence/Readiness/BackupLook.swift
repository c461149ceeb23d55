import DrillModel

/// A run's look at a backup whose manifest it believed.
package struct BackupLook: Sendable {
  var run: RunFinished
  var backup: String
  var cut: Instant
  var stated: Run.BackupExamined.Stated

  /// Which of two looks is at the newer cut; of one cut the later look.
  ///
  /// - Parameter run: was recorded after `earlier`.
  package static func latest(_ earlier: BackupLook?, _ run: RunFinished) -> BackupLook? {
    run.backups.reduce(earlier) { latest, backup in
      guard let cut = backup.cut?.time, let stated = backup.stated, cut >= latest?.cut ?? cut else { return latest }
      return BackupLook(run: run, backup: backup.backup, cut: cut, stated: stated)
    }
  }
}
