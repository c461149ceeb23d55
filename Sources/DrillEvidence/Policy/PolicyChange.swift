public import DrillModel

/// A run of a drill under another policy than the run of that drill before it: the drill file, or a file that it names, was changed.
public struct PolicyChange: Hashable, Sendable, Codable {
  public var drill: String
  public var cluster: String
  /// The leaf of the first run under the new policy, and when it was recorded.
  public var leaf: Int
  public var at: Instant
  /// The first run under the new policy, and the last one under the old.
  public var run: String
  public var before: String
  public var from: Digest
  public var to: Digest
}

extension History {
  /// Each change of a drill's policy, in the ledger's order. Runs of versions that recorded no digest are passed over.
  public func policyChanges() -> [PolicyChange] {
    var last: [String: RunFinished] = [:]
    var changes: [PolicyChange] = []
    for recorded in runs {
      let run = recorded.body
      guard let policy = run.policy else { continue }
      if let before = last.updateValue(run, forKey: run.drill), let old = before.policy, old != policy {
        changes.append(
          PolicyChange(
            drill: run.drill, cluster: run.cluster, leaf: recorded.leaf, at: recorded.time, run: run.run,
            before: before.run, from: old, to: policy))
      }
    }
    return changes
  }
}
