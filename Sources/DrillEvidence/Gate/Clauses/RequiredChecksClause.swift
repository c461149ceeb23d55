public import DrillModel

/// The run that decides ran stages to their end and looked at something in each, and skipped nothing for reasons that are not accepted.
public struct RequiredChecksClause: GateClause {
  public static var name: String { "required_checks" }
  public var stages: [Stage]
  /// References that the restored copy must have been held against: `captured`, `live`.
  public var references: [String]
  public var refusedSkips: [SkipReason]

  public init(stages: [Stage], references: [String] = [], refusedSkips: [SkipReason] = []) {
    self.stages = stages
    self.references = references
    self.refusedSkips = refusedSkips
  }

  public var required: String {
    var parts = stages.map(\.rawValue)
    parts += references.map { "against \($0)" } + refusedSkips.map { "no \($0.name)" }
    return parts.joined(separator: ", ")
  }
  public var nextStep: String {
    "Run a drill that makes these checks; `firedrill ledger show` says what kept this one."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    let cited = [RecordedFact(run)]
    for part in run.body.coverage {
      for (reason, amount) in part.coverage.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue })
      where refusedSkips.contains(reason) {
        return ClauseOutcome(
          .notMet, measured: "skipped",
          reason:
            "\(run.body.run) skipped \(Format.amount(amount, part.coverage.unit)) of \(part.of): \(reason.rawValue)",
          facts: cited)
      }
    }
    guard let examined = run.body.examined else {
      return .cannotBeTold("\(run.body.run) does not record which stages ran to their end", facts: cited)
    }
    let missing =
      stages.filter { !examined.stages.contains($0) }.map(\.rawValue)
      + stages.filter { examined.stages.contains($0) && run.body.hasLookedAtNothing(in: $0) }.map {
        "\($0.rawValue) (it had nothing to look at)"
      }
      + references.filter { !examined.references.contains($0) }.map { "against \($0)" }
    return .decided(
      missing.isEmpty, measured: missing.isEmpty ? "all ran" : "not all ran",
      reason: missing.isEmpty
        ? "\(run.body.run) ran them to their end"
        : "\(run.body.run) did not do to its end: \(missing.joined(separator: ", "))",
      facts: cited)
  }
}

extension RunFinished {
  /// Whether a stage that ran to its end had nothing to look at: no answers to replay, no reference to compare with.
  func hasLookedAtNothing(in stage: Stage) -> Bool {
    switch stage {
    case .catalog, .manifest, .restore, .objectives: false
    case .selfTest: selfTest.map { $0.planted == 0 } ?? true
    case .replay: answers.map { $0.equal + $0.different + $0.indeterminate == 0 } ?? true
    case .integrity, .decode, .fingerprint, .compare, .drift:
      !coverage.contains { $0.stage == stage && $0.coverage.examined > 0 }
    }
  }
}

extension SkipReason {
  /// Its name in a policy file: `not-sampled`.
  public var name: String {
    String(describing: self).reduce(into: "") { name, letter in
      name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
    }
  }
}
