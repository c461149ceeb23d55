/// One execution of a drill, as recorded. Verdict, level and counts are derived from what it holds, never kept beside it.
public struct Run: Hashable, Sendable, Codable {
  /// `<drill>-<yyyymmddThhmmssZ>-<6 hexadecimal digits>`.
  public var id: String
  public var drill: String
  public var cluster: String
  public var engine: String
  /// The drill file in force with everything that it includes, by name; enough to run the drill again.
  public var files: [String: String]
  public var seed: UInt64
  public var startedAt: Instant
  public var finishedAt: Instant
  /// `firedrill <version>`, and operating system and machine kind.
  public var tool: String
  public var host: String
  public var backups: [BackupExamined]
  public var requiredLevel: Level
  public var levels: [LevelReached]
  public var findings: [Finding]
  public var obstacles: [Obstacle]
  public var coverage: [StageCoverage]
  public var phases: [PhaseTiming]
  /// What the drill's objectives allow, and what was measured.
  public var objectives: [Objective]
  public var comparisons: [Comparison]
  public var drift: [DriftTally]
  /// A seeded few of the differences, for people.
  public var driftSamples: [Drift]
  public var answers: AnswerTally?
  public var latencies: [Latency]
  public var sandbox: SandboxFacts?
  /// Root of the restored content's fingerprint.
  public var fingerprintRoot: Digest?
  public var notes: [String]
  /// What was looked at to its end; nil in runs that were recorded before it was kept.
  public var examined: Examined?
  /// Who answers for the findings, and by when; nil where the drill names nobody.
  public var governance: Governance?
  /// Whether its checks find what is planted; nil where it did not come to that, and in runs that were recorded before there was one.
  public var selfTest: SelfTest?

  public init(
    id: String, drill: String, cluster: String, engine: String, files: [String: String], seed: UInt64,
    startedAt: Instant,
    finishedAt: Instant, tool: String, host: String, requiredLevel: Level
  ) {
    self.id = id
    self.drill = drill
    self.cluster = cluster
    self.engine = engine
    self.files = files
    self.seed = seed
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.tool = tool
    self.host = host
    self.requiredLevel = requiredLevel
    backups = []
    levels = []
    findings = []
    obstacles = []
    coverage = []
    phases = []
    objectives = []
    comparisons = []
    drift = []
    driftSamples = []
    latencies = []
    notes = []
  }

  public struct BackupExamined: Hashable, Sendable, Codable {
    public var backup: String
    /// SHA-256 of the signed statement; nil where there was none.
    public var manifest: Digest?
    public var cut: Cut?
    /// What its manifest says of it; nil where there is none that may be believed, and in runs that were recorded before it was kept.
    public var stated: Stated?
    /// Present where nobody sealed it: no manifest says what its bytes should be.
    public var unsealed: UnsealedBackup?
    /// The chain that was restored; nil where a full backup was.
    public var chain: ChainExamined?
    public init(
      backup: String, manifest: Digest?, cut: Cut?, stated: Stated? = nil, unsealed: UnsealedBackup? = nil,
      chain: ChainExamined? = nil
    ) {
      self.backup = backup
      self.manifest = manifest
      self.cut = cut
      self.stated = stated
      self.unsealed = unsealed
      self.chain = chain
    }

    /// What policies ask of a backup.
    public struct Stated: Hashable, Sendable, Codable {
      public var kind: Manifest.Kind
      /// The retention class.
      public var retention: String?
      /// Why the backup was taken when it was; nil in runs that were recorded before it was kept, too.
      public var rationale: String?
      /// The topology's epoch at the cut.
      public var epoch: UInt64
      public var shards: [String]
      public var movesInFlight: Int
      /// Stored bytes of all data artifacts.
      public var bytes: UInt64
      public init(_ manifest: Manifest) {
        kind = manifest.kind
        retention = manifest.retention
        rationale = manifest.rationale
        epoch = manifest.topology.epoch
        shards = manifest.topology.shards.map(\.name)
        movesInFlight = manifest.topology.moves.count
        bytes = manifest.artifacts.reduce(0) { $0 + ($1.role != .reference ? $1.sizeBytes : 0) }
      }
    }
  }

  /// What a run looked at to its end, whatever it found there: a finding is resolved only by a run that examined the same thing.
  public struct Examined: Hashable, Sendable, Codable {
    /// Stages that ran to their end, without an obstacle.
    public var stages: [Stage]
    /// Shards that were restored and read back, and the slots of which every record was.
    public var shards: [String]
    public var slots: SlotSet
    /// References that the restored copy was compared with: `captured`, `live`, `backup ID`.
    public var references: [String]
    /// Slots about which some question was put and not compared: no answer in time, or a difference that a recorded cause explains. Nil where that is not
    /// known slot by slot.
    public var unanswered: SlotSet?
    public init(
      stages: [Stage], shards: [String], slots: SlotSet, references: [String], unanswered: SlotSet? = nil
    ) {
      self.stages = stages
      self.shards = shards
      self.slots = slots
      self.references = references
      self.unanswered = unanswered
    }
  }

  /// What one piece of evidence established.
  public struct LevelReached: Hashable, Sendable, Codable {
    public var level: Level
    public var evidence: String
    public init(_ level: Level, evidence: String) {
      self.level = level
      self.evidence = evidence
    }
  }

  /// "Could not look", as recorded.
  public struct Obstacle: Hashable, Sendable, Codable {
    public var code: DrillError.Code
    public var stage: Stage
    public var subject: String
    public var detail: String
    public init(_ error: DrillError, stage: Stage) {
      code = error.code
      self.stage = error.stage ?? stage
      subject = error.subject
      detail = error.detail
    }
  }

  public struct StageCoverage: Hashable, Sendable, Codable {
    /// What ``of`` says where users, or modes of files, were asked about.
    public static let access = "who may do what"

    public var stage: Stage
    /// What it is a coverage of: `artifacts`, `reference captured`.
    public var of: String
    public var coverage: Coverage
    public init(_ stage: Stage, of: String, _ coverage: Coverage) {
      self.stage = stage
      self.of = of
      self.coverage = coverage
    }
  }

  /// One objective of the drill with what was measured for it.
  public struct Objective: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
      /// Milliseconds from locating the backup to the first correct answer; at most the target.
      case restoreTime = "rto"
      /// Milliseconds between two consecutive verified cuts; at most the target.
      case recoveryPoint = "rpo"
      /// Differing records, whatever explains them; at most the target.
      case drift
      /// Differing answers; at most the target.
      case mismatches
      /// Share examined, 0 to 1; at least the target.
      case coverage
    }
    public var kind: Kind
    public var target: Double
    /// Nil where it could not be measured.
    public var measured: Double?
    public init(_ kind: Kind, target: Double, measured: Double?) {
      self.kind = kind
      self.target = target
      self.measured = measured
    }

    /// Nil where it could not be measured.
    public var isMet: Bool? { measured.map { kind == .coverage ? $0 >= target : $0 <= target } }
  }

  /// Two sides that were held against each other.
  public struct Comparison: Hashable, Sendable, Codable {
    public var stage: Stage
    /// `artifact`, `sandbox`, `captured`, `live`, `backup <id>`.
    public var left: String
    public var right: String
    /// How many readers independent of each other stood behind it.
    public var independentReaders: Int
    public var isEqual: Bool
    public init(_ stage: Stage, left: String, right: String, independentReaders: Int, isEqual: Bool) {
      self.stage = stage
      self.left = left
      self.right = right
      self.independentReaders = independentReaders
      self.isEqual = isEqual
    }
  }

  public struct DriftTally: Hashable, Sendable, Codable {
    public var kind: Drift.Kind
    public var attribution: Drift.Attribution
    public var cause: Drift.Cause
    public var count: UInt64
    public init(kind: Drift.Kind, attribution: Drift.Attribution, cause: Drift.Cause, count: UInt64) {
      self.kind = kind
      self.attribution = attribution
      self.cause = cause
      self.count = count
    }
  }

  public struct AnswerTally: Hashable, Sendable, Codable {
    public var equal: UInt64
    public var different: UInt64
    public var indeterminate: UInt64
    public init(equal: UInt64 = 0, different: UInt64 = 0, indeterminate: UInt64 = 0) {
      self.equal = equal
      self.different = different
      self.indeterminate = indeterminate
    }
  }

  /// Service time of one side, from sending to reply, in microseconds.
  public struct Latency: Hashable, Sendable, Codable {
    /// `sandbox`, `reference`, `live`, or ``underLoad``.
    public var side: String
    public var operations: UInt64
    public var latencyP50Us: Double
    public var latencyP99Us: Double
    public var latencyP999Us: Double
    public var latencyMaxUs: Double
    /// How an open loop went; nil: a closed one, and in runs that were recorded before there were others.
    public var offered: Offered?
    /// The side that is the sandbox while it is written to: no reference to measure it against.
    public static let underLoad = "sandbox under load"
    public init(side: String, operations: UInt64, p50: Double, p99: Double, p999: Double, max: Double) {
      self.side = side
      self.operations = operations
      latencyP50Us = p50
      latencyP99Us = p99
      latencyP999Us = p999
      latencyMaxUs = max
    }

    /// Latency from intended starts, in microseconds, and whether the rate was kept.
    public struct Offered: Hashable, Sendable, Codable {
      /// Operations a second.
      public var rateAsked: Double
      public var rateAchieved: Double
      public var latencyP50Us: Double
      public var latencyP99Us: Double
      public var latencyP999Us: Double
      public var latencyMaxUs: Double
      /// How far behind its intended start the last operation was sent.
      public var endedBehindMs: Double
      /// The generator's own part of that: from when an operation was due and a client free to its sending.
      public var generatorLagP99Us: Double
      /// Operations that were due and not sent, since all clients had as many outstanding as they may.
      public var unsent: UInt64
      /// Whether the generator measured itself: then the latencies say nothing about the store.
      public var isGeneratorSaturated: Bool
      public init(
        rateAsked: Double, rateAchieved: Double, p50: Double, p99: Double, p999: Double, max: Double,
        endedBehindMs: Double, generatorLagP99Us: Double, unsent: UInt64, isGeneratorSaturated: Bool
      ) {
        self.rateAsked = rateAsked
        self.rateAchieved = rateAchieved
        latencyP50Us = p50
        latencyP99Us = p99
        latencyP999Us = p999
        latencyMaxUs = max
        self.endedBehindMs = endedBehindMs
        self.generatorLagP99Us = generatorLagP99Us
        self.unsent = unsent
        self.isGeneratorSaturated = isGeneratorSaturated
      }
    }
  }

  /// Pass needs the required level, no finding, nothing that could not be looked at, and checks that find what is planted.
  public var verdict: Verdict {
    var parts: [Verdict] = findings.map { _ in .fail } + obstacles.map { _ in .inconclusive }
    if let answers, answers.indeterminate > 0 { parts.append(.inconclusive) }
    if let selfTest, !selfTest.isSound { parts.append(.inconclusive) }
    if drift.contains(where: { $0.attribution == .ambiguous && $0.count > 0 }) { parts.append(.inconclusive) }
    parts.append(reaches(requiredLevel) ? .pass : .inconclusive)
    if coverage.allSatisfy({ $0.coverage.examined == 0 }) { parts.append(.inconclusive) }
    return .combining(parts)
  }

  /// Whether it is about a backup that nobody sealed.
  public var isUnsealed: Bool { backups.contains { $0.unsealed != nil } }

  /// The highest level whose evidence, and that of all levels before it, is there.
  ///
  /// Of an unsealed backup nothing says what the bytes should be. It has no ``Level/bytes`` to reach on the way, and none after ``Level/restored``: whatever it
  /// is compared with, nobody vouches that it is the backup of the cut that it stands for.
  public var level: Level {
    var reached = Level.none
    for level in Level.allCases.dropFirst() {
      if isUnsealed, level > .restored { break }
      if levels.contains(where: { $0.level == level }) {
        reached = level
      } else if !isUnsealed || level != .bytes {
        break
      }
    }
    return reached
  }

  /// Whether the evidence reaches what is required; an unsealed backup reaches ``Level/bytes`` only where that has evidence of its own.
  public func reaches(_ required: Level) -> Bool {
    level >= required
      && (!isUnsealed || required != .bytes || levels.contains { $0.level == .bytes })
  }

  /// What the level claims, one sentence, with what an unsealed backup leaves open.
  public var claim: String { level.claim(for: backups) }

  /// The first stage with a finding; nil where there is none.
  public var firstFailingStage: Stage? { findings.map(\.stage).min() }

  /// Restore time: the longest shard's phases from locating to the first correct answer, in milliseconds; waves add up.
  public var restoreMs: Double {
    phases.filter { $0.phase.isRestore && $0.shard == nil }.reduce(0) { $0 + $1.elapsedMs }
  }
}
