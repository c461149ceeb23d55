package import DrillModel

extension Ledger {
  /// Records many finished runs in one transaction: for ledgers of benchmarks, where a disk's wait for each of 100,000 runs would be the measurement.
  ///
  /// - Parameter withDetails: whether the whole runs are kept beside their leaves.
  package func record(_ runs: some Sequence<Run>, withDetails: Bool) throws {
    try write { db in
      for run in runs {
        let details = withDetails ? try CanonicalJSON.encode(run) : nil
        _ = try append(RunFinished(run, redactor: redactor), details: details, at: run.finishedAt, db)
      }
    }
  }
}
