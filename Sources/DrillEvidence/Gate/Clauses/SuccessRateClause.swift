import DrillModel

/// The share of drills that passed, of all that began within a window.
///
/// A run that was inconclusive or cut off may have had a good backup or a bad one: the clause is met only where the share is large enough without them, and
/// not met only where it is too small even with them.
public struct SuccessRateClause: GateClause {
  public static var name: String { "success_rate" }
  public var atLeast: Double
  public var window: Duration
  /// The fewest runs of which a share says something.
  public var leastRuns: Int

  public init(atLeast: Double, over window: Duration, leastRuns: Int = 5) {
    self.atLeast = atLeast
    self.window = window
    self.leastRuns = leastRuns
  }

  public var required: String { "at least \(GateWords.share(atLeast)) over \(GateWords.duration(window))" }
  public var lookback: Duration? { window }
  public var nextStep: String {
    "See which runs failed (firedrill ledger list); the share grows again as drills pass and old runs leave the window."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    let runs = facts.runs(within: window)
    let start = facts.now.advanced(by: .zero - window)
    let cutOff = facts.interrupted.filter { (facts.clock.time(of: $0.leaf) ?? $0.time) >= start }.count
    let all = runs.count + cutOff
    guard all >= max(leastRuns, 1) else {
      return .cannotBeTold(
        "\(Format.plural(all, "run")) in the window; the policy asks for \(leastRuns)",
        measured: Format.plural(all, "run"), facts: runs.map { RecordedFact($0) })
    }
    let passed = runs.count { $0.body.verdict == .pass }
    let failed = runs.filter { $0.body.verdict == .fail }
    let (least, most) = (Double(passed) / Double(all), Double(all - failed.count) / Double(all))
    let unclear = all - passed - failed.count
    let measured =
      Format.share(UInt64(passed), of: UInt64(all))
      + (unclear == 0 ? "" : " to \(Format.share(UInt64(all - failed.count), of: UInt64(all)))")
    var reason = "\(passed) of \(Format.plural(all, "run")) passed, \(failed.count) failed"
    if unclear > 0 { reason += ", \(unclear) could not tell or \(unclear == 1 ? "was" : "were") cut off" }
    let decisive = failed.isEmpty ? runs.suffix(1).map { RecordedFact($0) } : failed.map { RecordedFact($0) }
    if least < atLeast, most >= atLeast {
      return .cannotBeTold(reason, measured: measured, facts: decisive)
    }
    return .decided(
      least >= atLeast, measured: measured, reason: reason, facts: decisive,
      quantity: ComparedQuantity(required: atLeast, measured: least, unit: "share"))
  }
}
