public import DrillEvidence
public import DrillModel

/// What a look at a live cluster's topology found, held against the last look.
public struct TopologyDiscovery: Sendable, Codable {
  public var topology: TopologyDocument
  /// Whether the ledger has a new leaf: it is not the one that was last seen.
  public var isRecorded: Bool
  /// Whether every owner of slots could be asked; what others believe of one that could not is not recorded.
  public var isWhole: Bool
  /// When the live servers were last seen with another topology, or this one; absent: never before.
  public var lastSeen: Instant?
  /// Since then; absent: never looked before.
  public var changes: TopologyDiff?
  /// What is wrong with it; `topology check` judges by the same.
  public var findings: [Finding]
  public var notAsked: [NodeView]
}
