public import DrillEvidence

/// What came of a drill.
public enum SessionResult: Sendable {
  /// A run for each backup that it selects.
  case ran([DrillOutcome])
  /// It did not run: a recent run verified the same.
  case skipped(DrillSkipped)
}
