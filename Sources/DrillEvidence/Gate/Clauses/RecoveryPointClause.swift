import DrillModel

/// What would be lost now: the time since the newest cut that a passing run verified.
public struct RecoveryPointClause: GateClause {
  public static var name: String { "rpo" }
  public var atMost: Duration
  public init(atMost: Duration) { self.atMost = atMost }

  public var required: String { "a verified cut within \(GateWords.duration(atMost))" }
  public var lookback: Duration? { atMost }
  public var nextStep: String { "Take a backup now and drill it (capture: in the drill file)." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let (cut, run) = VerifiedCuts(facts).newest else {
      return .cannotBeTold("no passing run of \(facts.cluster) examined a backup that states its cut")
    }
    guard let age = facts.age(of: cut) else {
      return .cannotBeTold(
        "the cut that \(run.body.run) verified, \(Format.time(cut)), lies after now", measured: "the future",
        facts: [RecordedFact(run)])
    }
    return .decided(
      age <= atMost, measured: "\(GateWords.duration(age)) ago",
      reason: "\(run.body.run) verified the cut of \(Format.time(cut))",
      facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: atMost.milliseconds, measured: age.milliseconds, unit: "ms"))
  }
}

/// The cuts that passing runs verified, each once, oldest first.
struct VerifiedCuts {
  let cuts: [(time: Instant, run: Recorded<RunFinished>)]

  init(_ facts: ClusterFacts) {
    var runs: [Instant: Recorded<RunFinished>] = [:]
    for run in facts.runs where run.body.verdict == .pass {
      for backup in run.body.backups { if let cut = backup.cut { runs[cut.time] = run } }
    }
    cuts = runs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  var newest: (Instant, Recorded<RunFinished>)? { cuts.last.map { ($0.time, $0.run) } }
}
