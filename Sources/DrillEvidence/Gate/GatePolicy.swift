import DrillCrypto
public import DrillModel

/// What must be so before a move: clauses for both stages of a gate, over named clusters.
public struct GatePolicy: Sendable {
  public var name: String
  /// The policy as it was written.
  public var text: String
  public var clusters: [String]
  /// The drills whose runs count; nil: all of a cluster.
  public var drills: [String]?
  /// How long a decision stands.
  public var validity: Duration
  public var readiness: [any GateClause]
  /// Asked in addition, before the cutover itself.
  public var final: [any GateClause]

  public init(
    name: String, text: String, clusters: [String], drills: [String]? = nil, validity: Duration,
    readiness: [any GateClause], final: [any GateClause]
  ) {
    self.name = name
    self.text = text
    self.clusters = clusters
    self.drills = drills
    self.validity = validity
    self.readiness = readiness
    self.final = final
  }

  public var digest: Digest { SHA256.digest(Array(text.utf8)) }

  /// The clauses of a stage, each with the stage that states it: the final stage asks all that readiness does.
  func clauses(of stage: GateStage) -> [(stage: GateStage, clause: any GateClause)] {
    readiness.map { (.readiness, $0) } + (stage == .final ? final.map { (.final, $0) } : [])
  }

  /// Decides: a pure function of the policy, of what is recorded and of the time that the facts carry.
  ///
  /// - Parameter tool: the program's name and version.
  public func decide(_ stage: GateStage, on facts: GateFacts, tool: String) -> GateDecision {
    let asked = clauses(of: stage)
    let horizon = asked.compactMap { $0.clause.lookback }.max() ?? .zero
    let always: [any GateClause] = [StandingClause(), ClockClause(horizon: horizon)]
    var results: [ClauseResult] = []
    var bindings: [ClusterBinding] = []
    var notExamined: [NotExamined] = []
    for cluster in clusters {
      let recorded = ClusterFacts(facts, cluster: cluster, drills: drills)
      results += always.map { ClauseResult($0, stage: nil, cluster: cluster, $0.evaluate(recorded)) }
      results += asked.map { ClauseResult($0.clause, stage: $0.stage, cluster: cluster, $0.clause.evaluate(recorded)) }
      bindings.append(ClusterBinding(recorded))
      notExamined += NotExamined.list(recorded, running: facts.history.running, started: facts.history.started)
    }
    for other in facts.history.clusters where !clusters.contains(other) {
      notExamined.append(NotExamined(cluster: other, what: "the whole cluster", why: "the policy does not name it"))
    }
    // What is asked always keeps shut, and never opens by itself.
    let outcome = asked.isEmpty || clusters.isEmpty ? .inconclusive : GateOutcome.combining(results.map(\.status))
    return GateDecision(
      decision: identifier(stage, facts), policyName: name, policy: digest, policyText: text, stage: stage,
      clusters: clusters, outcome: outcome, decidedAt: facts.now, expires: facts.now.advanced(by: validity), tool: tool,
      statedClauses: asked.count, clauses: results, bindings: bindings, ledger: facts.ledger, catalog: facts.catalog,
      notExamined: notExamined)
  }

  /// The same for the same policy, ledger and time.
  private func identifier(_ stage: GateStage, _ facts: GateFacts) -> String {
    let parts = "\(digest) \(stage.rawValue) \(facts.ledger.root) \(facts.ledger.size) \(facts.now)"
    let time = facts.now.description.prefix(19).filter { $0 != "-" && $0 != ":" }.lowercased()
    return "\(name)-\(stage.rawValue)-\(time)z-\(SHA256.digest(Array(parts.utf8)).hex.prefix(6))"
  }
}
