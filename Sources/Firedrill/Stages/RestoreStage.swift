import DrillChecks
import DrillModel

extension DrillRunner {
  /// Restores the shards in waves within the memory budget, reads each back through its server, and puts the workload to it.
  func restore(_ decoded: Decoded, sheet: AnswerSheet?) async throws -> (Restored?, StageResult) {
    let manifest = decoded.manifest
    var result = StageResult()
    let plan = WavePlan(
      artifacts: decoded.artifacts, memoryBytes: drill.sandbox.memoryBytes, sample: drill.sandbox.shardSample,
      seed: drill.seed)
    let questions = try Questions(for: self, decoded: decoded, sheet: sheet)
    result.notes = plan.notes + questions.notes
    let access = try AccessPart(for: self, of: decoded)

    var restored = Restored(decoded: decoded, seed: drill.seed)
    for (number, wave) in plan.waves.enumerated() {
      do {
        restored.absorb(
          try await RestoredWave.make(
            wave, number: number, questions: questions, access: access, in: self, manifest: manifest))
      } catch let rejected as RestoreRejected {
        result.judgement.findings += checks.judged([RestoreCheck.check(rejected, backup: manifest.backup)])
      } catch let error as DrillError {
        result.judgement.obstacles.append(Run.Obstacle(error, stage: .restore))
      }
    }
    result.phases = restored.phases
    result.sandbox = restored.facts
    result.restored = (restored.held.keys.sorted(), restored.slots)
    if let latency = restored.latency { result.latencies = [latency] }
    if !restored.held.isEmpty { result.fingerprintRoot = restored.folded.fingerprint.root }
    let check = RestoredCheck(backup: manifest.backup, independentReaders: restored.readers)
    if let facts = restored.facts, !facts.clockHeld,
      decoded.artifacts.contains(where: { $0.folded.expiringRecords > 0 }), restored.readers > 1
    {
      // Records that expired since the cut are gone from the sandbox, and nobody could tell them from lost ones.
      let obstacle = DrillError(
        .isolationUnavailable, stage: .restore, subject: "clock",
        detail:
          "the sandbox's clock could not be held at the cut, and the backup holds records that expire: \(facts.isolationDetail)"
      )
      result.judgement.obstacles.append(Run.Obstacle(obstacle, stage: .restore))
      return (nil, result)
    }
    let apart = manifest.topology.moves.count { move in
      restored.held[move.source] != nil && restored.held[move.target] != nil && !plan.together(move.source, move.target)
    }
    if apart > 0 {
      result.notes.append(
        "the sides of \(apart) moves in flight were restored in different waves: that no record lies on both is shown by the artifacts alone"
      )
    }
    var judgement = Judgement()
    judgement.findings = checks.judged(restored.doubled)
    for artifact in decoded.artifacts {
      let shard = artifact.file.shard
      if let held = restored.held[shard], let facts = restored.read[shard] {
        judgement += checks.judged(
          try check.check(
            shard: shard, artifact: artifact.folded, sandbox: restored.comparable[shard] ?? held, facts: facts,
            leftOut: UInt64(artifact.facts.leftOutRecords.count), keys: restored.keyDiffs[shard]))
        judgement += try check.skipped(shard: shard, records: artifact.expired.records, reason: .expiredAtCut)
      } else {
        let reason: SkipReason = plan.notSampled.contains(shard) ? .notSampled : .stageNotRun
        judgement += try check.skipped(shard: shard, records: artifact.whole.records, reason: reason)
        judgement += try check.skipped(
          shard: shard, records: UInt64(artifact.facts.leftOutRecords.count), reason: .notModelled)
      }
    }
    // One coverage and one comparison for all shards: which shard differs is in the findings.
    judgement.coverage = [
      Run.StageCoverage(
        .fingerprint, of: "records restored", try .sum(of: judgement.coverage.map(\.coverage), .records))
    ]
    let comparisons = judgement.comparisons
    if let first = comparisons.first {
      judgement.comparisons = [
        Run.Comparison(
          .fingerprint, left: first.left, right: first.right, independentReaders: first.independentReaders,
          isEqual: comparisons.allSatisfy(\.isEqual))
      ]
    }
    result.judgement += judgement
    let unseen = judgement.coverage.reduce(0) { $0 + ($1.coverage.skipped[.opaqueModule] ?? 0) }
    if unseen > 0 {
      result.notes.append(
        "\(unseen) values of modules could not be compared: the server writes them in other bytes than the artifact has, or"
          + " cannot show them; so the level is not `restored`")
    }
    let leftOut = restored.decoded.artifacts.reduce(0) { $0 + $1.facts.leftOutRecords.count }
    if leftOut > 0 {
      result.notes.append(
        "\(leftOut) keys of the log could not be compared, since what its commands made of them is not modelled; so the"
          + " level is not `restored`")
    }
    if result.judgement.isClean, !restored.held.isEmpty, unseen == 0, leftOut == 0 {
      let server = restored.facts?.server ?? "the store"
      let held = restored.held.values.reduce(0) { $0 + $1.records }
      result.levels = [.init(.restored, evidence: "\(server) holds exactly the \(held) records of the artifacts")]
    }
    // What could not be measured, or differs under load, takes nothing away from what was restored.
    result.judgement.obstacles += LoadPart.saturation(result.latencies)
    result.judgement.obstacles += restored.loadObstacles.map { Run.Obstacle($0, stage: .replay) }
    if drill.load != nil, restored.load == nil, restored.loadObstacles.isEmpty, !restored.held.isEmpty {
      let nothing = DrillError(
        .usage, stage: .replay, subject: "load",
        detail: "nothing was put under load: no key, or no whole slot, of its questions lay in shards restored together"
      )
      result.judgement.obstacles.append(Run.Obstacle(nothing, stage: .replay))
    }
    try restored.load?.judge(backup: manifest.backup, by: checks, into: &result)
    try restored.access?.judge(by: checks, into: &result)
    try checkModes(of: manifest, into: &result)
    return (restored.held.isEmpty ? nil : restored, result)
  }
}
