/// One stored file of a backup.
public struct Artifact: Hashable, Sendable, Codable {
  /// The file's path within the backup's folder, with `/`, never absolute and without `..`.
  public var name: String
  public var role: Role
  /// The shard that it holds; nil for what belongs to the whole backup.
  public var shard: String?
  /// `rdb`, `sqlite`, `sqlite-log`, `answers`, `fingerprint`; `aof`, or `aof-manifest` and `aof-part` for a log of several files.
  public var format: String
  /// Filters that were applied to it, innermost first; empty for none.
  public var encodings: [String]
  public var sizeBytes: UInt64
  public var digest: Digest

  public init(
    name: String, role: Role, shard: String?, format: String, encodings: [String] = [], sizeBytes: UInt64,
    digest: Digest
  ) {
    self.name = name
    self.role = role
    self.shard = shard
    self.format = format
    self.encodings = encodings
    self.sizeBytes = sizeBytes
    self.digest = digest
  }

  public enum Role: String, Sendable, Codable {
    /// The records of a shard.
    case data
    /// What a data artifact needs beside it, under its name and an ending: a database's log (`-wal`) or journal (`-journal`).
    case companion
    /// What was read from the live servers at the cut.
    case reference
    /// A file that lay beside the artifacts when they were sealed in place: hashed, and not looked into.
    case unread
  }
}
