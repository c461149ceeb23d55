public import DrillModel

/// The run that decides restored into a sandbox that was kept apart at least so far.
public struct IsolationClause: GateClause {
  public static var name: String { "isolation" }
  public var atLeast: Isolation
  public init(atLeast: Isolation) { self.atLeast = atLeast }

  public var required: String { "at least \(atLeast.rawValue)" }
  public var nextStep: String { "`firedrill doctor` says which isolation this machine gives, and what is missing." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    guard let isolation = run.body.isolation else {
      return .cannotBeTold("\(run.body.run) records no sandbox", facts: [RecordedFact(run)])
    }
    return .decided(
      isolation >= atLeast, measured: isolation.rawValue, reason: "\(run.body.run) restored in \(isolation.rawValue)",
      facts: [RecordedFact(run)])
  }
}
