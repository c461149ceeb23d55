public import DrillModel

/// States what a gate decided; the leaf's details are the signed decision.
public struct GateDecided: LeafBody, Hashable {
  public static var kind: LeafKind { .gateDecision }

  public var decision: String
  public var policyName: String
  public var policy: Digest
  public var clusters: [String]
  /// `readiness` or `final`.
  public var stage: String
  /// `open`, `closed` or `inconclusive`.
  public var outcome: String
  /// Names of the clauses that are not met.
  public var unmet: [String]
  public var expires: Instant

  public init(
    decision: String, policyName: String, policy: Digest, clusters: [String], stage: String, outcome: String,
    unmet: [String], expires: Instant
  ) {
    self.decision = decision
    self.policyName = policyName
    self.policy = policy
    self.clusters = clusters
    self.stage = stage
    self.outcome = outcome
    self.unmet = unmet
    self.expires = expires
  }
}
