/// Where the bytes of backups come from: a catalog's folder, later a bucket.
///
/// Paths are relative, with `/`, without `.` and `..`. Implementations MUST NOT follow symbolic links out of their root.
public protocol ArtifactSource: Sendable {
  /// Everything directly or indirectly below `folder` ("" is the root), whatever it is; sorted by path.
  ///
  /// - Throws: `DrillError` with `artifact-io` when the folder cannot be listed.
  func entries(below folder: String) throws -> [StoredEntry]

  /// The whole content of a small file, such as a manifest.
  ///
  /// - Throws: `DrillError` with `artifact-io` when it cannot be read or is larger than `limit` bytes.
  func contents(of path: String, limit: Int) throws -> [UInt8]

  /// Absolute path of a local file with the artifact's bytes. MUST stay valid and unchanged while the source lives.
  func localPath(of path: String) throws -> String
}

public struct StoredEntry: Hashable, Sendable {
  public enum Kind: String, Sendable { case file, folder, link, other }
  public var path: String
  public var kind: Kind
  public var sizeBytes: UInt64

  public init(path: String, kind: Kind, sizeBytes: UInt64) {
    self.path = path
    self.kind = kind
    self.sizeBytes = sizeBytes
  }
}
