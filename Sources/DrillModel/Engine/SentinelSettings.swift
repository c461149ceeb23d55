/// Masters that Redis Sentinel watches: the cluster's endpoints are sentinels, and each master is a shard.
public struct SentinelSettings: Hashable, Sendable {
  /// Names that the sentinels know the masters by; empty: all that they watch.
  public var masters: [String]
  /// Who we are to the sentinels, which have users of their own.
  public var username: String?
  public var password: Secret?

  public init(masters: [String] = [], username: String? = nil, password: Secret? = nil) {
    self.masters = masters
    self.username = username
    self.password = password
  }
}
