import DrillModel

/// The run that decides saw at most so many answers differ. An operation without an answer may have differed or not.
public struct MismatchesClause: GateClause {
  public static var name: String { "mismatches" }
  public var atMost: UInt64
  public init(atMost: UInt64) { self.atMost = atMost }

  public var required: String { "at most \(Format.plural(atMost, "answer"))" }
  public var nextStep: String {
    "Run a drill that replays answers (answers: in the cluster file, workload: in the drill), and ask for the keys by hand."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    guard let answers = run.body.answers, answers.equal + answers.different + answers.indeterminate > 0 else {
      return .cannotBeTold("\(run.body.run) compared no answers", measured: "not compared", facts: [RecordedFact(run)])
    }
    let reason =
      "\(run.body.run): \(Format.count(answers.equal)) answers equal, \(Format.count(answers.different)) different, \(Format.count(answers.indeterminate)) without an answer in time"
    if answers.different <= atMost, answers.indeterminate > atMost - answers.different {
      return .cannotBeTold(
        reason,
        measured: "\(Format.count(answers.different)) to \(Format.count(answers.different + answers.indeterminate))",
        facts: [RecordedFact(run)])
    }
    return .decided(
      answers.different <= atMost, measured: Format.plural(answers.different, "answer"), reason: reason,
      facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: Double(atMost), measured: Double(answers.different), unit: "answers"))
  }
}
