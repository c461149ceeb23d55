import DrillCrypto
import DrillEvidence
public import DrillModel

/// What to export, by whose keys, to where.
public struct EvidenceOrder: Sendable {
  public var ledger: String
  public var from: Instant
  public var to: Instant
  /// Empty: every cluster.
  public var clusters: [String] = []
  /// The private key that signs statements, head and manifest: Ed25519 or P-256.
  public var key: String
  /// The certificate chain, signer's first, for a CMS signature; nil: none is made.
  public var certificate: String?
  /// The private key of the certificate; nil: ``key``.
  public var documentKey: String?
  /// A shell command that gets a time-stamp query on its standard input and answers the reply; nil: no time stamp.
  public var stampCommand: String?
  /// An earlier archive, or a checkpoint of the ledger; nil: the last export that the ledger records.
  public var previous: String?
  /// Catalogs whose anchored heads the ledger must confirm.
  public var anchors: [String] = []
  public var showsKeys = false
  public var output: String

  public init(ledger: String, from: Instant, to: Instant, key: String, output: String) {
    self.ledger = ledger
    self.from = from
    self.to = to
    self.key = key
    self.output = output
  }

  func seal() throws -> EvidenceSeal {
    let signingKey = try KeyFile.readSigningKey(Workplace.absolute(key))
    guard let certificate else {
      guard documentKey == nil else {
        throw DrillError(
          .usage, subject: "--cms-key", detail: "a CMS signature needs a certificate too: name it by --cert")
      }
      return EvidenceSeal(key: signingKey)
    }
    if documentKey == nil, signingKey.algorithm == .ed25519 {
      throw DrillError(
        .usage, subject: key,
        detail: "CMS takes no Ed25519 key: name the certificate's own key (ECDSA P-256 or RSA) by --cms-key")
    }
    let path = documentKey ?? key
    return EvidenceSeal(
      key: signingKey,
      document: EvidenceSeal.Document(
        key: try DocumentKey(pem: EvidenceInput.read(path, limit: 1 << 16), subject: path),
        chain: try CertificateChain(pem: EvidenceInput.read(certificate, limit: 1 << 20), subject: certificate)))
  }

  func previousHead(of origin: String) throws -> EvidenceManifest.Head? {
    guard let previous else { return nil }
    guard let head = EvidenceTrust.head(in: try EvidenceInput.read(previous)) else {
      throw DrillError(
        .usage, subject: previous, detail: "this is neither an archive of evidence nor a ledger's checkpoint")
    }
    guard head.origin == origin else {
      throw DrillError(.usage, subject: previous, detail: "this is of another ledger: \(head.origin)")
    }
    return EvidenceManifest.Head(size: Int(clamping: head.size), root: head.root)
  }
}
