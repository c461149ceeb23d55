import DrillModel

/// A backup of a topology epoch restores: the present epoch, or the one before the move, to which one would go back.
public struct EpochClause: GateClause {
  public static var name: String { "epochs" }

  public enum Epoch: String, Sendable, Codable, CaseIterable {
    case present
    /// The newest epoch below the present one in which slots were divided otherwise and nothing was moving.
    case beforeMove = "before-move"
  }

  public var epoch: Epoch
  /// How old the run that restored it may be; nil: any age.
  public var within: Duration?

  public init(_ epoch: Epoch, within: Duration? = nil) {
    self.epoch = epoch
    self.within = within
  }

  public var required: String {
    (epoch == .present ? "a backup of the present epoch restores" : "a backup from before the move restores")
      + (within.map { ", within \(GateWords.duration($0))" } ?? "")
  }
  public var lookback: Duration? { within }
  public var nextStep: String {
    epoch == .present
      ? "Take a backup now and drill it (capture: in the drill file)."
      : "Drill the last backup from before the move (backup: {id: …} in a drill file)."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let present = facts.presentTopology else {
      return .cannotBeTold("no topology of \(facts.cluster) is recorded")
    }
    guard let topology = epoch == .present ? present : before(present, facts) else {
      return .cannotBeTold(
        "epoch \(present.body.epoch) is the only way of dividing the slots that is recorded",
        facts: [RecordedFact(leaf: present.leaf)])
    }
    let wanted = topology.body.epoch
    let seen = RecordedFact(leaf: topology.leaf)
    // The last run of each backup of that epoch.
    var last: [String: Recorded<RunFinished>] = [:]
    for run in facts.runs where run.body.verdict != .inconclusive {
      for backup in run.body.backups where backup.stated?.epoch == wanted { last[backup.backup] = run }
    }
    let runs = last.values.sorted { $0.leaf < $1.leaf }
    guard !runs.isEmpty else {
      return .cannotBeTold(
        "no drill of a backup of epoch \(wanted) is recorded", measured: "not drilled", facts: [seen])
    }
    let passed = runs.filter { $0.body.verdict == .pass && $0.body.level >= .restored }
    guard let best = passed.last(where: { $0.body.restoredAllShards == true }) ?? passed.last else {
      let failed = runs[runs.count - 1]
      return ClauseOutcome(
        .notMet, measured: "does not restore",
        reason: "no backup of epoch \(wanted) was restored by a passing run; the last run is \(failed.body.run)",
        facts: [seen, RecordedFact(failed)])
    }
    guard best.body.restoredAllShards == true else {
      return .cannotBeTold(
        "\(best.body.run) restored a backup of epoch \(wanted), but not all its shards", measured: "in part",
        facts: [seen, RecordedFact(best)])
    }
    let name = best.body.backups.first { $0.stated?.epoch == wanted }?.backup ?? ""
    let reason = "\(best.body.run) restored \(name), of epoch \(wanted)"
    guard let within else {
      return ClauseOutcome(.met, measured: "restored", reason: reason, facts: [seen, RecordedFact(best)])
    }
    guard let age = facts.age(of: best.body.finishedAt) else {
      return .cannotBeTold("\(best.body.run) says that it ended after now", facts: [RecordedFact(best)])
    }
    return .decided(
      age <= within, measured: "restored \(GateWords.duration(age)) ago", reason: reason,
      facts: [seen, RecordedFact(best)],
      quantity: ComparedQuantity(required: within.milliseconds, measured: age.milliseconds, unit: "ms"))
  }

  private func before(_ present: Recorded<TopologySeen>, _ facts: ClusterFacts) -> Recorded<TopologySeen>? {
    func division(_ topology: TopologySeen) -> Set<SlotSet> { Set(topology.shards.values) }
    return facts.topologies.filter {
      $0.body.epoch < present.body.epoch && $0.body.moves.isEmpty
        && (division($0.body) != division(present.body) || !present.body.moves.isEmpty)
    }.max { ($0.body.epoch, $0.leaf) < ($1.body.epoch, $1.leaf) }
  }
}
