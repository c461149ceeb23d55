/// An engine that can say what changed between a cut and a later snapshot of the same cluster.
public protocol ChangeExplaining: Engine {
  /// Evidence for the window from `cut` to `snapshot`, from the change logs below `changes` (nil: there are none) or from the snapshot's own versions.
  ///
  /// Where a follower is still writing those logs, waits until they reach the snapshot, within `patience`; where they never do, the evidence answers
  /// ``ChangeFact/unknown``.
  func changeEvidence(
    for cluster: ClusterDescription, since cut: Cut, until snapshot: CapturedBackup, changes: String?, patience: Duration
  ) async throws -> any ChangeEvidence
}
