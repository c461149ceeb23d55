public import DrillModel

/// Which leaves an export is about.
public struct EvidenceScope: Hashable, Sendable {
  /// The period: from, and up to but without.
  public var from: Instant
  public var to: Instant
  /// Empty: every cluster of the ledger.
  public var clusters: Set<String>
  /// The size of the tree on which the export before this one stood; nil where there was none.
  public var previousSize: Int?

  public init(from: Instant, to: Instant, clusters: Set<String> = [], previousSize: Int? = nil) {
    self.from = from
    self.to = to
    self.clusters = clusters
    self.previousSize = previousSize
  }

  public func concerns(_ cluster: String) -> Bool { clusters.isEmpty || clusters.contains(cluster) }

  /// Whether it concerns a cluster of the scope, or none in particular.
  func concerns(_ leaf: RawLeaf) -> Bool {
    clusters.isEmpty || leaf.clusters.isEmpty || leaf.clusters.contains { clusters.contains($0) }
  }

  /// Whether a statement stands for the leaf: it lies in the period, or was recorded since the export before this one with a time before the period, so
  /// that nothing slips between two exports by being dated back.
  public func states(_ leaf: RawLeaf) -> Bool {
    concerns(leaf) && leaf.time < to && (leaf.time >= from || isLate(leaf))
  }

  /// Whether the leaf was recorded after the export before this one with a time before the period.
  func isLate(_ leaf: RawLeaf) -> Bool { leaf.time < from && isNew(leaf) }

  /// Whether the leaf is shown as it is: all that is stated, and whatever else was recorded since the export before this one.
  public func shows(_ leaf: RawLeaf) -> Bool { states(leaf) || (concerns(leaf) && isNew(leaf)) }

  private func isNew(_ leaf: RawLeaf) -> Bool { previousSize.map { leaf.leaf >= $0 } ?? false }
}
