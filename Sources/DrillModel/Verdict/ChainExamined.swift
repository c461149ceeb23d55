/// A chain as a run restored it, up to a point.
public struct ChainExamined: Hashable, Sendable, Codable {
  /// A backup of the chain.
  public struct Link: Hashable, Sendable, Codable {
    public var backup: String
    /// SHA-256 of its signed statement.
    public var manifest: Digest

    public init(backup: String, manifest: Digest) {
      self.backup = backup
      self.manifest = manifest
    }
  }

  /// Oldest first: the full backup, and the increments that were made on it up to the one that holds the point.
  public var links: [Link]
  /// The point that was asked for, in words.
  public var asked: String
  /// The point within the last link; the run's cut says where the chain then stood.
  public var point: RestorePoint

  public init(links: [Link], asked: String, point: RestorePoint) {
    self.links = links
    self.asked = asked
    self.point = point
  }

  /// One clause: what was restored.
  public var words: String {
    let increments = links.count - 1
    return "a full backup and \(increments) increment\(increments == 1 ? "" : "s") on it, up to \(asked)"
  }
}

extension Run.BackupExamined {
  /// Whether it is the backup of that name, or was restored from it and others.
  public func holds(_ backup: String) -> Bool {
    self.backup == backup || chain?.links.contains { $0.backup == backup } == true
  }
}
