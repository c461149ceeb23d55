import DrillModel

/// What the period lacks, as far as it can be concluded from the ledger.
enum GapReport {
  static func gaps(
    _ scope: EvidenceScope, history: History, leaves: [RawLeaf], missed: [MissedDrill]
  ) -> [EvidenceGap] {
    let stated = Set(leaves.filter { scope.states($0) }.map(\.leaf))
    let runs = history.runs.filter { stated.contains($0.leaf) }
    var gaps = missed.map {
      EvidenceGap(
        kind: .missedDrill, cluster: $0.cluster, drill: $0.drill, at: $0.due,
        detail: "the drill was due at \(Format.time($0.due)) and did not run")
    }
    let named = scope.clusters.isEmpty ? Set(history.clusters) : scope.clusters
    for cluster in named.sorted() where !runs.contains(where: { $0.body.cluster == cluster }) {
      gaps.append(
        EvidenceGap(kind: .clusterWithoutRun, cluster: cluster, detail: "no run of the cluster ended in the period"))
    }
    for start in history.interrupted where stated.contains(start.leaf) {
      gaps.append(
        EvidenceGap(
          kind: .interruptedRun, cluster: start.body.cluster, drill: start.body.drill, run: start.body.run,
          leaf: start.leaf,
          at: start.time, detail: "the run began and never ended"))
    }
    for run in runs { gaps += self.gaps(run) }
    return gaps + record(scope, leaves)
  }

  /// The time between two exports of which neither states anything.
  static func uncovered(
    before scope: EvidenceScope, previous: EvidenceManifest.Head?, _ exports: [Recorded<EvidenceExported>]
  ) -> [EvidenceGap] {
    guard let previous,
      let export = exports.last(where: { $0.body.size == previous.size && $0.body.root == previous.root }),
      export.body.to < scope.from
    else { return [] }
    return [
      EvidenceGap(
        kind: .periodNotCovered, leaf: export.leaf, at: export.body.to,
        detail:
          "the previous export ends at \(Format.time(export.body.to)) and this one begins at \(Format.time(scope.from))"
      )
    ]
  }

  private static func gaps(_ recorded: Recorded<RunFinished>) -> [EvidenceGap] {
    let run = recorded.body
    func gap(_ kind: EvidenceGap.Kind, _ detail: String) -> EvidenceGap {
      EvidenceGap(
        kind: kind, cluster: run.cluster, drill: run.drill, run: run.run, leaf: recorded.leaf, at: recorded.time,
        detail: detail)
    }
    var gaps: [EvidenceGap] = []
    for backup in run.backups {
      if let unsealed = backup.unsealed {
        gaps.append(gap(.unsealedBackup, "backup \(backup.backup): \(unsealed.open)"))
      }
    }
    if run.level < run.requiredLevel {
      gaps.append(gap(.levelNotReached, "reached \(run.level.rawValue), required was \(run.requiredLevel.rawValue)"))
    }
    for (code, count) in run.obstacles.sorted(by: { $0.key < $1.key }) {
      gaps.append(gap(.obstacle, "could not look: \(code), \(Format.plural(count, "time"))"))
    }
    if let doubt = run.selfTest?.doubt { gaps.append(gap(.obstacle, "its own checks: \(doubt)")) }
    for part in run.coverage {
      for (reason, amount) in part.coverage.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        gaps.append(
          gap(
            .coverageSkipped,
            "\(part.stage.rawValue), \(part.of): \(Format.amount(amount, part.coverage.unit)) of \(Format.amount(part.coverage.declared, part.coverage.unit)) not examined: \(reason.rawValue)"
          ))
      }
    }
    return gaps
  }

  /// What is odd about the order in which the leaves were recorded.
  private static func record(_ scope: EvidenceScope, _ leaves: [RawLeaf]) -> [EvidenceGap] {
    var gaps: [EvidenceGap] = []
    var last: RawLeaf?
    for leaf in leaves where scope.shows(leaf) {
      if scope.isLate(leaf) {
        gaps.append(
          EvidenceGap(
            kind: .recordedLate, cluster: leaf.clusters.first, leaf: leaf.leaf, at: leaf.time,
            detail:
              "a leaf of kind \(leaf.kind.rawValue) was recorded after the previous export, but is dated before this period"
          ))
      }
      if leaf.time >= scope.to {
        gaps.append(
          EvidenceGap(
            kind: .datedAhead, cluster: leaf.clusters.first, leaf: leaf.leaf, at: leaf.time,
            detail: "a leaf of kind \(leaf.kind.rawValue) is already in the tree, but is dated after this period"))
      }
      if let last, leaf.time < last.time {
        gaps.append(
          EvidenceGap(
            kind: .clockRanBackwards, cluster: leaf.clusters.first, leaf: leaf.leaf, at: leaf.time,
            detail:
              "recorded after leaf \(last.leaf), but dated before it, by \(Format.duration(ms: Double(last.time.millisecondsSince1970 - leaf.time.millisecondsSince1970)))"
          ))
      }
      last = leaf
    }
    return gaps
  }
}
