import DrillModel

/// The run that decides restored within a time.
public struct RestoreTimeClause: GateClause {
  public static var name: String { "rto" }
  public var atMost: Duration
  public init(atMost: Duration) { self.atMost = atMost }

  public var required: String { "at most \(GateWords.duration(atMost))" }
  public var nextStep: String {
    "See which phase took the time (firedrill ledger show); restore shards in parallel, or plan for longer."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    guard run.body.hasRestored else {
      return .cannotBeTold("\(run.body.run) restored nothing", measured: "not restored", facts: [RecordedFact(run)])
    }
    let time = Format.duration(ms: run.body.restoreMs)
    guard run.body.restoredAllShards == true else {
      return .cannotBeTold(
        "\(run.body.run) took \(time), and does not say that it restored all shards", measured: time,
        facts: [RecordedFact(run)])
    }
    return .decided(
      run.body.restoreMs <= atMost.milliseconds, measured: time, reason: "\(run.body.run) restored in \(time)",
      facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: atMost.milliseconds, measured: run.body.restoreMs, unit: "ms"))
  }
}
