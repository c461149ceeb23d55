import DrillModel

/// Asked by every policy: the ledger's times go forwards, as far back as the policy's other clauses look, and none lies after now.
struct ClockClause: GateClause {
  static var name: String { "clock" }
  /// How far back the other clauses look.
  var horizon: Duration

  var required: String { "times that go forwards" }
  var nextStep: String {
    "Set the clocks right; the times in doubt lie back far enough after \(GateWords.duration(horizon)), or drill again."
  }

  func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    let tolerance = ClockTrace.tolerance
    if let end = facts.clock.end, end > facts.now.advanced(by: tolerance) {
      return .cannotBeTold(
        "the ledger states \(Format.time(end)), and now is \(Format.time(facts.now)): a clock is wrong",
        measured: "the future")
    }
    let start = facts.now.advanced(by: .zero - horizon)
    if let reversal = facts.clock.reversals.last(where: { $0.after >= start }) {
      return .cannotBeTold(
        "leaf \(reversal.leaf) states \(Format.time(reversal.time)) after \(Format.time(reversal.after)) was stated: a clock ran backwards",
        measured: "backwards", facts: [RecordedFact(leaf: reversal.leaf)])
    }
    return ClauseOutcome(
      .met, measured: "forwards",
      reason: facts.clock.end.map { "the last leaf is of \(Format.time($0))" } ?? "no leaf states a time")
  }
}
