import DrillChecks
import DrillModel
import DrillReplay

/// What sandboxes answered before and while they were under load, all waves together.
struct LoadPart: Sendable {
  /// The restored copy's own answers before anything was written.
  private(set) var alone: [Operation: RecordedAnswer] = [:]
  private(set) var operations: [Operation] = []
  private(set) var answers: [RecordedAnswer] = []
  private(set) var unasked = 0
  private(set) var written = 0
  private(set) var refused: [String: Int] = [:]
  private(set) var latency: LatencyRecord?
  private(set) var offered: OfferedLoad?

  init(alone: ReplayResult, loaded: LoadResult) {
    self.alone = Dictionary(zip(alone.operations, alone.answers)) { first, _ in first }
    operations = loaded.operations
    answers = loaded.answers
    unasked = loaded.unasked
    written = loaded.written
    refused = loaded.refused
    latency = loaded.latency
    offered = loaded.offered
  }

  mutating func absorb(_ other: LoadPart) {
    alone.merge(other.alone) { first, _ in first }
    operations += other.operations
    answers += other.answers
    unasked += other.unasked
    written += other.written
    refused.merge(other.refused, uniquingKeysWith: +)
    if let more = other.latency { latency?.merge(more) }
    if let more = other.offered { offered?.merge(more) }
  }

  private var summary: Run.Latency? {
    guard let latency, latency.count > 0 else { return nil }
    var summary = latency.summary(side: Run.Latency.underLoad)
    summary.offered = offered?.summary
    return summary
  }

  /// Holds the answers under load against those of the restored copy alone; says what could not be measured.
  func judge(backup: String, by checks: CheckSet, into result: inout StageResult) throws {
    let unknown = RecordedAnswer(digest: nil, shape: "not asked")
    let (judgement, tally) = try AnswerCheck.underLoad(backup: backup).check(
      operations, expected: operations.map { alone[$0] ?? unknown }, observed: answers, unasked: unasked)
    result.judgement += checks.judged(judgement)
    if let summary { result.latencies.append(summary) }
    result.notes.append("under load: \(operations.count) questions asked and \(written) writes taken by the sandbox")
    func obstacle(_ code: DrillError.Code, _ detail: String) {
      result.judgement.obstacles.append(
        Run.Obstacle(DrillError(code, stage: .replay, subject: "load", detail: detail), stage: .replay))
    }
    if tally.indeterminate > 0 {
      obstacle(.timedOut, "\(tally.indeterminate) questions under load have no answer that could be compared")
    }
    if let count = refused["OOM"] {
      obstacle(
        .memoryBudget,
        "the sandbox had no memory left for \(count) writes; give it more, or write fewer or smaller values")
    }
    let others = refused.filter { $0.key != "OOM" }
    if !others.isEmpty {
      let reasons = others.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
      obstacle(.serverFailed, "writes were not taken by the sandbox: \(reasons)")
    }
    if let summary { result.judgement.obstacles += LoadPart.saturation([summary]) }
  }

  /// One obstacle for each side whose generator measured itself.
  static func saturation(_ latencies: [Run.Latency]) -> [Run.Obstacle] {
    latencies.filter { $0.offered?.isGeneratorSaturated == true }.map { latency in
      let lag = latency.offered.map { Int($0.generatorLagP99Us / 1000) } ?? 0
      return Run.Obstacle(
        DrillError(
          .generatorSaturated, stage: .replay, subject: latency.side,
          detail:
            "the machine of the drill could not send at the rate that was asked for (its own delay reached \(lag) ms), so the latencies are its own; ask for a lower rate, or use a machine with less to do"
        ), stage: .replay)
    }
  }
}
