import DrillChecks
import DrillModel

extension DrillRunner {
  /// What was measured, held against what the drill requires.
  func checkObjectives(of run: Run, sealed: DrilledBackup) -> (Void?, StageResult) {
    let restoreTime: Duration? = run.restoreMs > 0 ? .microseconds(Int64(run.restoreMs * 1000)) : nil
    let cuts = cuts(around: run.findings.isEmpty ? sealed.cut : nil)
    // No drift where something was compared is none; where nothing was compared it is unknown.
    let drift = run.coverage.contains { $0.stage == .drift } ? run.drift : nil
    let check = ObjectivesCheck(drill.objectives)
    var result = StageResult(
      checks.judged(
        check.check(
          ObjectivesCheck.Measured(
            restoreTime: restoreTime, verifiedCuts: cuts, drift: drift, answers: run.answers,
            coverage: run.coverage))))
    let objectives = drill.objectives
    func note(_ kind: Run.Objective.Kind, _ target: Double?, _ measured: Double?) {
      if let target { result.objectives.append(Run.Objective(kind, target: target, measured: measured)) }
    }
    note(.restoreTime, objectives.restoreTime?.milliseconds, restoreTime?.milliseconds)
    note(.recoveryPoint, objectives.recoveryPoint?.milliseconds, ObjectivesCheck.largestGap(cuts)?.length.milliseconds)
    note(.drift, objectives.maxDrift.map(Double.init), drift.map { Double($0.reduce(0) { $0 + $1.count }) })
    note(.mismatches, objectives.maxMismatches.map(Double.init), run.answers.map { Double($0.different) })
    note(.coverage, objectives.minCoverage, run.coverage.compactMap { $0.coverage.share }.min())
    return ((), result)
  }

  /// The ends of the gaps that a run answers for: from the verified cut before its own, and to the one after it or until now. Without a cut of its own, from
  /// the last one until now.
  ///
  /// Each gap is judged by the runs at its ends. A run that answered for all that ever were could never pass again after one night was missed.
  private func cuts(around own: Instant?) -> [Instant] {
    guard let own else { return [verifiedCuts.max()].compactMap { $0 } + [.now] }
    let before = verifiedCuts.filter { $0 < own }.max()
    let after = verifiedCuts.filter { $0 > own }.min()
    return [before].compactMap { $0 } + [own, after ?? .now]
  }
}
