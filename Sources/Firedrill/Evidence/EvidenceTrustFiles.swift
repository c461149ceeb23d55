import DrillCrypto
import DrillEvidence
import DrillModel

/// The files that whoever verifies an archive brings along.
public struct EvidenceTrustFiles: Sendable {
  /// Public keys of which one must have signed.
  public var keys: [String]
  /// Root certificates for the CMS signature, and for time-stamp authorities; nil: chains are not followed.
  public var roots: String?
  public var stampRoots: String?
  /// Earlier archives or checkpoints with which the ledger's tree must begin.
  public var previous: [String]
  public var signOffs: [String]
  /// How many different keys must have signed.
  public var minimumSigners: Int

  public init(
    keys: [String], roots: String? = nil, stampRoots: String? = nil, previous: [String] = [], signOffs: [String] = [],
    minimumSigners: Int = 1
  ) {
    self.keys = keys
    self.roots = roots
    self.stampRoots = stampRoots
    self.previous = previous
    self.signOffs = signOffs
    self.minimumSigners = minimumSigners
  }

  func read(at now: Instant) throws -> EvidenceTrust {
    func chain(_ path: String?) throws -> CertificateChain? {
      try path.map { try CertificateChain(pem: EvidenceInput.read($0, limit: 16 << 20), subject: $0) }
    }
    return EvidenceTrust(
      keys: try keys.map { try KeyFile.readPublicKey(Workplace.absolute($0)) }, roots: try chain(roots),
      stampRoots: try chain(stampRoots),
      previous: try previous.map { EvidenceTrust.File($0, try EvidenceInput.read($0)) },
      signOffs: try signOffs.map { EvidenceTrust.File($0, try EvidenceInput.read($0, limit: 1 << 20)) },
      minimumSigners: minimumSigners, now: now)
  }
}
