/// What a backup says of itself: the predicate of the in-toto Statement that is signed over it. Unknown fields are an error in what we sign.
public struct Manifest: Hashable, Sendable, Codable {
  /// The predicate's type URI.
  public static let predicateType = "https://firedrill.dev/backup/v1"

  /// Unique in a catalog, and the name of the backup's folder: `<cluster>-<yyyymmddThhmmssZ>-<6 hexadecimal digits>`.
  public var backup: String
  public var cluster: String
  public var engine: String
  /// The version of the server that wrote the artifacts.
  public var engineVersion: String
  public var kind: Kind
  public var predecessor: Predecessor?
  /// Where an increment begins: the position of each shard at its predecessor's cut. Nil for a full backup.
  public var since: [String: String]?
  public var cut: Cut
  public var scope: Scope
  public var topology: Topology
  public var artifacts: [Artifact]
  public var reference: Reference?
  public var retention: String?
  /// Hints at the keys that signed; never a decision.
  public var keyIDs: [String]
  /// Why the backup was taken when it was.
  public var rationale: String?

  public init(
    backup: String, cluster: String, engine: String, engineVersion: String, kind: Kind = .full,
    predecessor: Predecessor? = nil, since: [String: String]? = nil,
    cut: Cut, scope: Scope, topology: Topology, artifacts: [Artifact], reference: Reference? = nil,
    retention: String? = nil,
    keyIDs: [String] = [], rationale: String? = nil
  ) {
    self.backup = backup
    self.cluster = cluster
    self.engine = engine
    self.engineVersion = engineVersion
    self.kind = kind
    self.predecessor = predecessor
    self.since = since
    self.cut = cut
    self.scope = scope
    self.topology = topology
    self.artifacts = artifacts
    self.reference = reference
    self.retention = retention
    self.keyIDs = keyIDs
    self.rationale = rationale
  }

  public enum Kind: String, Sendable, Codable { case full, incremental }

  public struct Predecessor: Hashable, Sendable, Codable {
    public var backup: String
    /// SHA-256 of the predecessor's signed statement.
    public var manifest: Digest
    public init(backup: String, manifest: Digest) {
      self.backup = backup
      self.manifest = manifest
    }
  }

  public struct Scope: Hashable, Sendable, Codable {
    /// Nil: all of them.
    public var namespaces: [String]?
    public var slots: SlotSet
    public init(namespaces: [String]? = nil, slots: SlotSet = .all) {
      self.namespaces = namespaces
      self.slots = slots
    }
  }
}
