public import DrillModel

/// Something that should have been examined in the period and was not, or a fact about the record that a reader must know.
public struct EvidenceGap: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// A declared schedule's due time passed without a run.
    case missedDrill = "missed-drill"
    /// A run began and never ended.
    case interruptedRun = "interrupted-run"
    /// A run did not reach the level that its drill requires.
    case levelNotReached = "level-not-reached"
    /// A run was about a backup that nobody sealed.
    case unsealedBackup = "unsealed-backup"
    /// A run could not look at something.
    case obstacle
    /// A part of what was declared was not examined.
    case coverageSkipped = "coverage-skipped"
    /// A cluster without any finished run in the period.
    case clusterWithoutRun = "cluster-without-run"
    /// Between the end of the export before this one and the beginning of this one lies time of which neither states anything.
    case periodNotCovered = "period-not-covered"
    /// Recorded after the export before this one, with a time before the period.
    case recordedLate = "recorded-late"
    /// Recorded since the export before this one, with a time after the period.
    case datedAhead = "dated-ahead"
    /// A leaf's time lies before that of the leaf before it.
    case clockRanBackwards = "clock-ran-backwards"
  }

  public var kind: Kind
  public var cluster: String?
  public var drill: String?
  public var run: String?
  public var leaf: Int?
  public var at: Instant?
  /// One sentence.
  public var detail: String
}
