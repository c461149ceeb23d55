import DrillModel

/// The run that decides found at most so many differences that nothing explains. Ambiguous ones may be such or not.
public struct UnexplainedDriftClause: GateClause {
  public static var name: String { "unexplained_drift" }
  public var atMost: UInt64
  public init(atMost: UInt64) { self.atMost = atMost }

  public var required: String { "at most \(Format.plural(atMost, "record"))" }
  public var nextStep: String {
    "Run a drill against `reference: live` with `capture: {follow: true}`, and look at the keys that it names."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    guard run.body.coverage.contains(where: { $0.stage == .drift }) else {
      return .cannotBeTold(
        "\(run.body.run) held the restored copy against no other snapshot", measured: "not compared",
        facts: [RecordedFact(run)])
    }
    func count(_ attribution: Drift.Attribution) -> UInt64 {
      run.body.drift.filter { $0.attribution == attribution }.reduce(0) { $0 &+ $1.count }
    }
    let (unexplained, ambiguous) = (count(.unexplained), count(.ambiguous))
    let reason =
      "\(run.body.run): \(Format.plural(unexplained, "difference")) unexplained, \(Format.count(ambiguous)) ambiguous, \(Format.count(count(.explained))) explained"
    if unexplained <= atMost, ambiguous > atMost - unexplained {
      return .cannotBeTold(
        reason, measured: "\(Format.count(unexplained)) to \(Format.count(unexplained + ambiguous))",
        facts: [RecordedFact(run)])
    }
    return .decided(
      unexplained <= atMost, measured: Format.plural(unexplained, "record"), reason: reason, facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: Double(atMost), measured: Double(unexplained), unit: "records"))
  }
}
