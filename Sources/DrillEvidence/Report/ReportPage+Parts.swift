public import DrillModel

extension ReportPage {
  /// The run in focus.
  public struct RunFacts: Hashable, Sendable, Codable {
    public var run: String
    public var drill: String
    public var engine: String?
    public var state: RunEntry.State
    /// Nil unless it finished.
    public var verdict: Verdict?
    public var level: Level?
    public var requiredLevel: Level?
    public var startedAt: Instant
    public var finishedAt: Instant?
    public var seed: UInt64
    public var tool: String?
    public var host: String?
    public var backups: [Run.BackupExamined]
    public var sandbox: SandboxFacts?
    /// Nil where the run planted nothing, or its details are gone.
    public var selfTest: SelfTest?
    public var selfTestTally: SelfTest.Tally?
    public var fingerprintRoot: Digest?
    /// SHA-256 over the drill file and all that it names.
    public var policy: Digest?
    public var governance: Governance?
    /// Whether the run is there in full, or only what outlives its details.
    public var hasDetails: Bool
    /// Leaves of the ledger that record its start and its end.
    public var leaves: [Int]
  }

  /// A finding with what to do about it, and how it stands.
  public struct FindingLine: Hashable, Sendable, Codable {
    /// ``RecordedFinding/id``; nil where the run's leaf does not name it.
    public var id: String?
    public var code: FindingCode
    public var severity: Severity
    public var stage: Stage
    public var subject: Finding.Subject
    /// From the run in focus; nil where its details are gone, or where another run found it.
    public var expected: String?
    public var observed: String?
    public var isInRun: Bool
    /// How it stands across runs; nil where it could not be followed.
    public var state: FollowedFinding.State?
    public var openedAt: Instant?
    public var lastSeenAt: Instant?
    public var deadline: Instant?
    public var isOverdue: Bool
    public var owner: String?
    public var escalation: [String]
    /// How many runs saw it, and how often it came back.
    public var seen: Int
    public var reopened: Int
    public var meaning: String
    public var action: String
    /// The last word that somebody left on it.
    public var lastWord: String?

    /// Resolved or withdrawn, and not found by the run that is reported on.
    public var isClosed: Bool { !isInRun && (state == .resolved || state == .withdrawn) }
  }

  /// Something that was not examined or is not known.
  public struct Gap: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
      /// Part of what was declared, left out for a stated reason.
      case skipped
      /// Something stood in the way.
      case obstacle
      /// It was not part of the drill, or did not come to it.
      case notDone = "not-done"
      /// It may have been examined, but the ledger does not say so (any more).
      case notRecorded = "not-recorded"
      /// A run that should have been there.
      case missing
    }

    public var kind: Kind
    public var subject: String
    public var reason: String
    /// How much, in words; nil where it has no measure.
    public var amount: String?
  }

  public struct LevelStep: Hashable, Sendable, Codable {
    public var level: Level
    public var isReached: Bool
    public var isRequired: Bool
    public var claim: String
    /// What established it; empty where it is not reached or the evidence's words are gone.
    public var evidence: [String]
    /// Why it is not reached; nil where it is, or where a level before it is not.
    public var missing: String?
  }

  /// What it took to restore, from locating the backup to the first correct answer.
  public struct RestoreFacts: Hashable, Sendable, Codable {
    /// Nil where nothing was restored.
    public var totalMs: Double?
    public var targetMs: Double?
    public var isMet: Bool?
    /// In their order; empty where they are not recorded.
    public var phases: [PhaseTime]
    /// The slowest shards, where shards were timed one by one.
    public var shards: [ShardTime]
    /// Phases of the drill around the restore.
    public var around: [PhaseTime]
  }

  public struct PhaseTime: Hashable, Sendable, Codable {
    public var phase: Phase
    public var elapsedMs: Double
  }

  public struct ShardTime: Hashable, Sendable, Codable {
    public var shard: String
    public var elapsedMs: Double
  }

  public struct DriftFacts: Hashable, Sendable, Codable {
    /// Whether sandbox and a later reference were compared at all; nil where that is not recorded.
    public var wasLookedFor: Bool?
    public var tallies: [Run.DriftTally]
    public var total: UInt64
  }

  /// Where content differs: slots by shard.
  public struct SlotMap: Hashable, Sendable, Codable {
    /// Slots whose every record was restored and read back; nil where that is not recorded.
    public var examined: SlotSet?
    public var rows: [Row]
    /// Differences that name no slot.
    public var unplaced: Int

    public struct Row: Hashable, Sendable, Codable {
      /// Nil: the finding names no shard and no topology tells it.
      public var shard: String?
      /// What the shard owned; nil where no topology is recorded.
      public var owned: SlotSet?
      public var differing: [SlotCount]
    }

    public struct SlotCount: Hashable, Sendable, Codable {
      public var slot: Slot
      public var findings: Int
    }

    public var differing: Int { Set(rows.flatMap { $0.differing.map(\.slot) }).count }
  }

  /// One drill's runs one after the other.
  public struct Trend: Hashable, Sendable, Codable {
    public var drill: String
    /// How many runs there were before the points.
    public var omitted: Int
    public var points: [Point]

    public struct Point: Hashable, Sendable, Codable {
      public var run: String
      public var at: Instant
      public var verdict: Verdict
      /// Nil where nothing was restored.
      public var restoreMs: Double?
      public var targetMs: Double?
      /// Nil where drift was not looked for.
      public var drift: [Run.DriftTally]?
    }
  }

  public struct RunLine: Hashable, Sendable, Codable {
    public var run: String
    public var drill: String
    public var state: RunEntry.State
    public var startedAt: Instant
    public var verdict: Verdict?
    public var level: Level?
    public var findings: Int
    public var obstacles: Int
    public var restoreMs: Double?
    /// Nil where drift was not looked for.
    public var drift: UInt64?
  }

  /// Runs of the time by how they ended.
  public struct Counts: Hashable, Sendable, Codable {
    public var pass = 0
    public var inconclusive = 0
    public var fail = 0
    public var interrupted = 0
    public var running = 0
    public var missed = 0
    public var skipped = 0

    public var finished: Int { pass + inconclusive + fail }
  }

  /// A drill that did not run since a run had verified the same.
  public struct SkipLine: Hashable, Sendable, Codable {
    public var drill: String
    public var at: Instant
    public var reliesOn: String
  }
}
