import DrillModel

/// The run that decides examined at least a share, in each of its parts.
public struct CoverageClause: GateClause {
  public static var name: String { "coverage" }
  public var atLeast: Double
  public init(atLeast: Double) { self.atLeast = atLeast }

  public var required: String { "at least \(GateWords.share(atLeast)) of each part" }
  public var nextStep: String { "See what was skipped and why (firedrill ledger show), and drill all of it." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    let parts = run.body.coverage.compactMap { part in part.coverage.share.map { (part: part, share: $0) } }
    guard let least = parts.min(by: { $0.share < $1.share }) else {
      return .cannotBeTold("\(run.body.run) declares nothing to examine", facts: [RecordedFact(run)])
    }
    let coverage = least.part.coverage
    let measured = Format.share(coverage.examined, of: coverage.declared)
    let why = coverage.skipped.keys.map(\.rawValue).sorted().joined(separator: "; ")
    return .decided(
      least.share >= atLeast, measured: measured,
      reason:
        "\(run.body.run): least of \(least.part.of) at \(least.part.stage.rawValue)\(why.isEmpty ? "" : " (\(why))")",
      facts: [RecordedFact(run)],
      quantity: ComparedQuantity(required: atLeast, measured: least.share, unit: "share"))
  }
}
