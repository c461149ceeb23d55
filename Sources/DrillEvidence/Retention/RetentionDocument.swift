public import DrillModel

/// A retention plan as JSON has it: with its verdict, which it does not keep itself.
public struct RetentionDocument: Encodable, Sendable {
  public var verdict: Verdict
  public var plan: RetentionPlan

  public init(_ plan: RetentionPlan) {
    verdict = plan.verdict
    self.plan = plan
  }
}
