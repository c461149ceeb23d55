public import DrillModel

/// Who we are to a server: nothing, a password, or an ACL user with a password.
public struct RedisCredentials: Hashable, Sendable {
  public var username: String?
  public var password: Secret?

  public init(username: String? = nil, password: Secret? = nil) {
    self.username = username
    self.password = password
  }

  public static let none = RedisCredentials()

  /// The command that authenticates; nil where there is nothing to say.
  var command: [[UInt8]]? {
    guard let password else { return nil }
    return (["AUTH"] + (username.map { [$0] } ?? []) + [password.reveal()]).map { Array($0.utf8) }
  }
}
