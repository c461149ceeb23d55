public import DrillModel

extension History {
  /// The run that a drill may rely on instead of running again: the newest of the last `seconds` seconds, under the same policy and seed, passed at
  /// `level` or above.
  ///
  /// Nil as soon as any run of this drill within that time did not pass, was interrupted, or is under way: a drill of several backups passes only where all do,
  /// and whoever saw it fail wants to know whether it still does.
  public func recentPass(
    of drill: String, cluster: String, policy: Digest, seed: UInt64, level: Level, within seconds: Int64,
    at now: Instant
  ) -> RunFinished? {
    let start = now.advanced(by: -seconds * 1000)
    // Times after now come from a clock that was set back since: nobody relies on them, and what they tell of counts.
    let recent = runs.map(\.body).filter { $0.drill == drill && $0.cluster == cluster && $0.startedAt >= start }
    let finished = Set(recent.map(\.run))
    let isOpen = started.contains {
      $0.body.drill == drill && $0.body.cluster == cluster && $0.body.startedAt >= start
        && !finished.contains($0.body.run)
    }
    guard !isOpen, recent.allSatisfy({ $0.verdict == .pass }) else { return nil }
    return recent.last { $0.startedAt <= now && $0.policy == policy && $0.seed == seed && $0.level >= level }
  }
}
