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
    let (start, end) = (now.advanced(by: -seconds * 1000), now)
    func isRecent(_ time: Instant) -> Bool { time >= start && time <= end }
    let recent = runs.map(\.body).filter { $0.drill == drill && $0.cluster == cluster && isRecent($0.startedAt) }
    let finished = Set(recent.map(\.run))
    let isOpen = started.contains {
      $0.body.drill == drill && $0.body.cluster == cluster && isRecent($0.body.startedAt)
        && !finished.contains($0.body.run)
    }
    guard !isOpen, recent.allSatisfy({ $0.verdict == .pass }) else { return nil }
    return recent.last { $0.policy == policy && $0.seed == seed && $0.level >= level }
  }
}
