public import DrillModel

/// A run as `--json` prints it: what was recorded, and beside it what follows from it.
///
/// Keys are those of the types' properties, in camel case, sorted; times are ISO 8601 in UTC; digests are hexadecimal; keys of the data store are
/// redacted. Written by ``CanonicalJSON/text(_:)``. Keys may be added; none changes its meaning.
public struct RunDocument: Codable, Sendable {
  public var verdict: Verdict
  public var exitStatus: Int32
  public var level: Level
  /// What the level claims, one sentence.
  public var claim: String
  /// Why the level is not higher; absent at the highest.
  public var notHigher: String?
  public var firstFailingStage: Stage?
  public var restoreMs: Double
  /// Why the ledger does not hold the run; absent where it does.
  public var notRecorded: String?
  public var run: Run

  public init(_ run: Run, recordingError: DrillError? = nil) {
    verdict = run.verdict
    exitStatus = ExitStatus(recordingError == nil ? run.verdict : max(run.verdict, .inconclusive)).rawValue
    level = run.level
    claim = run.claim
    notHigher = LevelGap.reason(run)
    firstFailingStage = run.firstFailingStage
    restoreMs = run.restoreMs
    notRecorded = recordingError.map { "\($0.code.rawValue): \($0.description)" }
    self.run = run
  }
}
