public import DrillCrypto

/// Who signs an archive.
public struct EvidenceSeal: Sendable {
  /// Signs statements, checkpoint and manifest.
  public var key: SigningKey
  /// Signs the list of digests by CMS, for people who trust X.509; nil: nobody does.
  public var document: Document?

  public struct Document: Sendable {
    public var key: DocumentKey
    public var chain: CertificateChain
    public init(key: DocumentKey, chain: CertificateChain) {
      self.key = key
      self.chain = chain
    }
  }

  public init(key: SigningKey, document: Document? = nil) {
    self.key = key
    self.document = document
  }
}
