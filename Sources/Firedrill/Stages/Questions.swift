import DrillChecks
import DrillModel
import DrillReplay

/// What the sandboxes are asked: the captured operations, and those that a live reference will be asked too.
struct Questions: Sendable {
  var sheet: AnswerSheet?
  var live: [Operation] = []
  var driver: ReplayDriver
  var notes: [String] = []

  init(for runner: DrillRunner, decoded: Decoded, sheet: AnswerSheet?) throws {
    let drill = runner.drill
    let workload = drill.workload ?? runner.cluster?.answers
    driver =
      workload.map { ReplayDriver($0.profile, budget: $0.budget) }
      ?? ReplayDriver(connections: 4, pipelining: 16, timeout: .seconds(2))
    // The captured answers are all asked again: a budget is for the live side.
    driver.budget = nil
    if drill.references.contains(.captured) { self.sheet = sheet }
    guard drill.references.contains(.live), let workload = drill.workload else { return }
    var folded = FoldedRecords(seed: drill.seed, sampleSize: DrillRunner.sampleSize)
    for artifact in decoded.artifacts { folded += artifact.folded }
    let keys = folded.sampledKeys.keys
    guard !keys.entries.isEmpty else { return }
    let engine = runner.engine
    let stream = try OperationStream(workload.profile, over: keys, seed: drill.seed) { engine.slot(ofKey: $0) }
    live = stream.operations
    if !stream.omitted.isEmpty {
      notes.append("not asked, since no key is of their kind: \(stream.omitted.joined(separator: ", "))")
    }
  }
}
