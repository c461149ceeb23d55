public import DrillModel

/// The run that decides reached a level.
public struct LevelClause: GateClause {
  public static var name: String { "level" }
  public var atLeast: Level
  public init(_ atLeast: Level) { self.atLeast = atLeast }

  public var required: String { atLeast.rawValue }
  public var nextStep: String {
    "Run a drill that requires level \(atLeast.rawValue); `firedrill ledger show` says what kept this one from it."
  }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    let level = run.body.level
    let reason = "\(run.body.run) reached \(level.rawValue): \(level.claim(for: run.body.backups))"
    if atLeast == .bytes, let unsealed = run.body.backups.compactMap(\.unsealed).first, unsealed.digestsSignedBy == nil
    {
      return .cannotBeTold(
        "\(run.body.run): \(unsealed.open)", measured: level.rawValue, facts: [RecordedFact(run)])
    }
    // A run that could not look might have reached more.
    if level < atLeast, run.body.verdict == .inconclusive {
      return .cannotBeTold(
        "\(run.body.run) was inconclusive and reached \(level.rawValue)", measured: level.rawValue,
        facts: [RecordedFact(run)])
    }
    return .decided(level >= atLeast, measured: level.rawValue, reason: reason, facts: [RecordedFact(run)])
  }
}
