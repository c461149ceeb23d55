import DrillModel

/// The runs that a report looks back on: the latest ones in full, and how many there were in all.
package struct ReportWindow: Sendable {
  package var runs: [Recorded<RunFinished>]
  package var counts: ReportPage.Counts
  /// Runs before ``runs``, by drill.
  package var omitted: [String: Int]

  /// The most runs of a drill that are looked at one by one.
  package static let mostRuns = 400

  package init(runs: [Recorded<RunFinished>], counts: ReportPage.Counts, omitted: [String: Int]) {
    self.runs = runs
    self.counts = counts
    self.omitted = omitted
  }

  /// All of them.
  init(_ runs: [Recorded<RunFinished>]) {
    self.init(runs: runs, counts: ReportPage.Counts(runs.map(\.body.verdict)), omitted: [:])
  }
}
