/// How one clause of a policy stands for one cluster, with the fact that decided it.
public struct ClauseResult: Hashable, Sendable, Codable {
  /// The clause's name in a policy file; `standing` and `clock` are asked by every policy.
  public var clause: String
  /// The stage that asks it; nil for what every policy asks.
  public var stage: GateStage?
  public var cluster: String
  public var status: ClauseStatus
  /// What is required and what is so, in words.
  public var required: String
  public var measured: String
  /// The fact that decided, one sentence.
  public var reason: String
  public var facts: [RecordedFact]
  public var quantity: ComparedQuantity?
  public var fit: RestoreFit?
  /// What to do about it; nil where it is met.
  public var nextStep: String?

  init(_ clause: any GateClause, stage: GateStage?, cluster: String, _ outcome: ClauseOutcome) {
    self.clause = type(of: clause).name
    self.stage = stage
    self.cluster = cluster
    status = outcome.status
    required = clause.required
    measured = outcome.measured
    reason = outcome.reason
    facts = outcome.facts
    quantity = outcome.quantity
    fit = outcome.fit
    nextStep = outcome.status == .met ? nil : clause.nextStep
  }
}
