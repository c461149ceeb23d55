internal import DrillModel

/// A server's wall clock against our monotonic one, from its `TIME`.
struct ServerClock: Hashable, Sendable {
  /// Microseconds since 1970 by the server's clock at `at`; off by half the time that asking took.
  var microseconds: Int64
  var at: ContinuousClock.Instant

  init(microseconds: Int64, at: ContinuousClock.Instant) {
    self.microseconds = microseconds
    self.at = at
  }

  init(_ connection: RedisConnection) async throws {
    let start = ContinuousClock.now
    let reply = try await connection.ask("TIME")
    guard let microseconds = ServerClock.microseconds(reply) else {
      throw DrillError(.protocolViolation, subject: connection.endpoint.description, detail: "TIME: not a time")
    }
    self.init(microseconds: microseconds, at: start + (ContinuousClock.now - start) / 2)
  }

  /// Since 1970, of a reply to `TIME`; nil where it is none, or a time that no clock shows.
  static func microseconds(_ reply: RESPValue) -> Int64? {
    guard let parts = reply.array, parts.count == 2, let seconds = parts[0].integer, let rest = parts[1].integer,
      (0..<1 << 40).contains(seconds), (0..<1_000_000).contains(rest)
    else { return nil }
    return seconds * 1_000_000 + rest
  }

  /// Our clock when the server's passes `microseconds`.
  func instant(_ microseconds: Int64) -> ContinuousClock.Instant {
    at + .microseconds(microseconds - self.microseconds)
  }

  /// The server's clock at `instant`.
  func microseconds(at instant: ContinuousClock.Instant) -> Int64 {
    let elapsed = (instant - at).components
    return microseconds + elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000
  }
}
