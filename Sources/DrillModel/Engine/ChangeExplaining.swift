/// An engine that can say what changed between a cut and a later snapshot of the same cluster.
public protocol ChangeExplaining: Engine {
  /// Evidence for a window, from change logs or from the versions that the snapshot's own records carry.
  ///
  /// Where a follower is still writing those logs, waits until they reach the snapshot, but not beyond the window's patience; where they never do, the
  /// evidence answers ``ChangeFact/unknown``.
  func changeEvidence(for cluster: ClusterDescription, in window: ChangeWindow) async throws -> any ChangeEvidence
}

/// From a backup's cut to a later snapshot.
public struct ChangeWindow: Sendable {
  public var cut: Cut
  /// The backup's data artifacts, and its topology.
  public var restored: [ArtifactFile]
  public var topology: Topology
  public var snapshot: CapturedBackup
  /// Folder of the change logs that began at the cut; nil: there are none.
  public var changes: String?
  /// How long a log that is still being written may take to reach the snapshot.
  public var patience: Duration

  public init(
    cut: Cut, restored: [ArtifactFile], topology: Topology, snapshot: CapturedBackup, changes: String?,
    patience: Duration
  ) {
    self.cut = cut
    self.restored = restored
    self.topology = topology
    self.snapshot = snapshot
    self.changes = changes
    self.patience = patience
  }
}
