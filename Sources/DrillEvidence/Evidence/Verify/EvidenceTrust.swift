public import DrillCrypto
public import DrillModel

/// What whoever verifies an archive brings along.
public struct EvidenceTrust: Sendable {
  /// A file from outside of the archive.
  public struct File: Hashable, Sendable {
    public var name: String
    public var bytes: [UInt8]
    public init(_ name: String, _ bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// One of these must have signed.
  public var keys: [PublicKey]
  /// Roots to which the CMS signature's certificate must lead; nil: the chain is not looked at.
  public var roots: CertificateChain?
  public var stampRoots: CertificateChain?
  /// Heads of the ledger from an earlier time: checkpoints, plain or signed, or whole archives.
  public var previous: [File]
  public var signOffs: [File]
  /// How many different keys must have signed.
  public var minimumSigners: Int
  /// When certificates must be valid where no trusted time stamp says when they signed.
  public var now: Instant

  public init(
    keys: [PublicKey], roots: CertificateChain? = nil, stampRoots: CertificateChain? = nil, previous: [File] = [],
    signOffs: [File] = [], minimumSigners: Int = 1, now: Instant
  ) {
    self.keys = keys
    self.roots = roots
    self.stampRoots = stampRoots
    self.previous = previous
    self.signOffs = signOffs
    self.minimumSigners = minimumSigners
    self.now = now
  }

  /// The head of a ledger that a checkpoint or an archive states, whoever signed it; nil where there is none.
  public static func head(in bytes: [UInt8]) -> TreeHead? { EvidenceVerifier.head(bytes, [])?.head }
}
