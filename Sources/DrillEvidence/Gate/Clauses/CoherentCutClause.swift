import DrillModel

/// The backup that decides stands at one cut, proven; one of a single shard always does.
public struct CoherentCutClause: GateClause {
  public static var name: String { "coherent_cut" }
  public init() {}

  public var required: String { "all shards at one cut" }
  public var nextStep: String { "Capture with `cut: coherent` in the cluster file, and drill that backup." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard let run = facts.deciding else { return .cannotBeTold(facts.nothingRan) }
    guard !run.body.backups.isEmpty else {
      return .cannotBeTold("\(run.body.run) examined no backup", facts: [RecordedFact(run)])
    }
    for backup in run.body.backups {
      guard let cut = backup.cut else {
        return .cannotBeTold("\(backup.backup) does not say its cut", facts: [RecordedFact(run)])
      }
      let isSingle = backup.stated?.shards.count == 1
      if cut.coherence == .window || cut.coherence == .perShard && !isSingle {
        return ClauseOutcome(
          .notMet, measured: cut.coherence.rawValue,
          reason: cut.coherence == .window
            ? "\(backup.backup): each shard was read over a time, and stands at no cut"
            : "\(backup.backup): each shard stands at a cut of its own",
          facts: [RecordedFact(run)])
      }
    }
    let proof = run.body.backups.flatMap { $0.cut?.proof ?? [] }.first
    return ClauseOutcome(
      .met, measured: "coherent",
      reason: "\(GateWords.list(run.body.backups.map(\.backup)))\(proof.map { ": \($0)" } ?? "")",
      facts: [RecordedFact(run)])
  }
}
