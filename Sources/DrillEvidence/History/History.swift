/// What a ledger says, in its order: all that findings, gates, reports and evidence are concluded from.
///
/// A value: whatever is concluded from it is a pure function of it and of a time that is passed in. Since a ledger only grows, a history is brought up to date
/// by reading what came since (``Ledger/extend(_:)``).
public struct History: Sendable {
  /// The number of leaves that were read: where the next reading goes on.
  public internal(set) var size = 0
  public internal(set) var started: [Recorded<RunStarted>] = []
  public internal(set) var runs: [Recorded<RunFinished>] = []
  public internal(set) var topologies: [Recorded<TopologySeen>] = []
  public internal(set) var findingActions: [Recorded<FindingAction>] = []
  public internal(set) var schedules: [Recorded<ScheduleDeclared>] = []
  public internal(set) var skips: [Recorded<DrillSkipped>] = []
  public internal(set) var notifications: [Recorded<NotificationSent>] = []
  public internal(set) var decisions: [Recorded<GateDecided>] = []
  public internal(set) var migrationEvents: [Recorded<MigrationEvent>] = []
  public internal(set) var exports: [Recorded<EvidenceExported>] = []
  /// Runs that began and whose process was alive when this was read.
  public internal(set) var running: Set<String> = []

  public init() {}

  /// The clusters of which there is a run or a schedule, sorted.
  public var clusters: [String] {
    Set(runs.map(\.body.cluster)).union(started.map(\.body.cluster)).union(schedules.map(\.body.cluster)).sorted()
  }

  /// Runs that began and never finished.
  var unfinished: [Recorded<RunStarted>] {
    let finished = Set(runs.map(\.body.run))
    return started.filter { !finished.contains($0.body.run) }
  }

  /// Those of them whose process is gone.
  public var interrupted: [Recorded<RunStarted>] { unfinished.filter { !running.contains($0.body.run) } }
}
