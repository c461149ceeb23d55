import DrillModel

/// The restored copy answered within a ratio of the reference's latency.
public struct LatencyClause: GateClause {
  public static var name: String { "latency" }

  public enum Quantile: String, Sendable, Codable, CaseIterable { case p50, p99 }

  public var quantile: Quantile
  /// Most that the sandbox's latency may be as a multiple of the reference's.
  public var ratio: Double

  public init(_ quantile: Quantile, ratio: Double) {
    self.quantile = quantile
    self.ratio = ratio
  }

  public var required: String { "\(quantile.rawValue) at most \(GateWords.number(ratio)) times the reference's" }
  public var nextStep: String {
    "Run a drill that replays answers on a machine like production's; a busy drill machine answers late too."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    // A load is of the drill's own choosing; the reference never was under it.
    let latencies = (run.body.latencies ?? []).filter { $0.side != Run.Latency.underLoad }
    // The captured reference is called `reference`, a live one `live`: the restored copy must do against each.
    let references = latencies.filter { $0.side != "sandbox" }
    guard let own = latencies.first(where: { $0.side == "sandbox" }), !references.isEmpty else {
      return .cannotBeTold("\(run.body.run) records no latencies of both sides", facts: [RecordedFact(run)])
    }
    let least = UInt64(Percentile.leastCount(quantile == .p50 ? 50 : 99))
    guard latencies.allSatisfy({ $0.operations >= least }) else {
      let fewest = latencies.map(\.operations).min() ?? 0
      return .cannotBeTold(
        "\(run.body.run) timed \(Format.plural(fewest, "operation")); below \(least) the \(quantile.rawValue) is no more than the slowest one",
        measured: Format.plural(fewest, "operation"), facts: [RecordedFact(run)])
    }
    let ratios = references.compactMap { reference in
      value(reference) > 0 ? (side: reference.side, us: value(reference), ratio: value(own) / value(reference)) : nil
    }
    guard ratios.count == references.count, let worst = ratios.max(by: { $0.ratio < $1.ratio }) else {
      return .cannotBeTold("\(run.body.run) records a latency of zero", facts: [RecordedFact(run)])
    }
    return .decided(
      worst.ratio <= ratio, measured: "\(GateWords.number(worst.ratio)) times",
      reason:
        "\(run.body.run): sandbox \(Format.duration(ms: value(own) / 1000)), \(worst.side) \(Format.duration(ms: worst.us / 1000))",
      facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: ratio, measured: worst.ratio, unit: "ratio"))
  }

  private func value(_ latency: Run.Latency) -> Double {
    quantile == .p50 ? latency.latencyP50Us : latency.latencyP99Us
  }
}
