public import DrillModel

/// What verifying an archive found: facts first, problems as typed values.
public struct EvidenceVerification: Hashable, Sendable, Codable {
  /// What the archive says that it is; nil where no trusted key signed that.
  public internal(set) var manifest: EvidenceManifest?
  public internal(set) var files = 0
  public internal(set) var statements = 0
  public internal(set) var leavesShown = 0
  public internal(set) var runs = RunCounts()
  /// The trusted keys that signed: the exporter's first, then reviewers', each once.
  public internal(set) var signers: [String] = []
  public internal(set) var signOffs: [SignOffFact] = []
  /// Sizes of earlier heads with which the tree was shown to begin.
  public internal(set) var heads: [Int] = []
  /// Nil where there is no CMS signature.
  public internal(set) var certificate: CertificateFact?
  public internal(set) var timeStamp: TimeStampFact?
  /// What was not looked at, and why.
  public internal(set) var notExamined: [String] = []
  public internal(set) var problems: [EvidenceProblem] = []

  public var isSound: Bool { problems.isEmpty }

  /// Runs by what they concluded, counted from the statements, not from what the archive says of itself.
  public struct RunCounts: Hashable, Sendable, Codable {
    public internal(set) var pass = 0
    public internal(set) var inconclusive = 0
    public internal(set) var fail = 0
    /// Drills that should have run and did not.
    public internal(set) var missed = 0
  }

  public struct CertificateFact: Hashable, Sendable, Codable {
    public var holder: String
    public var issuer: String
    /// Whether it leads to a root that was given; nil where none was.
    public var isTrusted: Bool?
    /// The time that the signer claims.
    public var claimedAt: Instant?
  }

  public struct TimeStampFact: Hashable, Sendable, Codable {
    public var time: Instant
    /// Whether the authority leads to a root that was given; nil where none was.
    public var isTrusted: Bool?
  }

  public struct SignOffFact: Hashable, Sendable, Codable {
    public var who: String
    public var role: String
    public var at: Instant
    public var key: String
  }
}
