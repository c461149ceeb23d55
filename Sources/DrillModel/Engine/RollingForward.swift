/// An engine that replays what was recorded after a backup's cut on what was restored.
///
/// What the stream names is then examined again: what is there in the end is held against the snapshot, where a name in
/// the stream alone would explain any difference.
public protocol RollingForward: ChangeExplaining {
  /// Puts what was restored and the recorded changes up to the snapshot together, one artifact a shard.
  ///
  /// MUST NOT change what was restored, and MUST NOT copy what it can refer to.
  ///
  /// - Parameter folder: exists, is empty, and outlives what is returned.
  /// - Throws: `DrillError`: `artifact-io`; `io` where `folder` cannot be written to.
  func rollForward(_ window: ChangeWindow, in folder: String) throws -> RolledForward
}

/// What was restored, brought forward to a later snapshot.
public struct RolledForward: Sendable {
  /// One a shard that leads from the cut to the snapshot; ``Engine/readArtifact(_:selection:into:)`` takes them.
  public var files: [ArtifactFile]
  /// The other shards, with the reason.
  public var gaps: [String: String]

  public init(files: [ArtifactFile] = [], gaps: [String: String] = [:]) {
    self.files = files
    self.gaps = gaps
  }
}
