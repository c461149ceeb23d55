public import DrillModel

/// The newest passing drill of a class of backups is not older than so much.
public struct PassedWithinClause: GateClause {
  public static var name: String { "passed_within" }
  public var age: Duration
  /// The class: nil is any.
  public var retention: String?
  public var kind: Manifest.Kind?

  public init(_ age: Duration, retention: String? = nil, kind: Manifest.Kind? = nil) {
    self.age = age
    self.retention = retention
    self.kind = kind
  }

  public var required: String {
    "within \(GateWords.duration(age))" + (className.isEmpty ? "" : ", of a \(className) backup")
  }
  public var lookback: Duration? { age }
  public var nextStep: String { "Run a drill\(className.isEmpty ? "" : " of a \(className) backup")." }

  private var className: String { [retention, kind?.rawValue].compactMap { $0 }.joined(separator: " ") }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard !facts.runs.isEmpty else { return .cannotBeTold(facts.nothingRan) }
    let runs = facts.runs.filter { isOfClass($0.body) }
    guard let passed = runs.last(where: { $0.body.verdict == .pass }) else {
      if let failed = runs.last(where: { $0.body.verdict == .fail }) {
        return ClauseOutcome(
          .notMet, measured: "never", reason: "none passed; the last that failed is \(failed.body.run)",
          facts: [RecordedFact(failed)])
      }
      let unclassed = className.isEmpty ? "" : ": no run is recorded that says it restored a \(className) backup"
      return .cannotBeTold(
        runs.isEmpty ? "no drill of this class\(unclassed)" : "none of \(runs.count) runs passed or failed")
    }
    let time = passed.body.finishedAt
    guard let elapsed = facts.age(of: time) else {
      return .cannotBeTold(
        "\(passed.body.run) says that it ended at \(Format.time(time)), which is after now", measured: "the future",
        facts: [RecordedFact(passed)])
    }
    return .decided(
      elapsed <= age, measured: "\(GateWords.duration(elapsed)) ago",
      reason: "\(passed.body.run) passed at \(Format.time(time))", facts: [RecordedFact(passed)],
      quantity: ComparedQuantity(required: age.milliseconds, measured: elapsed.milliseconds, unit: "ms"))
  }

  private func isOfClass(_ run: RunFinished) -> Bool {
    if className.isEmpty { return true }
    return run.backups.contains { backup in
      guard let stated = backup.stated else { return false }
      return (retention.map { $0 == stated.retention } ?? true) && (kind.map { $0 == stated.kind } ?? true)
    }
  }
}
