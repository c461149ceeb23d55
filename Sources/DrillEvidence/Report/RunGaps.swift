import DrillModel

/// What one run did not examine, could not look at, or does not say.
struct RunGaps {
  let source: RunSource

  var all: [ReportPage.Gap] {
    guard source.isFinished else { return [unfinished] }
    return nothing + obstacles + unsure + levelShort + skipped + stages + notDone + notMeasured + notRecorded
  }

  private var unfinished: ReportPage.Gap {
    source.entry.state == .running
      ? gap(.notDone, "the whole run", "it is still running")
      : gap(
        .obstacle, "the whole run", "it began and its process ended before it was done; it says nothing about the data")
  }

  private var nothing: [ReportPage.Gap] {
    let isNothing = source.coverage.allSatisfy { $0.coverage.examined == 0 }
    return isNothing ? [gap(.notDone, "everything", "nothing at all was examined")] : []
  }

  private var obstacles: [ReportPage.Gap] {
    if let run = source.run {
      return run.obstacles.map {
        let what = $0.subject.isEmpty ? "stage \($0.stage.rawValue)" : "stage \($0.stage.rawValue), \($0.subject)"
        return gap(.obstacle, what, "\($0.code.rawValue): \($0.detail)")
      }
    }
    return (source.entry.outcome?.obstacles ?? [:]).sorted { $0.key < $1.key }.map {
      gap(.obstacle, $0.key, "could not look; the words were dropped by age", Format.plural($0.value, "time"))
    }
  }

  private var unsure: [ReportPage.Gap] {
    var gaps: [ReportPage.Gap] = []
    if let answers = source.answers, answers.indeterminate > 0 {
      gaps.append(
        gap(
          .obstacle, "answers", "no answer in time on one of the sides", Format.amount(answers.indeterminate, .answers))
      )
    }
    let ambiguous = source.drift.filter { $0.attribution == .ambiguous }.reduce(0) { $0 + $1.count }
    if ambiguous > 0 {
      gaps.append(
        gap(
          .obstacle, "drift", "can neither be explained nor be held against the backup",
          Format.plural(ambiguous, "difference")))
    }
    if let doubt = source.run?.selfTest?.doubt ?? source.selfTest?.doubt {
      gaps.append(gap(.obstacle, "self-test", doubt))
    }
    return gaps
  }

  /// The required level is not reached, and no finding says why.
  private var levelShort: [ReportPage.Gap] {
    guard let level = source.level, let required = source.requiredLevel, level < required else { return [] }
    let reason = source.levels.compactMap(\.missing).first ?? "no evidence for more"
    return [gap(.notDone, "level \(required.rawValue)", "the evidence reaches level \(level.rawValue): \(reason)")]
  }

  private var skipped: [ReportPage.Gap] {
    source.coverage.sorted { $0.stage < $1.stage }.flatMap { part in
      part.coverage.skipped.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map {
        gap(
          .skipped, "\(part.stage.rawValue), \(part.of)", $0.key.rawValue, Format.amount($0.value, part.coverage.unit))
      }
    }
  }

  /// Stages that did not run to their end, but for those whose obstacle is named.
  private var stages: [ReportPage.Gap] {
    guard let examined = source.examined else { return [] }
    let stopped = Set(source.run?.obstacles.map(\.stage) ?? [])
    let examinedParts = Set(source.coverage.filter { $0.coverage.examined > 0 }.map(\.stage))
    let optional: Set<Stage> = [.selfTest, .catalog, .replay, .compare, .drift, .objectives]
    return Stage.allCases.filter {
      !examined.stages.contains($0) && !stopped.contains($0) && !optional.contains($0) && !examinedParts.contains($0)
    }.map { gap(.notDone, "stage \($0.rawValue)", "it did not run to its end") }
  }

  private var notDone: [ReportPage.Gap] {
    var gaps: [ReportPage.Gap] = []
    if source.selfTest == nil {
      gaps.append(gap(.notDone, "self-test", "no fault was planted to see whether the run's checks find it"))
    }
    if source.answers == nil {
      gaps.append(gap(.notDone, "answers", "no operation was put to both sides"))
    }
    if !RunSource.lookedForDrift(source.coverage, source.drift, source.run?.comparisons) {
      gaps.append(gap(.notDone, "drift", "the restored copy was not compared with a later state of production"))
    }
    if let run = source.run, run.sandbox == nil {
      gaps.append(gap(.notDone, "sandbox", "nothing was restored into one"))
    }
    for backup in source.backups where backup.cut == nil {
      gaps.append(gap(.notDone, "backup \(backup.backup)", "nothing trusted says which cut it stands for"))
    }
    return gaps
  }

  private var notMeasured: [ReportPage.Gap] {
    source.objectives.filter { $0.measured == nil }.map {
      gap(.notDone, "objective \($0.kind.rawValue)", "it could not be measured")
    }
  }

  private var notRecorded: [ReportPage.Gap] {
    var gaps: [ReportPage.Gap] = []
    if source.run == nil {
      gaps.append(
        gap(
          .notRecorded, "phases, evidence, comparisons, expected and observed",
          "the run's details were dropped by age; this report shows what outlives them"))
    }
    if source.examined == nil {
      gaps.append(
        gap(.notRecorded, "examined slots and stages", "the run was recorded by a version that did not keep them"))
    }
    return gaps
  }

  private func gap(
    _ kind: ReportPage.Gap.Kind, _ subject: String, _ reason: String, _ amount: String? = nil
  ) -> ReportPage.Gap {
    ReportPage.Gap(kind: kind, subject: subject, reason: reason, amount: amount)
  }
}
