/// How a server tells when a key expires.
enum RedisExpiryCommand: Hashable, Sendable {
  /// It tells the time itself.
  case absolute
  /// It tells how long is left, and its clock stands at `now`.
  case remaining(now: Int64)

  var name: String {
    switch self {
    case .absolute: "PEXPIRETIME"
    case .remaining: "PTTL"
    }
  }

  /// Milliseconds since 1970.
  func expiry(_ said: Int64) -> Int64 {
    switch self {
    case .absolute: said
    // A server can say anything: what makes no sense will not be what is expected.
    case .remaining(let now): now &+ said
    }
  }
}
