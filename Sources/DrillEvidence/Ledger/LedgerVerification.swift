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

  /// Of a ledger of which nothing was looked at yet.
  public init(origin: String) {
    self.origin = origin
    size = 0
    headsExamined = 0
    detailsExamined = 0
    detailsDropped = 0
    anchors = []
    problems = []
  }

  public var isSound: Bool { problems.isEmpty }

  /// The largest size that an anchor of this ledger confirms: what comes after could be cut off unseen. Zero where there is none.
  public var anchoredSize: Int { anchors.filter { $0.outcome == .confirmed }.compactMap(\.size).max() ?? 0 }
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
    /// It proves nothing: the ledger's own damage, or the lack of a trusted signature, keeps it from being compared.
    case notCompared = "not-compared"
  }

  /// Who stands behind the head.
  public enum Signature: String, Sendable, Codable {
    /// It is not signed.
    case none
    /// A key that was named as trusted signed it.
    case trusted
    /// It is signed, but no key that was named as trusted verifies it.
    case untrusted
  }

  public var place: String
  /// The head that stands there: of which ledger, at which size, with which root; nil where it cannot be read.
  public var origin: String?
  public var size: Int?
  public var root: Digest?
  public var outcome: Outcome
  public var signature: Signature
  /// The trusted key that signed it.
  public var key: String?

  public init(
    place: String, origin: String?, size: Int?, root: Digest?, outcome: Outcome, signature: Signature,
    key: String? = nil
  ) {
    self.place = place
    self.origin = origin
    self.size = size
    self.root = root
    self.outcome = outcome
    self.signature = signature
    self.key = key
  }
}
