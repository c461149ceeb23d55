import DrillChecks
import DrillModel
import DrillReplay

/// What the sandboxes are asked: the captured operations, and those that a live reference will be asked too.
struct Questions: Sendable {
  var sheet: AnswerSheet?
  var live: [Operation] = []
  var driver: ReplayDriver
  /// What the restored copy is put under, and how.
  var load: (steps: SandboxLoad, driver: ReplayDriver)?
  var notes: [String] = []

  init(for runner: DrillRunner, decoded: Decoded, sheet: AnswerSheet?) throws {
    let drill = runner.drill
    let workload = drill.workload ?? runner.cluster?.answers
    driver =
      workload.map { ReplayDriver($0.profile, seed: drill.seed, budget: $0.budget) }
      ?? ReplayDriver(connections: 4, pipelining: 16, timeout: .seconds(2))
    // The captured answers are all asked again: a budget is for the live side.
    driver.budget = nil
    if drill.references.contains(.captured) { self.sheet = sheet }
    let liveWorkload = drill.references.contains(.live) ? drill.workload : nil
    guard liveWorkload != nil || drill.load != nil else { return }
    var folded = FoldedRecords(seed: drill.seed, sampleSize: DrillRunner.sampleSize)
    for artifact in decoded.artifacts { folded += artifact.folded }
    let keys = folded.sampledKeys.keys
    guard !keys.entries.isEmpty else { return }
    let engine = runner.engine
    if let load = drill.load {
      let steps = try SandboxLoad(load.profile, over: keys, seed: drill.seed) { engine.slot(ofKey: $0) }
      self.load = (steps, ReplayDriver(load.profile, seed: drill.seed, budget: load.budget))
      if !steps.omitted.isEmpty {
        notes.append("not asked under load, since no key is of their kind: \(steps.omitted.joined(separator: ", "))")
      }
    }
    guard let workload = liveWorkload else { return }
    let stream = try OperationStream(workload.profile, over: keys, seed: drill.seed) { engine.slot(ofKey: $0) }
    live = stream.operations
    if !stream.omitted.isEmpty {
      notes.append("not asked, since no key is of their kind: \(stream.omitted.joined(separator: ", "))")
    }
  }
}
