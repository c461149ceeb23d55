/// When a server that waits before it forks will do so, as far as can be known from outside.
///
/// It forks in a run of its replication cron, the first in which its clock, in whole seconds, is `delay` past the
/// second in which we asked. The runs are about a
/// second apart and show as line breaks on our link. So the fork is never before the second's beginning, and most
/// likely in the run that the last line break
/// predicts.
///
/// Source: redis 7.0 src/replication.c, `shouldStartChildReplication` and `replicationCron`.
struct PauseTiming: Hashable, Sendable {
  /// How long before the expected fork the pause is set: replicas must have caught up with their masters by then.
  static let lead = Duration.milliseconds(150)

  /// The earliest moment of the fork.
  let earliest: ContinuousClock.Instant

  /// - Parameter askedAt: when the snapshot was asked for.
  init(askedAt: ContinuousClock.Instant, clock: ServerClock, delay: Int) {
    let second = clock.microseconds(at: askedAt) / 1_000_000
    earliest = clock.instant((second + Int64(delay)) * 1_000_000)
  }

  /// The fork's expected time, given when the cron was last seen to run.
  func expected(lastTick: ContinuousClock.Instant?) -> ContinuousClock.Instant {
    guard let lastTick else { return earliest }
    var tick = lastTick
    // A run so close before the second's beginning may as well come after it: clocks are read to some tens of
    // milliseconds.
    while tick < earliest - .milliseconds(50) { tick += .seconds(1) }
    return max(tick, earliest - .milliseconds(50))
  }

  /// How long to wait before asking, so that the server's clock is in the middle of a second: then there is no doubt
  /// which one it counts from.
  static func untilMiddleOfSecond(_ clock: ServerClock, now: ContinuousClock.Instant) -> Duration {
    let fraction = ((clock.microseconds(at: now) % 1_000_000) + 1_000_000) % 1_000_000
    if (300_000...800_000).contains(fraction) { return .zero }
    return .microseconds(fraction < 300_000 ? 500_000 - fraction : 1_500_000 - fraction)
  }
}
