import DrillModel

/// At most so many drills that were due within a window did not run.
public struct MissedDrillsClause: GateClause {
  public static var name: String { "missed_drills" }
  public var atMost: Int
  public var window: Duration

  public init(atMost: Int, over window: Duration) {
    self.atMost = atMost
    self.window = window
  }

  public var required: String { "at most \(Format.count(atMost)) over \(GateWords.duration(window))" }
  public var lookback: Duration? { window }
  public var nextStep: String { "See why the drill's timer did not start it, and run it." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let since = facts.scheduledSince else {
      return .cannotBeTold(
        "no schedule of a drill of \(facts.cluster) is in force (firedrill schedule declare), so that nothing shows what is missing"
      )
    }
    let start = facts.now.advanced(by: .zero - window)
    let missed = facts.missed.filter { $0.due >= start }
    // Nothing is due before a schedule is declared.
    if missed.count <= atMost, since > start {
      return .cannotBeTold(
        "the schedule was declared at \(Format.time(since)), after the window begins", measured: "shorter")
    }
    let named = missed.suffix(3).map { "\($0.drill) at \(Format.time($0.due))" }
    return .decided(
      missed.count <= atMost, measured: Format.count(missed.count),
      reason: missed.isEmpty ? "every drill that was due ran" : "missed: \(named.joined(separator: ", "))", facts: [],
      quantity: ComparedQuantity(required: Double(atMost), measured: Double(missed.count), unit: "drills"))
  }
}
