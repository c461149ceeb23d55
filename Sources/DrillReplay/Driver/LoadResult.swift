public import DrillModel

/// What came of putting a sandbox under load.
public struct LoadResult: Equatable, Sendable {
  /// The questions that were asked, in their order, with as many answers.
  public var operations: [Operation] = []
  public var answers: [RecordedAnswer] = []
  /// Questions that were not asked.
  public var unasked = 0
  /// Writes that were taken, and those that were not or of which nobody knows, by what the sandbox said.
  public var written = 0
  public var refused: [String: Int] = [:]
  public var unwritten = 0
  /// Service time of questions and writes.
  public var latency: LatencyRecord
  public var offered: OfferedLoad?
  public var elapsed: Duration

  init(steps: [LoadStep], _ progress: ReplayDriver.Progress) {
    latency = progress.serviceTime
    offered = progress.offered
    elapsed = progress.elapsed
    for (step, answer) in zip(steps, progress.answers) {
      switch (step, answer) {
      case (.ask(let operation), let answer?):
        operations.append(operation)
        answers.append(answer)
      case (.ask, nil): unasked += 1
      case (.write, let answer?) where answer.digest != nil: written += 1
      case (.write, let answer?): refused[answer.shape, default: 0] += 1
      case (.write, nil): unwritten += 1
      }
    }
  }

  /// As a run keeps it; nil where nothing was answered.
  public var summary: Run.Latency? {
    guard latency.count > 0 else { return nil }
    var summary = latency.summary(side: Run.Latency.underLoad)
    summary.offered = offered?.summary
    return summary
  }
}
