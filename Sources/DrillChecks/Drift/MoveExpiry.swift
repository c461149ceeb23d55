public import DrillModel

/// By how much the move of a slot may shift an expiry.
///
/// `MIGRATE` carries the time to live that is left, and the target adds it to its own clock: the expiry shifts by the time under
/// way and by what the two servers' clocks differ. On one machine 1 to 6 ms were measured with small keys; a batch of large
/// values takes as long as it takes to write, send and read it, and servers that keep time by NTP differ by some tens of
/// milliseconds.
///
/// Source: redis 7.0 src/cluster.c, `migrateCommand` (`ttl = expireat-mstime()`) and `restoreCommand`.
public enum MoveExpiry {
  /// What a move accounts for: more is another cause's.
  public static let bound = Duration.seconds(1)

  /// The sentence for a run over a window in which slots moved.
  public static func note(_ slots: SlotSet, bound: Duration) -> String {
    "\(Wording.count(slots.count, "slot")) moved between the two cuts, or in flight at one: of those alone an expiry that differs by at most \(Wording.duration(bound)) is explained, since a move carries the time to live that is left"
  }
}
