import DrillModel

/// One condition of a policy: a value that is held against what is recorded of one cluster.
///
/// Its evaluation is a pure function. What is not recorded cannot be told; it is never taken as met.
public protocol GateClause: Sendable {
  /// Its name in a policy file.
  static var name: String { get }
  /// What it requires, in a few words.
  var required: String { get }
  /// How far back by the clock it looks; nil where no time is held against now.
  var lookback: Duration? { get }
  /// What a person does where it is not met, one sentence.
  var nextStep: String { get }

  func evaluate(_ facts: ClusterFacts) -> ClauseOutcome
}

extension GateClause {
  public var lookback: Duration? { nil }
}

/// The names of all clauses that a policy may state.
public enum GateClauseNames {
  public static let all: [String] = [
    LevelClause.name, PassedWithinClause.name, SuccessRateClause.name, EpochClause.name, RestoreTimeClause.name,
    RestoreTimePercentileClause.name, RestoreTimeAtSizeClause.name, RecoveryPointClause.name,
    RecoveryPointPercentileClause.name, UnexplainedDriftClause.name, MismatchesClause.name, CoverageClause.name,
    IsolationClause.name, CoherentCutClause.name, OverdueFindingsClause.name, MissedDrillsClause.name,
    VerificationDebtClause.name, LatencyClause.name, RequiredChecksClause.name,
  ]
}
