public import DrillModel

/// States what a run found: what must outlive its details. The details are the whole ``DrillModel/Run``.
///
/// Verdict, level and counts are what was concluded on that day, by the version that is named; while the details are there they can be derived again.
public struct RunFinished: LeafBody, Hashable {
  public static var kind: LeafKind { .run }

  public var run: String
  public var drill: String
  public var cluster: String
  public var engine: String
  public var seed: UInt64
  public var startedAt: Instant
  public var finishedAt: Instant
  public var tool: String
  public var host: String
  public var verdict: Verdict
  public var level: Level
  public var requiredLevel: Level
  public var backups: [Run.BackupExamined]
  /// Number of findings by code.
  public var findings: [String: Int]
  /// Number of things that could not be looked at, by code.
  public var obstacles: [String: Int]
  public var firstFailingStage: Stage?
  public var restoreMs: Double
  public var objectives: [Run.Objective]
  public var coverage: [Run.StageCoverage]
  public var answers: Run.AnswerTally?
  public var drift: [Run.DriftTally]
  public var fingerprintRoot: Digest?

  // Absent in leaves that versions before 0.2 wrote.

  /// The findings one by one, at most ``mostSubjects`` of them; ``findings`` counts them all.
  public var subjects: [RecordedFinding]?
  /// What was looked at to its end.
  public var examined: Run.Examined?
  public var latencies: [Run.Latency]?
  public var isolation: Isolation?
  /// SHA-256 over the drill file and all that it names: the policy in force.
  public var policy: Digest?
  public var governance: Governance?
  /// Nil too where the run did not come to plant anything, and in leaves of versions that planted nothing.
  public var selfTest: SelfTest.Tally?

  /// Whether it is about a backup that nobody sealed.
  public var isUnsealed: Bool { backups.contains { $0.unsealed != nil } }

  /// How many findings a leaf names: it stays for ever.
  public static let mostSubjects = 200

  init(_ run: Run, redactor: KeyRedactor) throws {
    self.run = run.id
    drill = run.drill
    cluster = run.cluster
    engine = run.engine
    seed = run.seed
    startedAt = run.startedAt
    finishedAt = run.finishedAt
    tool = run.tool
    host = run.host
    verdict = run.verdict
    level = run.level
    requiredLevel = run.requiredLevel
    backups = run.backups
    findings = Dictionary(run.findings.map { ($0.code.rawValue, 1) }, uniquingKeysWith: +)
    obstacles = Dictionary(run.obstacles.map { ($0.code.rawValue, 1) }, uniquingKeysWith: +)
    firstFailingStage = run.firstFailingStage
    restoreMs = run.restoreMs
    objectives = run.objectives
    coverage = run.coverage
    answers = run.answers
    drift = run.drift
    fingerprintRoot = run.fingerprintRoot
    subjects = run.findings.prefix(RunFinished.mostSubjects).map {
      RecordedFinding($0, cluster: run.cluster, redactor: redactor)
    }
    examined = run.examined
    latencies = run.latencies
    isolation = run.sandbox?.isolation
    policy = try PolicyDigest.of(run.files)
    governance = run.governance
    selfTest = run.selfTest?.tally
  }
}
