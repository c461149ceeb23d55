public import DrillModel
internal import Histogram

/// Latencies of one side in a high dynamic range histogram: each to three significant digits, from a nanosecond to an
/// hour.
///
/// A pipelined operation's latency runs from sending its batch's commands to having read its own reply: what a client
/// that pipelines waits.
public struct LatencyRecord: Equatable, Sendable {
  private var histogram: Histogram<UInt64>

  private static let longest: UInt64 = 3_600_000_000_000

  public init() {
    histogram = Histogram(
      lowestDiscernibleValue: 1, highestTrackableValue: LatencyRecord.longest, numberOfSignificantValueDigits: .three)
  }

  /// A negative time counts as zero, one of more than an hour as an hour.
  public mutating func record(_ elapsed: Duration) {
    let nanoseconds = min(max(elapsed.milliseconds * 1e6, 0), Double(LatencyRecord.longest))
    histogram.record(UInt64(nanoseconds))
  }

  mutating func record(nanoseconds: UInt64) { histogram.record(min(nanoseconds, LatencyRecord.longest)) }

  /// Adds what another client or wave measured.
  public mutating func merge(_ other: LatencyRecord) { histogram.add(other.histogram) }

  public var count: UInt64 { histogram.totalCount }

  /// The least time in microseconds that at least `percentile` per cent of the operations took at most; 0 where there
  /// are none.
  public func microseconds(atPercentile percentile: Double) -> Double {
    count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1000
  }

  /// As a run keeps it. `side` is `sandbox` or `reference`.
  public func summary(side: String) -> Run.Latency {
    Run.Latency(
      side: side, operations: count, p50: microseconds(atPercentile: 50), p99: microseconds(atPercentile: 99),
      p999: microseconds(atPercentile: 99.9), max: microseconds(atPercentile: 100))
  }
}
