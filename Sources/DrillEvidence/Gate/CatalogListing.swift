public import DrillModel

/// Which backups were retained, as a catalog said when it was listed: a fact that a ledger does not hold, and that a decision therefore repeats.
///
/// What manifests claim here is not verified. It is held against runs by the manifest's digest, which a run records of a manifest that it did verify.
public struct CatalogListing: Hashable, Sendable, Codable {
  public var folder: String
  public var listedAt: Instant
  public var backups: [RetainedBackup]
  /// Backups of which the manifest cannot be read: nobody knows of which cluster they are.
  public var unreadable: [String]

  public init(folder: String, listedAt: Instant, backups: [RetainedBackup], unreadable: [String]) {
    self.folder = folder
    self.listedAt = listedAt
    self.backups = backups
    self.unreadable = unreadable
  }
}

/// A backup that a catalog holds.
public struct RetainedBackup: Hashable, Sendable, Codable {
  public var backup: String
  public var cluster: String
  /// SHA-256 of the statement in its envelope.
  public var manifest: Digest
  public var cut: Instant
  public var kind: Manifest.Kind
  public var retention: String?
  /// Stored bytes of all its artifacts.
  public var bytes: UInt64

  public init(_ manifest: Manifest, digest: Digest) {
    backup = manifest.backup
    cluster = manifest.cluster
    self.manifest = digest
    cut = manifest.cut.time
    kind = manifest.kind
    retention = manifest.retention
    bytes = manifest.artifacts.reduce(0) { $0 &+ $1.sizeBytes }
  }
}
