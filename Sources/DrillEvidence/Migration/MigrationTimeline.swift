public import DrillModel

/// A migration with all that is recorded around it, on one axis: what a person who is woken must see, and `--json` prints.
public struct MigrationTimeline: Sendable, Codable {
  public var cluster: String
  public var migration: String
  public var stage: MigrationStage
  /// When the stage was reached.
  public var since: Instant
  /// The stage that comes next; absent at an end.
  public var next: MigrationStage?
  public var isOpen: Bool
  /// When this was put together: ages are told against it.
  public var at: Instant
  public var stages: [StageReached]
  public var moves: [MoveProgress]
  public var backups: [Backup]
  public var drills: [Drill]
  public var decisions: [Decision]
  public var topologies: [TopologySighted]
  /// The epoch of the last topology that the live servers showed; absent where none was seen.
  public var presentEpoch: UInt64?
  /// The newest passing run of each epoch, the newest epoch first.
  public var verified: [Verified]
  /// What is not there and should be, a sentence each.
  public var missing: [String]

  public struct StageReached: Sendable, Codable {
    public var stage: MigrationStage
    public var at: Instant
    /// When the next one was reached; absent in the last.
    public var until: Instant?
    public var events: [MigrationEvent]
  }

  public struct Backup: Sendable, Codable {
    public var backup: String
    /// Its cut's time, or where no run examined it the time of the event that names it.
    public var at: Instant
    /// The stage of the event that names it; absent where only drills know it.
    public var stage: MigrationStage?
    public var epoch: UInt64?
    /// Slots under way at its cut.
    public var movesInFlight: Int?
    public var coherence: Cut.Coherence?
    /// What the last run over it found; absent where none did.
    public var run: String?
    public var verdict: Verdict?
    public var level: Level?

    /// Whether a drill has restored it, and found nothing wrong.
    var isProven: Bool { verdict == .pass && level ?? .bytes >= .restored }
  }

  public struct Drill: Sendable, Codable {
    public var run: String
    public var drill: String
    public var at: Instant
    public var verdict: Verdict
    public var level: Level
    public var backups: [String]
    public var epoch: UInt64?
  }

  public struct Decision: Sendable, Codable {
    public var decision: String
    public var policy: String
    public var at: Instant
    public var outcome: String
    public var stage: String
    public var expires: Instant
    public var unmet: [String]
  }

  public struct TopologySighted: Sendable, Codable {
    public var epoch: UInt64
    public var seenIn: String
    public var at: Instant
    public var slotsMoving: Int
  }

  public struct Verified: Sendable, Codable {
    public var epoch: UInt64
    public var level: Level
    public var run: String
    public var at: Instant
    public var cut: Instant?
    /// A later run over a backup of this epoch that failed; absent: none did.
    public var failedSince: String?
  }

  /// Epochs of which it is told what verified them.
  static let mostEpochs = 5

  /// - Parameters:
  ///   - history: of the cluster at least.
  ///   - now: what ages are told against; what is recorded later is not left out.
  public init(_ migration: Migration, in history: History, at now: Instant) {
    let runs = history.runs.filter { $0.body.cluster == migration.cluster }
    self.init(
      migration, others: history.migrations(of: migration.cluster).filter { $0.name != migration.name }, runs: runs,
      decisions: history.decisions.filter { $0.body.clusters.contains(migration.cluster) },
      timeline: TopologyTimeline(history, cluster: migration.cluster), at: now)
  }

  init(
    _ migration: Migration, others: [Migration], runs: [Recorded<RunFinished>], decisions: [Recorded<GateDecided>],
    timeline: TopologyTimeline, at now: Instant
  ) {
    cluster = migration.cluster
    self.migration = migration.name
    stage = migration.stage
    since = migration.stageSince
    next = migration.stage.next
    isOpen = migration.isOpen
    at = now
    stages = Self.stages(migration)
    moves = MoveProgress.all(of: migration, in: timeline, others: others)

    let named = Dictionary(migration.checkpoints.map { ($0.backup, $0.stage) }, uniquingKeysWith: { first, _ in first })
    let (begin, end) = (migration.beganAt, migration.endedAt ?? now)
    // What happened while it went on, and what concerns its own backups whenever that was.
    let own = runs.filter { run in
      (begin...max(begin, end)).contains(run.body.startedAt) || run.body.backups.contains { named[$0.backup] != nil }
    }
    drills = own.map { Drill($0.body) }.sorted { ($0.at, $0.run) < ($1.at, $1.run) }
    backups = Self.backups(migration, runs: own)
    self.decisions = decisions.filter { $0.time >= begin && $0.time <= end }.map { Decision($0) }
    topologies = timeline.sightings.filter { $0.since >= begin && $0.since <= end }.map {
      TopologySighted(
        epoch: $0.topology.epoch, seenIn: $0.seenIn, at: $0.since,
        slotsMoving: Set($0.topology.moves.map(\.slot)).count)
    }
    presentEpoch = (timeline.lastLive ?? timeline.sightings.last)?.topology.epoch
    verified = Self.verified(runs)
    missing = []
    missing = MigrationGaps(self, migration, timeline).sentences
  }

  private static func stages(_ migration: Migration) -> [StageReached] {
    var stages: [StageReached] = []
    for event in migration.events.map(\.body) {
      if stages.last?.stage == event.stage {
        stages[stages.count - 1].events.append(event)
      } else {
        if !stages.isEmpty { stages[stages.count - 1].until = event.at }
        stages.append(StageReached(stage: event.stage, at: event.at, events: [event]))
      }
    }
    return stages
  }

  private static func backups(_ migration: Migration, runs: [Recorded<RunFinished>]) -> [Backup] {
    var found: [String: Backup] = [:]
    for event in migration.events.map(\.body) {
      guard let name = event.backup, found[name] == nil else { continue }
      found[name] = Backup(backup: name, at: event.at, stage: event.stage)
    }
    for run in runs.map(\.body) {
      for looked in run.backups {
        var backup = found[looked.backup] ?? Backup(backup: looked.backup, at: looked.cut?.time ?? run.startedAt)
        backup.at = looked.cut?.time ?? backup.at
        backup.epoch = looked.stated?.epoch ?? backup.epoch
        backup.movesInFlight = looked.stated?.movesInFlight ?? backup.movesInFlight
        backup.coherence = looked.cut?.coherence ?? backup.coherence
        (backup.run, backup.verdict, backup.level) = (run.run, run.verdict, run.level)
        found[looked.backup] = backup
      }
    }
    return found.values.sorted { ($0.at, $0.backup) < ($1.at, $1.backup) }
  }

  private static func verified(_ runs: [Recorded<RunFinished>]) -> [Verified] {
    var newest: [UInt64: Verified] = [:]
    for run in runs.map(\.body) where run.verdict != .inconclusive {
      for backup in run.backups {
        guard let epoch = backup.stated?.epoch else { continue }
        guard run.verdict == .pass else {
          newest[epoch]?.failedSince = run.run
          continue
        }
        newest[epoch] = Verified(
          epoch: epoch, level: run.level, run: run.run, at: run.finishedAt, cut: backup.cut?.time)
      }
    }
    return Array(newest.values.sorted { $0.epoch > $1.epoch }.prefix(mostEpochs))
  }
}

extension MigrationTimeline.Drill {
  init(_ run: RunFinished) {
    self.init(
      run: run.run, drill: run.drill, at: run.startedAt, verdict: run.verdict, level: run.level,
      backups: run.backups.map(\.backup), epoch: run.backups.compactMap { $0.stated?.epoch }.max())
  }
}

extension MigrationTimeline.Decision {
  init(_ decided: Recorded<GateDecided>) {
    self.init(
      decision: decided.body.decision, policy: decided.body.policyName, at: decided.time,
      outcome: decided.body.outcome, stage: decided.body.stage, expires: decided.body.expires,
      unmet: decided.body.unmet)
  }
}

extension MigrationTimeline {
  /// How many slots events say are moved, in all or in one state.
  func slotsAnnounced(in state: MoveProgress.State? = nil) -> Int {
    moves.filter { $0.isAnnounced && (state == nil || $0.state == state) }.reduce(0) { $0 + $1.slots.count }
  }
}
