public import DrillModel

/// States that evidence was exported, and of which tree: the next export proves that it goes on from there.
public struct EvidenceExported: LeafBody, Hashable {
  public static var kind: LeafKind { .evidenceExport }

  public var from: Instant
  public var to: Instant
  public var clusters: [String]
  public var size: Int
  public var root: Digest

  public init(from: Instant, to: Instant, clusters: [String], size: Int, root: Digest) {
    self.from = from
    self.to = to
    self.clusters = clusters
    self.size = size
    self.root = root
  }
}
