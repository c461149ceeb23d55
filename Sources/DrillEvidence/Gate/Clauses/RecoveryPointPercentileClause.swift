import DrillModel

/// A percentile of the gaps between consecutive verified cuts, the one that is open until now included.
public struct RecoveryPointPercentileClause: GateClause {
  public static var name: String { "rpo_percentile" }
  public var atMost: Duration
  /// From 50 to 99.9.
  public var percentile: Double
  /// How many gaps are looked at.
  public var last: Int

  public init(atMost: Duration, percentile: Double, last: Int) {
    self.atMost = atMost
    self.percentile = percentile
    self.last = last
  }

  public var required: String {
    "\(Percentile.name(percentile)) of the last \(last) gaps at most \(GateWords.duration(atMost))"
  }
  public var lookback: Duration? { atMost }
  public var nextStep: String { "Back up and drill more often; old gaps leave as new cuts are verified." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    let cuts = VerifiedCuts(facts).cuts.suffix(last)
    guard let newest = cuts.last else {
      return .cannotBeTold("no passing run of \(facts.cluster) examined a backup that states its cut")
    }
    guard facts.age(of: newest.time) != nil else {
      return .cannotBeTold("the newest verified cut lies after now", facts: [RecordedFact(newest.run)])
    }
    let ends = cuts.dropFirst().map(\.time) + [facts.now]
    let gaps = zip(cuts, ends).map { (ms: max(0, $1.milliseconds(since: $0.time)), run: $0.run) }
    let least = Percentile.leastCount(percentile)
    guard gaps.count >= least, let value = Percentile.nearestRank(gaps.map(\.ms), percentile) else {
      return .cannotBeTold(
        "\(Format.plural(gaps.count, "gap")) recorded; below \(least) the \(Percentile.name(percentile)) is no more than the longest one",
        measured: Format.plural(gaps.count, "gap"), facts: cuts.map { RecordedFact($0.run) })
    }
    return .decided(
      value <= atMost.milliseconds, measured: Format.duration(ms: value),
      reason:
        "\(Percentile.name(percentile)) of \(gaps.count) gaps between verified cuts; the longest is \(Format.duration(ms: gaps.map(\.ms).max() ?? 0))",
      facts: gaps.filter { $0.ms >= value }.map { RecordedFact($0.run) },
      quantity: ComparedQuantity(required: atMost.milliseconds, measured: value, unit: "ms"))
  }
}
