public import DrillModel

/// The times that a ledger's leaves state, in the ledger's order: what shows that a clock ran backwards.
///
/// The order of the leaves is the order of events; a clock may say otherwise. Whatever is asked about times is asked of the largest time stated so far, so that
/// nothing leaves a window by having been stamped too early.
public struct ClockTrace: Sendable {
  /// By how much a leaf's time may lie before an earlier leaf's: a leaf states when its subject ended, and another may have been appended in between.
  public static let tolerance = Duration.seconds(60)

  /// A leaf that states an earlier time than a leaf before it.
  public struct Reversal: Hashable, Sendable {
    public var leaf: Int
    public var time: Instant
    /// The time that had been stated before.
    public var after: Instant
  }

  private let leaves: [Int]
  /// The largest time stated up to and with each leaf.
  private let latest: [Instant]
  public let reversals: [Reversal]

  public init(_ history: History) {
    var times: [(leaf: Int, time: Instant)] = []
    times += history.started.map { ($0.leaf, $0.time) } + history.runs.map { ($0.leaf, $0.time) }
    times += history.topologies.map { ($0.leaf, $0.time) } + history.findingActions.map { ($0.leaf, $0.time) }
    times += history.schedules.map { ($0.leaf, $0.time) } + history.skips.map { ($0.leaf, $0.time) }
    times += history.notifications.map { ($0.leaf, $0.time) } + history.decisions.map { ($0.leaf, $0.time) }
    times += history.exports.map { ($0.leaf, $0.time) } + history.migrationEvents.map { ($0.leaf, $0.time) }
    times.sort { $0.leaf < $1.leaf }
    var latest: [Instant] = []
    var reversals: [Reversal] = []
    for (leaf, time) in times {
      if let before = latest.last, before.milliseconds(since: time) > ClockTrace.tolerance.milliseconds {
        reversals.append(Reversal(leaf: leaf, time: time, after: before))
      }
      latest.append(max(latest.last ?? time, time))
    }
    leaves = times.map(\.leaf)
    self.latest = latest
    self.reversals = reversals
  }

  /// The largest time that any leaf states; nil where there is none.
  public var end: Instant? { latest.last }

  /// The largest time stated up to and with `leaf`.
  public func time(of leaf: Int) -> Instant? {
    var low = 0
    var high = leaves.count
    while low < high {
      let middle = (low + high) / 2
      if leaves[middle] <= leaf { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : latest[low - 1]
  }
}

extension Instant {
  /// Milliseconds from `other` until this time; negative where this one is earlier. Never overflows: foreign times can be any.
  func milliseconds(since other: Instant) -> Double {
    Double(millisecondsSince1970) - Double(other.millisecondsSince1970)
  }

  func advanced(by duration: Duration) -> Instant {
    let sum = Double(millisecondsSince1970) + duration.milliseconds
    return Instant(millisecondsSince1970: Int64(max(-8e15, min(8e15, sum))))
  }
}
