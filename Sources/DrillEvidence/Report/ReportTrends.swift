import DrillModel

/// Lines and points over many runs, from their leaves alone.
enum ReportTrends {
  static func trends(_ window: ReportWindow) -> [ReportPage.Trend] {
    let byDrill = Dictionary(grouping: window.runs.map(\.body), by: \.drill)
    return byDrill.keys.sorted().map { drill in
      let ordered = (byDrill[drill] ?? []).sorted { ($0.startedAt, $0.run) < ($1.startedAt, $1.run) }
      let points = ordered.suffix(ReportPage.mostRuns).map(point)
      return ReportPage.Trend(
        drill: drill, omitted: ordered.count - points.count + (window.omitted[drill] ?? 0), points: points)
    }
  }

  static func point(_ run: RunFinished) -> ReportPage.Trend.Point {
    ReportPage.Trend.Point(
      run: run.run, at: run.startedAt, verdict: run.verdict, restoreMs: run.restoreMs > 0 ? run.restoreMs : nil,
      targetMs: run.objectives.first { $0.kind == .restoreTime }?.target,
      drift: RunSource.lookedForDrift(run.coverage, run.drift, nil) ? run.drift.filter { $0.count > 0 } : nil)
  }

  static func line(_ run: RunFinished) -> ReportPage.RunLine {
    ReportPage.RunLine(
      run: run.run, drill: run.drill, state: .finished, startedAt: run.startedAt, verdict: run.verdict,
      level: run.level, findings: run.findings.values.reduce(0, +), obstacles: run.obstacles.values.reduce(0, +),
      restoreMs: run.restoreMs > 0 ? run.restoreMs : nil,
      drift: RunSource.lookedForDrift(run.coverage, run.drift, nil) ? run.drift.reduce(0) { $0 + $1.count } : nil)
  }

  static func line(_ run: RunStarted, _ state: RunEntry.State) -> ReportPage.RunLine {
    ReportPage.RunLine(
      run: run.run, drill: run.drill, state: state, startedAt: run.startedAt, findings: 0, obstacles: 0)
  }

  /// The latest first, at most so many as a report names.
  static func lines(_ runs: [Recorded<RunFinished>], unfinished: [ReportPage.RunLine]) -> [ReportPage.RunLine] {
    let lines = runs.map { line($0.body) } + unfinished
    return Array(lines.sorted { ($1.startedAt, $1.run) < ($0.startedAt, $0.run) }.prefix(ReportPage.mostRuns))
  }
}
