/// One stored file of a backup.
public struct Artifact: Hashable, Sendable, Codable {
  /// The file's path within the backup's folder, with `/`, never absolute and without `..`.
  public var name: String
  public var role: Role
  /// The shard that it holds; nil for what belongs to the whole backup.
  public var shard: String?
  /// `rdb`, `sqlite`, `sqlite-log`, `answers`, `fingerprint`; `aof`, or `aof-manifest` and `aof-part` for a log of several files; `redis-acl`.
  public var format: String
  /// Filters that were applied to it, innermost first; empty for none.
  public var encodings: [String]
  /// Of the stored bytes, as ``digest`` is.
  public var sizeBytes: UInt64
  public var digest: Digest
  /// The bytes before ``encodings``; nil where there are none, or nobody said.
  public var plain: Plain?
  /// Whom it was encrypted to, by public names: an age recipient, an OpenPGP fingerprint, the SHA-256 of a certificate.
  public var recipients: [String]?
  /// The mode that the file had where it was captured, such as `0640`; nil where it was no file, or is not known.
  public var mode: String?

  public init(
    name: String, role: Role, shard: String?, format: String, encodings: [String] = [], sizeBytes: UInt64,
    digest: Digest, plain: Plain? = nil, recipients: [String]? = nil, mode: String? = nil
  ) {
    self.name = name
    self.role = role
    self.shard = shard
    self.format = format
    self.encodings = encodings
    self.sizeBytes = sizeBytes
    self.digest = digest
    self.plain = plain
    self.recipients = recipients
    self.mode = mode
  }

  /// What an artifact holds beneath its encodings.
  public struct Plain: Hashable, Sendable, Codable {
    public var sizeBytes: UInt64
    public var digest: Digest
    public init(sizeBytes: UInt64, digest: Digest) {
      self.sizeBytes = sizeBytes
      self.digest = digest
    }
  }

  /// Its name without the endings that its encodings gave it: `shard-0.rdb` of `shard-0.rdb.zst.age`.
  public var plainName: String {
    encodings.reversed().reduce(name) { name, encoding in
      let ending = Artifact.ending(of: encoding)
      return name.hasSuffix(ending) && name.count > ending.count ? String(name.dropLast(ending.count)) : name
    }
  }

  /// The ending that a file gets from a filter.
  public static func ending(of encoding: String) -> String {
    switch encoding {
    case "zstd": ".zst"
    case "gzip": ".gz"
    case "cms": ".p7m"
    default: ".\(encoding)"
    }
  }

  /// The artifact as it is once it was decoded; it keeps its name, by which it is found.
  public func decoded(as plain: Plain) -> Artifact {
    var artifact = self
    artifact.encodings = []
    artifact.recipients = nil
    artifact.plain = nil
    artifact.sizeBytes = plain.sizeBytes
    artifact.digest = plain.digest
    return artifact
  }

  public enum Role: String, Sendable, Codable {
    /// The records of a shard.
    case data
    /// What a data artifact needs beside it, under its name and an ending: a database's log (`-wal`) or journal (`-journal`).
    case companion
    /// What was read from the live servers at the cut.
    case reference
    /// Who may do what: a server's users with their rules.
    case access
    /// A file that lay beside the artifacts when they were sealed in place: hashed, and not looked into.
    case unread
  }
}
