public import DrillModel

/// What verifying a ledger found: facts first, problems as typed values.
public struct LedgerVerification: Hashable, Sendable, Codable {
  public var origin: String
  /// Number of leaves, and the root that they make; nil where a leaf is missing.
  public var size: Int
  public var root: Digest?
  /// Tree heads that were recomputed and compared.
  public var headsExamined: Int
  /// Details that were read in full and compared with their digest.
  public var detailsExamined: Int
  /// Details that were dropped by age, as a leaf says.
  public var detailsDropped: Int
  public var anchors: [AnchorCheck]
  public var problems: [LedgerProblem]

  public var isSound: Bool { problems.isEmpty }

  /// The largest size that an anchor of this ledger confirms: what comes after could be cut off unseen. Zero where there is none.
  public var anchoredSize: Int { anchors.filter { $0.outcome == .confirmed }.compactMap { $0.head?.size }.max() ?? 0 }
}

/// What became of one anchored tree head.
public struct AnchorCheck: Hashable, Sendable, Codable {
  public enum Outcome: String, Sendable, Codable {
    /// The ledger's tree of that size has that root.
    case confirmed
    /// See the problem of the same place.
    case refuted
    /// It is the head of another ledger, and says nothing of this one.
    case foreign
    /// The ledger's own damage keeps it from being compared.
    case notCompared = "not-compared"
  }

  public var place: String
  public var head: TreeHead?
  public var outcome: Outcome
  public var signature: AnchoredHead.Signature
}
