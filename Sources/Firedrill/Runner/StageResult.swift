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
  /// The cut at which a chain was found to stand.
  var cut: Cut?
  /// What was read of an unsealed backup.
  var unsealed: UnsealedBackup?
  var sandbox: SandboxFacts?
  var selfTest: SelfTest?
  var fingerprintRoot: Digest?
  /// The shards that were restored and read back, and the slots of which every record was.
  var restored: (shards: [String], slots: SlotSet)?
  /// Slots of questions that were put and not compared.
  var unanswered = SlotSet()
  /// The topology that a trusted manifest states.
  var topology: Topology?
  /// The topology that a live snapshot saw.
  var liveTopology: Topology?

  init(_ judgement: Judgement = Judgement()) { self.judgement = judgement }

  init(finding: Finding) { judgement.findings = [finding] }

  init(obstacle error: DrillError, stage: Stage) { judgement.obstacles = [Run.Obstacle(error, stage: stage)] }
}

/// A run under construction: absorbs what stages return, in their order.
struct RunDraft: Sendable {
  private(set) var run: Run
  private let redactor: KeyRedactor?
  private let events: DrillEventHandler
  /// The stages that were begun, and whether everything in them ran to its end.
  private var stages: [Stage: Bool] = [:]
  private var restored: (shards: [String], slots: SlotSet) = ([], SlotSet())
  private var unanswered = SlotSet()
  /// More slots than this are not listed: a leaf stays for ever, and has to be small.
  private static let mostUnanswered = 1000
  /// The topology that a trusted manifest states.
  private(set) var topology: Topology?
  /// The topology that a live snapshot saw.
  private(set) var liveTopology: Topology?

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
    if let cut = result.cut, !run.backups.isEmpty { run.backups[run.backups.count - 1].cut = cut }
    if let unsealed = result.unsealed, !run.backups.isEmpty {
      run.backups[run.backups.count - 1].unsealed = unsealed
    }
    run.sandbox = result.sandbox ?? run.sandbox
    run.selfTest = result.selfTest ?? run.selfTest
    run.fingerprintRoot = result.fingerprintRoot ?? run.fingerprintRoot
    restored = result.restored ?? restored
    unanswered = unanswered.union(result.unanswered)
    topology = result.topology ?? topology
    liveTopology = result.liveTopology ?? liveTopology
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

  /// Takes note that a stage ended; it was looked at to its end only where each of its parts was.
  mutating func note(_ stage: Stage, ranToItsEnd: Bool) {
    // A sandbox is restored, read back and asked in one stretch.
    for stage in stage == .restore ? [.restore, .fingerprint, .replay] : [stage] {
      stages[stage] = ranToItsEnd && stages[stage] ?? true
    }
  }

  /// The run as it ended.
  mutating func finish(at time: Instant = .now) -> Run {
    run.finishedAt = time
    let references = run.comparisons.map(\.right).filter { $0 != "sandbox" && $0 != "artifact" }
    run.examined = Run.Examined(
      stages: Stage.allCases.filter { stages[$0] == true }, shards: restored.shards, slots: restored.slots,
      references: references.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
      unanswered: unanswered.count <= RunDraft.mostUnanswered ? unanswered : nil)
    return run
  }

  private func redact(_ key: KeyName) -> KeyName {
    guard let redactor, case .clear(let bytes) = key else { return key }
    return redactor.redact(bytes)
  }
}
