import DrillModel

/// Asked by every policy: the last run of every drill that counts passed.
///
/// A drill that fails is not hidden by another one that passes, nor an old pass kept in force by a run that could not look.
struct StandingClause: GateClause {
  static var name: String { "standing" }
  var required: String { "every drill's last run passed" }
  var nextStep: String { "See what the run found (firedrill ledger show RUN), mend it, and run the drill again." }

  func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    var last: [String: Recorded<RunFinished>] = [:]
    for run in facts.runs { last[run.body.drill] = run }
    let runs = last.values.sorted { $0.leaf < $1.leaf }
    // Drills that the policy does not count decide nothing, but a failure after the run that decides does.
    let later = facts.allRuns.filter { $0.leaf > facts.deciding?.leaf ?? .max && $0.body.verdict == .fail }
    if let failed = runs.last(where: { $0.body.verdict == .fail }) ?? later.last {
      let stage = failed.body.firstFailingStage.map { " at \($0.rawValue)" } ?? ""
      return ClauseOutcome(
        .notMet, measured: "failed", reason: "\(failed.body.run) failed\(stage)", facts: [RecordedFact(failed)])
    }
    guard !runs.isEmpty else { return .cannotBeTold(facts.nothingRan) }
    let cutOff = facts.interrupted.last { start in (last[start.body.drill]?.leaf ?? -1) < start.leaf }
    if let cutOff {
      return .cannotBeTold(
        "\(cutOff.body.run) began and never finished", measured: "interrupted",
        facts: [RecordedFact(leaf: cutOff.leaf, run: cutOff.body.run)])
    }
    if let unclear = runs.last(where: { $0.body.verdict == .inconclusive }) {
      let reasons = (unclear.body.obstacles.keys.sorted() + [unclear.body.selfTest?.doubt].compactMap { $0 })
        .joined(separator: ", ")
      return .cannotBeTold(
        "\(unclear.body.run) was inconclusive\(reasons.isEmpty ? "" : ": \(reasons)")", measured: "inconclusive",
        facts: [RecordedFact(unclear)])
    }
    return ClauseOutcome(
      .met, measured: "passed", reason: GateWords.list(runs.map(\.body.run)) + " passed",
      facts: runs.map { RecordedFact($0) }
    )
  }
}
