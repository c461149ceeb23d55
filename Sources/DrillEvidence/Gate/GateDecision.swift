public import DrillCrypto
public import DrillModel

/// What a gate decided, with every fact that it rests on: the predicate of a signed in-toto Statement.
public struct GateDecision: Hashable, Sendable, Codable {
  /// The predicate's type URI.
  public static let predicateType = "https://firedrill.dev/gate-decision/v1"

  /// `<policy>-<stage>-<yyyymmddthhmmssz>-<6 hexadecimal digits>`.
  public var decision: String
  public var policyName: String
  /// SHA-256 of ``policyText``.
  public var policy: Digest
  public var policyText: String
  public var stage: GateStage
  public var clusters: [String]
  public var outcome: GateOutcome
  public var decidedAt: Instant
  public var expires: Instant
  public var tool: String
  /// How many clauses the policy states for this stage, over any cluster; the rest of ``clauses`` is asked by every policy.
  public var statedClauses: Int
  public var clauses: [ClauseResult]
  public var bindings: [ClusterBinding]
  /// The ledger as it was when it was read.
  public var ledger: LedgerPosition
  public var catalog: CatalogListing?
  public var notExamined: [NotExamined]

  /// Names of the clauses that are not met, each once.
  public var unmet: [String] { clauses.filter { $0.status == .notMet }.map(\.clause).uniqued() }

  /// Whether the outcome is what the clauses make it.
  public var isConsistent: Bool {
    let combined =
      statedClauses == 0 || clusters.isEmpty ? .inconclusive : GateOutcome.combining(clauses.map(\.status))
    return combined == outcome
  }

  /// The statement over the decision. Its subjects are the manifests of the backups that it rests on; without any, since a statement must have one, the policy.
  public var statement: Statement<GateDecision> {
    var subjects = bindings.flatMap(\.backups).compactMap { backup in
      backup.manifest.map { Statement<GateDecision>.Subject(name: "backup \(backup.backup)", sha256: $0) }
    }.uniqued()
    if subjects.isEmpty { subjects = [.init(name: "policy \(policyName)", sha256: policy)] }
    return Statement(subjects: subjects, predicateType: GateDecision.predicateType, predicate: self)
  }

  /// The decision in an envelope, signed where there is a key.
  public func sealed(with key: SigningKey?) throws -> Envelope { try statement.sealed(with: key.map { [$0] } ?? []) }

  /// The leaf that records the decision.
  var leaf: GateDecided {
    GateDecided(
      decision: decision, policyName: policyName, policy: policy, clusters: clusters, stage: stage.rawValue,
      outcome: outcome.rawValue, unmet: unmet, expires: expires)
  }
}
