public import DrillModel

/// What is asked of an export.
public struct EvidenceRequest: Sendable {
  public var from: Instant
  public var to: Instant
  /// Empty: every cluster of the ledger.
  public var clusters: [String]
  public var exportedAt: Instant
  public var tool: String
  public var showsKeys: Bool
  /// The tree that an earlier export stood on; nil: the last that the ledger records of these clusters, if any.
  public var previous: EvidenceManifest.Head?

  public init(
    from: Instant, to: Instant, clusters: [String] = [], exportedAt: Instant, tool: String, showsKeys: Bool = false,
    previous: EvidenceManifest.Head? = nil
  ) {
    self.from = from
    self.to = to
    self.clusters = clusters
    self.exportedAt = exportedAt
    self.tool = tool
    self.showsKeys = showsKeys
    self.previous = previous
  }

  /// The export that this one goes on from: the one that is named, else the last that covered every cluster of this one.
  func head(before history: History) -> EvidenceManifest.Head? {
    if let previous { return previous }
    return history.exports.last { export in
      export.body.clusters.isEmpty || (!clusters.isEmpty && Set(clusters).isSubset(of: export.body.clusters))
    }.map { EvidenceManifest.Head(size: $0.body.size, root: $0.body.root) }
  }
}
