public import DrillModel

/// Judges whether the artifacts of a backup are safe from change where they lie. What the place does not say is never taken for safe.
public enum ImmutabilityCheck {
  /// - Parameter artifacts: what the place says of each, by name.
  /// - Returns: an `artifact-mutable` for each that can be changed, an obstacle for each reason why it cannot be told, and how many of how many were told.
  public static func check(_ artifacts: [String: Immutability], of backup: String) throws -> Judgement {
    var judgement = Judgement()
    var found: [Finding] = []
    var unknown: [String: Int] = [:]
    for (name, state) in artifacts.sorted(by: { $0.key < $1.key }) {
      switch state {
      case .fixed: break
      case .changeable(let why):
        found.append(
          Finding(
            .artifactMutable, stage: .integrity, subject: Finding.Subject(backup: backup, artifact: name),
            expected: "an artifact that cannot be changed", observed: why))
      case .unknown(let why): unknown[why, default: 0] += 1
      }
    }
    judgement.addLimited(found)
    for (why, count) in unknown.sorted(by: { $0.key < $1.key }) {
      judgement.obstacles.append(
        Run.Obstacle(
          DrillError(
            .immutabilityUnknown, subject: backup,
            detail: "whether \(Wording.count(count, "artifact")) can be changed is not known: \(why)"),
          stage: .integrity))
    }
    let unknowns = UInt64(unknown.values.reduce(0, +))
    judgement.coverage.append(
      Run.StageCoverage(
        .integrity, of: "immutability, \(backup)",
        try Coverage(
          .artifacts, declared: UInt64(artifacts.count), examined: UInt64(artifacts.count) - unknowns,
          skipped: [.immutabilityUnknown: unknowns])))
    return judgement
  }
}
