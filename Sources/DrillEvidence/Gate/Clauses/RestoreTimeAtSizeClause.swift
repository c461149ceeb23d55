import DrillModel

/// The restore time that recorded sizes and times let expect at production's size (``RestoreFit``): met where the whole prediction interval lies within the
/// time, not met where it lies beyond, and otherwise it cannot be told.
public struct RestoreTimeAtSizeClause: GateClause {
  public static var name: String { "rto_at_size" }
  public var atMost: Duration
  public var bytes: UInt64
  /// Of the prediction interval, 0 to 1.
  public var confidence: Double
  public var last: Int
  /// How many times the largest recorded size may be gone beyond.
  public var reach: Double

  public init(atMost: Duration, bytes: UInt64, confidence: Double = 0.95, last: Int = 50, reach: Double = 10) {
    self.atMost = atMost
    self.bytes = bytes
    self.confidence = confidence
    self.last = last
    self.reach = reach
  }

  public var required: String { "at most \(GateWords.duration(atMost)) at \(Format.bytes(bytes))" }
  public var nextStep: String { "Drill a backup that is nearer to production's size." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    let runs = facts.runs.filter { $0.body.hasRestored && $0.body.restoredAllShards == true && size($0.body) != nil }
      .suffix(last)
    let points = runs.map { (bytes: Double(size($0.body) ?? 0), ms: $0.body.restoreMs) }
    let cited = runs.map { RecordedFact($0) }
    guard let fit = RestoreFit(points, at: Double(bytes), confidence: confidence) else {
      return .cannotBeTold(
        "\(Format.plural(runs.count, "whole restore")) of \(Format.plural(Set(points.map(\.bytes)).count, "size")) recorded; a line takes \(RestoreFit.leastCount) of \(RestoreFit.leastSizes) sizes",
        measured: Format.plural(runs.count, "restore"), facts: cited)
    }
    let measured =
      "\(time(fit.predictedMs)), \(GateWords.share(confidence)) within \(time(fit.lowMs)) to \(time(fit.highMs))"
    let line =
      "\(time(fit.interceptMs)) + \(time(fit.slopeMsPerByte * 1_073_741_824)) per GiB from \(fit.count) restores of \(Format.bytes(UInt64(fit.smallestBytes))) to \(Format.bytes(UInt64(fit.largestBytes))), standard error \(time(fit.standardErrorMs))"
    guard fit.slopeMsPerByte > 0 else {
      return .cannotBeTold("larger backups restored no slower: \(line)", measured: measured, facts: cited, fit: fit)
    }
    guard fit.atBytes <= fit.largestBytes * reach else {
      return .cannotBeTold(
        "more than \(GateWords.number(reach)) times the largest recorded size: \(line)", measured: measured,
        facts: cited,
        fit: fit)
    }
    let limit = atMost.milliseconds
    if fit.highMs > limit, fit.lowMs <= limit {
      return .cannotBeTold(
        "the limit lies within the prediction's interval: \(line)", measured: measured, facts: cited, fit: fit)
    }
    return .decided(
      fit.highMs <= limit, measured: measured, reason: line, facts: cited,
      quantity: ComparedQuantity(required: limit, measured: fit.predictedMs, unit: "ms"), fit: fit)
  }

  private func size(_ run: RunFinished) -> UInt64? {
    run.backups.count == 1 ? run.backups[0].stated.map(\.bytes) : nil
  }

  private func time(_ ms: Double) -> String {
    ms < 0 ? "-\(Format.duration(ms: -ms))" : Format.duration(ms: ms)
  }
}
