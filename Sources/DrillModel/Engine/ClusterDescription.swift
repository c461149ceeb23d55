/// A live cluster as a cluster file describes it.
public struct ClusterDescription: Hashable, Sendable {
  public var name: String
  public var engine: String
  /// Where to reach it (Redis: any of its nodes; the rest is discovered).
  public var endpoints: [Endpoint]
  /// Whether ``endpoints`` lead to a Redis Cluster, all of whose shards are meant, or to single servers.
  public var isCluster: Bool
  public var username: String?
  public var password: Secret?
  /// Redis: how its servers are spoken to over TLS; nil: in plain.
  public var tls: TLSSettings?
  /// Redis: ``endpoints`` are sentinels, who know the servers; nil: they are servers.
  public var sentinel: SentinelSettings?
  /// Redis: where servers are reached that announce other addresses.
  public var addresses = AddressMap()
  /// SQLite: one file per shard.
  public var files: [ShardFile]
  /// SQLite: table → column whose value grows with every change of a row; the key `*` is the default for all tables.
  public var versionColumns: [String: String]
  /// SQLite: table → table that keeps the keys of its deleted rows with their version; same columns as the primary key, plus the version column.
  public var tombstones: [String: String]
  public var capture: CapturePlan
  /// Most reads a second that checks may put on a live node.
  public var readRate: Int?
  /// Whether reads are held back by nothing, not even by growing latency: only for a load that a person asked for.
  public var isUnpaced = false

  public init(
    name: String, engine: String, endpoints: [Endpoint] = [], isCluster: Bool = false, username: String? = nil,
    password: Secret? = nil,
    files: [ShardFile] = [], versionColumns: [String: String] = [:], tombstones: [String: String] = [:],
    capture: CapturePlan = CapturePlan(), readRate: Int? = nil
  ) {
    self.name = name
    self.engine = engine
    self.endpoints = endpoints
    self.isCluster = isCluster
    self.username = username
    self.password = password
    self.files = files
    self.versionColumns = versionColumns
    self.tombstones = tombstones
    self.capture = capture
    self.readRate = readRate
  }

  public struct ShardFile: Hashable, Sendable {
    public var name: String
    public var path: String
    /// The slots that this shard owns; nil: the cluster has no slot map.
    public var slots: SlotSet?

    public init(name: String, path: String, slots: SlotSet?) {
      self.name = name
      self.path = path
      self.slots = slots
    }
  }
}

public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
  case tcp(host: String, port: Int)
  case unix(path: String)

  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): path
    }
  }
}

/// A secret that no print, log or encoder can show.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String
  public init(_ value: String) { self.value = value }
  /// The secret itself; to be handed to a server or a key function and nowhere else.
  public func reveal() -> String { value }
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
