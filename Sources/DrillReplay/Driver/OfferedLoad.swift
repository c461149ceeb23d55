public import DrillModel

/// How an open loop went: what was to be sent when, and what came of it.
public struct OfferedLoad: Equatable, Sendable {
  /// From each operation's intended start to having read its reply, whatever held it up.
  public var latency: LatencyRecord
  /// From when an operation was due and a client was free for it to its sending: what the generator itself took.
  public var generatorLag: LatencyRecord
  /// Operations a second that the schedule asks for over its whole length, and that were answered.
  public var rateAsked: Double
  public var rateAchieved: Double
  /// How far behind its intended start the last operation was sent that was sent, and the one that was most behind.
  public var endedBehind: Duration
  public var mostBehind: Duration
  /// Operations that were due and could not be sent before the replay ended, since the bound on outstanding operations
  /// (clients times operations of a batch) left no room.
  public var unsent: Int

  /// The generator's own lag that nobody needs to know of: a machine wakes its threads about as late as that.
  static let tolerableLag = Duration.milliseconds(10)

  /// Whether the generator could not keep up with its own schedule, so that the latencies tell of it and not of the
  /// store: its lag's 99th percentile is above 10 ms and above a tenth of the latency's.
  public var isGeneratorSaturated: Bool {
    let lag = generatorLag.microseconds(atPercentile: 99)
    return lag > OfferedLoad.tolerableLag.milliseconds * 1000 && lag > latency.microseconds(atPercentile: 99) / 10
  }

  /// Adds what another wave measured.
  public mutating func merge(_ other: OfferedLoad) {
    latency.merge(other.latency)
    generatorLag.merge(other.generatorLag)
    // Waves follow each other, so their rates do not add up: the lowest is the one that a person has to know.
    if other.rateAchieved / max(other.rateAsked, 1e-9) < rateAchieved / max(rateAsked, 1e-9) {
      (rateAsked, rateAchieved) = (other.rateAsked, other.rateAchieved)
    }
    endedBehind = max(endedBehind, other.endedBehind)
    mostBehind = max(mostBehind, other.mostBehind)
    unsent += other.unsent
  }

  /// As a run keeps it.
  public var summary: Run.Latency.Offered {
    Run.Latency.Offered(
      rateAsked: rateAsked, rateAchieved: rateAchieved, p50: latency.microseconds(atPercentile: 50),
      p99: latency.microseconds(atPercentile: 99), p999: latency.microseconds(atPercentile: 99.9),
      max: latency.microseconds(atPercentile: 100), endedBehindMs: endedBehind.milliseconds,
      generatorLagP99Us: generatorLag.microseconds(atPercentile: 99), unsent: UInt64(unsent),
      isGeneratorSaturated: isGeneratorSaturated)
  }
}
