public import DrillModel

/// What an archive of evidence is: of which period, of which clusters, of which tree. The subjects of its statement are the list of digests and the
/// signatures over it.
public struct EvidenceManifest: Hashable, Sendable, Codable {
  public static let predicateType = "https://firedrill.dev/evidence/v1"

  public var exportedAt: Instant
  public var tool: String
  /// The period: from, and up to but without.
  public var from: Instant
  public var to: Instant
  /// Empty: every cluster of the ledger.
  public var clusters: [String]
  /// The ledger's name and its tree.
  public var log: String
  public var size: Int
  public var root: Digest
  /// The tree that the export before this one stood on; nil where there was none.
  public var previous: Head?
  /// Number of statements.
  public var statements: Int
  public var withheld: Withheld
  public var showsKeys: Bool

  public struct Head: Hashable, Sendable, Codable {
    public var size: Int
    public var root: Digest
    public init(size: Int, root: Digest) {
      self.size = size
      self.root = root
    }
  }

  /// Leaves of which the archive holds the hash alone: by the exporter's word, which nothing in the archive proves.
  public struct Withheld: Hashable, Sendable, Codable {
    public var otherClusters: Int
    public var outsidePeriod: Int
    /// A statement stands for each, with its keys redacted.
    public var showingKeys: Int
    public var total: Int { otherClusters + outsidePeriod + showingKeys }
  }
}
