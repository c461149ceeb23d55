/// A server's `+FULLRESYNC`: the position that the snapshot which follows stands for.
struct Resync: Hashable, Sendable {
  var replicationID: String
  var offset: UInt64
  /// When the line was read here.
  var at: ContinuousClock.Instant
}
