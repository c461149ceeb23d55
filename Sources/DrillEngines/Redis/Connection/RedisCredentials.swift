public import DrillModel

/// Who we are to a server (nothing, a password, or an ACL user with a password), and by what we recognise it.
public struct RedisCredentials: Hashable, Sendable {
  public var username: String?
  public var password: Secret?
  /// Nil: in plain.
  public var tls: RedisTLS?

  public init(username: String? = nil, password: Secret? = nil, tls: RedisTLS? = nil) {
    self.username = username
    self.password = password
    self.tls = tls
  }

  public static let none = RedisCredentials()

  /// Those of a cluster's servers.
  public init(of cluster: ClusterDescription) {
    self.init(username: cluster.username, password: cluster.password, tls: cluster.tls.map(RedisTLS.init))
  }

  /// The command that authenticates; nil where there is nothing to say.
  var command: [[UInt8]]? {
    guard let password else { return nil }
    return (["AUTH"] + (username.map { [$0] } ?? []) + [password.reveal()]).map { Array($0.utf8) }
  }
}
