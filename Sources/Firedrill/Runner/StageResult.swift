import DrillChecks
import DrillEvidence
import DrillModel

/// What a stage adds to a run, beside the value that it hands on.
struct StageResult: Sendable {
  var judgement = Judgement()
  var levels: [Run.LevelReached] = []
  var phases: [PhaseTiming] = []
  var notes: [String] = []
  var drift: DriftCheck.Result?
  var answers: Run.AnswerTally?
  var latencies: [Run.Latency] = []
  var objectives: [Run.Objective] = []
  var backup: Run.BackupExamined?
  var sandbox: SandboxFacts?
  var fingerprintRoot: Digest?

  init(_ judgement: Judgement = Judgement()) { self.judgement = judgement }

  init(finding: Finding) { judgement.findings = [finding] }

  init(obstacle error: DrillError, stage: Stage) { judgement.obstacles = [Run.Obstacle(error, stage: stage)] }
}

/// A run under construction: absorbs what stages return, in their order.
struct RunDraft: Sendable {
  private(set) var run: Run
  private let redactor: KeyRedactor?
  private let events: DrillEventHandler

  /// Findings that are announced while the run goes on; the rest are in its summary.
  private static let announced = 20

  /// - Parameter redactor: nil leaves keys in clear, which a flag has to ask for.
  init(_ run: Run, redactor: KeyRedactor?, events: @escaping DrillEventHandler) {
    self.run = run
    self.redactor = redactor
    self.events = events
  }

  mutating func absorb(_ result: StageResult) {
    for var finding in result.judgement.findings {
      finding.subject.key = finding.subject.key.map(redact)
      run.findings.append(finding)
      if run.findings.count <= RunDraft.announced { events(.found(finding)) }
    }
    run.obstacles += result.judgement.obstacles
    run.coverage += result.judgement.coverage
    run.comparisons += result.judgement.comparisons
    run.levels += result.levels
    run.phases += result.phases
    run.notes += result.notes.filter { !run.notes.contains($0) }
    run.objectives += result.objectives
    run.latencies += result.latencies
    if let backup = result.backup { run.backups.append(backup) }
    run.sandbox = result.sandbox ?? run.sandbox
    run.fingerprintRoot = result.fingerprintRoot ?? run.fingerprintRoot
    if let drift = result.drift {
      run.drift += drift.tallies
      run.driftSamples += drift.samples.map { sample in
        var sample = sample
        sample.key = redact(sample.key)
        return sample
      }
    }
    if let answers = result.answers {
      let known = run.answers ?? Run.AnswerTally()
      run.answers = Run.AnswerTally(
        equal: known.equal + answers.equal, different: known.different + answers.different,
        indeterminate: known.indeterminate + answers.indeterminate)
    }
  }

  mutating func edit(_ change: (inout Run) -> Void) { change(&run) }

  private func redact(_ key: KeyName) -> KeyName {
    guard let redactor, case .clear(let bytes) = key else { return key }
    return redactor.redact(bytes)
  }
}
