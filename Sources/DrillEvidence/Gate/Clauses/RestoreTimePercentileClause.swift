import DrillModel

/// A percentile of the restore times of the last runs lies within a time. Runs that failed count too, where they restored: a slow restore fails.
public struct RestoreTimePercentileClause: GateClause {
  public static var name: String { "rto_percentile" }
  public var atMost: Duration
  /// From 50 to 99.9.
  public var percentile: Double
  public var last: Int

  public init(atMost: Duration, percentile: Double, last: Int) {
    self.atMost = atMost
    self.percentile = percentile
    self.last = last
  }

  public var required: String {
    "\(Percentile.name(percentile)) of the last \(last) at most \(GateWords.duration(atMost))"
  }
  public var nextStep: String {
    "Drill more often until there are enough restores, or find out what slows some of them."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    let runs = facts.runs.filter { $0.body.hasRestored && $0.body.restoredAllShards == true }.suffix(last)
    let least = Percentile.leastCount(percentile)
    let times = runs.map(\.body.restoreMs)
    guard runs.count >= least, let value = Percentile.nearestRank(times, percentile) else {
      return .cannotBeTold(
        "\(Format.plural(runs.count, "whole restore")) recorded; below \(least) the \(Percentile.name(percentile)) is no more than the slowest one",
        measured: Format.plural(runs.count, "restore"), facts: runs.map { RecordedFact($0) })
    }
    let time = Format.duration(ms: value)
    let slow = runs.filter { $0.body.restoreMs >= value }
    return .decided(
      value <= atMost.milliseconds, measured: time,
      reason:
        "\(Percentile.name(percentile)) of \(runs.count) restores; the slowest took \(Format.duration(ms: times.max() ?? 0))",
      facts: slow.map { RecordedFact($0) },
      quantity: ComparedQuantity(required: atMost.milliseconds, measured: value, unit: "ms"))
  }
}
