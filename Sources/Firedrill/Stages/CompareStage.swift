import DrillChecks
import DrillModel
import DrillReplay

extension DrillRunner {
  /// What was restored, held against what was captured from the live servers at the cut: counts, content, answers.
  func compare(_ restored: Restored, with reference: ReferenceData?) async throws -> (Void?, StageResult) {
    var result = StageResult()
    guard drill.references.contains(.captured) else { return ((), result) }
    guard let reference else {
      result.notes = ["content at the cut unknown: nothing was captured from the live servers"]
      return ((), result)
    }
    try compareContent(restored, reference, &result)
    try await compareAnswers(restored, reference, &result)
    return ((), result)
  }

  /// The live servers' own counts, held against what the artifacts hold: all that a captured reference says without a restore.
  func compareArtifacts(_ decoded: Decoded, with reference: ReferenceData?) throws -> (Void?, StageResult) {
    var result = StageResult()
    guard let counts = reference?.counts else { return ((), result) }
    let manifest = decoded.manifest
    // What was not read whole says nothing about numbers.
    let whole = decoded.artifacts.filter { $0.facts.problems.isEmpty && $0.facts.leftOutRecords.isEmpty }
    let held = Dictionary(whole.map { ($0.file.shard, $0.whole.fingerprint) }) { first, _ in first }
    var check = ContentCheck(backup: manifest.backup, reference: "captured", independentReaders: 2)
    check.observer = "artifacts"
    if !counts.shards.isEmpty {
      result.judgement += checks.judged(
        try check.checkCounts(
          counts, restored: held, topology: manifest.topology, slots: manifest.scope.slots,
          unrestored: .artifactUnavailable, doubles: decoded.doubles))
    }
    if let namespaces = counts.namespaces {
      result.judgement += checks.judged(
        try check.checkNamespaces(namespaces, restored: held, unrestored: .artifactUnavailable))
    }
    return ((), result)
  }

  private func compareContent(_ restored: Restored, _ reference: ReferenceData, _ result: inout StageResult) throws {
    let check = contentCheck(of: restored, with: reference)
    var judgement = Judgement()
    var evidence: [String] = []
    if let counts = reference.counts {
      judgement += checks.judged(try compareCounts(restored, counts))
      if !counts.shards.isEmpty { evidence.append("the live servers' own counts of every slot at the cut") }
      if counts.namespaces != nil {
        evidence.append("the live servers' own counts of each database at the cut, which they do not count by slot")
      }
    }
    if let fingerprint = reference.fingerprint {
      if restored.slots.isEmpty {
        result.notes.append("content not compared: shards without a slot map can only be compared all together")
      } else {
        judgement += checks.judged(
          try check.checkFingerprint(
            fingerprint, restored: restored.folded.fingerprint, slots: restored.slots))
        evidence.append("the source's fingerprint, read while the cut was held")
      }
    }
    result.judgement += judgement
    if judgement.isClean, !judgement.comparisons.isEmpty {
      result.levels.append(.init(.content, evidence: evidence.joined(separator: "; ")))
    }
  }

  /// The live servers count by themselves; a source that only our reader read is one reader, and says so.
  func contentCheck(of restored: Restored, with reference: ReferenceData?) -> ContentCheck {
    ContentCheck(
      backup: restored.manifest.backup, reference: "captured",
      independentReaders: reference?.counts == nil ? 1 : 2)
  }

  /// By slot, and by database where the servers count no slots.
  func compareCounts(_ restored: Restored, _ counts: SlotCounts) throws -> Judgement {
    let manifest = restored.manifest
    let check = ContentCheck(backup: manifest.backup, reference: "captured", independentReaders: 2)
    var judgement = Judgement()
    if !counts.shards.isEmpty {
      judgement += try check.checkCounts(
        counts, restored: restored.countable, topology: manifest.topology, slots: manifest.scope.slots)
    }
    if let namespaces = counts.namespaces {
      judgement += try check.checkNamespaces(namespaces, restored: restored.countable)
    }
    return judgement
  }

  private func compareAnswers(
    _ restored: Restored, _ reference: ReferenceData, _ result: inout StageResult
  ) async throws {
    guard let sheet = reference.answers else {
      result.notes.append("no answers were captured from the live servers")
      return
    }
    let pairs = zip(sheet.operations, sheet.answers).filter { restored.asked.contains($0.0.slot) }
    guard !pairs.isEmpty else {
      result.notes.append("no captured question is about shards that were restored together")
      return
    }
    let unasked = RecordedAnswer(digest: nil, shape: "not asked")
    func observed(_ operation: DrillModel.Operation) -> RecordedAnswer { restored.sheet.answers[operation] ?? unasked }
    let kept = try await answersThatStand(pairs, observed, until: sheet.askedUntil, restored)
    let (judged, tally) = try AnswerCheck(
      backup: restored.manifest.backup, reference: "captured", independentReaders: restored.readers
    ).check(
      kept.map(\.0), expected: kept.map(\.1), observed: kept.map { observed($0.0) }, unasked: sheet.unasked,
      explained: UInt64(pairs.count - kept.count))
    let judgement = checks.judged(judged)
    result.judgement += judgement
    if let note = AnswerCheck.note(judgement, askedAgain: sheet.askedAgain) { result.notes.append(note) }
    result.judgement.findings += checks.judged(try await lost(kept, observed, restored))
    let compared = Set(kept.filter { $0.1.digest != nil && observed($0.0).digest != nil }.map(\.0))
    result.unanswered = SlotSet(pairs.map(\.0).filter { !compared.contains($0) }.map(\.slot))
    result.answers = tally
    if let latency = reference.answers?.latency { result.latencies.append(latency) }
    if judgement.isClean, tally.equal > 0, tally.indeterminate == 0 {
      result.levels.append(
        .init(.answers, evidence: "\(tally.equal) answers equal to those that the live servers gave at the cut"))
    }
  }

  /// Records that production answered about and that no shard of the backup holds.
  private func lost(
    _ pairs: [(DrillModel.Operation, RecordedAnswer)], _ observed: (DrillModel.Operation) -> RecordedAnswer,
    _ restored: Restored
  ) async throws -> [Finding] {
    let differing = pairs.filter { operation, live in
      guard let own = observed(operation).digest, let live = live.digest else { return false }
      return own != live
    }.map(\.0).prefix(DrillRunner.mostLookedUp)
    guard !differing.isEmpty else { return [] }
    let reading = ArtifactReading(
      engine: engine, seed: drill.seed, sampleSize: 0, clock: restored.manifest.cut.time, events: events)
    return LostRecords.check(
      Array(differing), held: try await reading.keys(of: SlotSet(differing.map(\.slot)), in: restored.files),
      backup: restored.manifest.backup)
  }

  /// Differing answers whose keys are looked for in all shards.
  private static var mostLookedUp: Int { 100 }

  /// All but the differing answers about records that expired between the cut and the end of the hold: the sandbox's clock stands at the cut, and
  /// the live servers' clocks went on.
  private func answersThatStand(
    _ pairs: [(DrillModel.Operation, RecordedAnswer)], _ observed: (DrillModel.Operation) -> RecordedAnswer,
    until end: Instant?, _ restored: Restored
  ) async throws -> [(DrillModel.Operation, RecordedAnswer)] {
    guard let end else { return pairs }
    func differs(_ pair: (operation: DrillModel.Operation, answer: RecordedAnswer)) -> Bool {
      guard let own = observed(pair.operation).digest, let live = pair.answer.digest else { return false }
      return own != live
    }
    let differing = SlotSet(pairs.filter(differs).map(\.0.slot))
    guard !differing.isEmpty else { return pairs }
    let expired = try await expiredRecords(among: differing, of: restored, until: end)
    return pairs.filter { !differs($0) || !expired.concern($0.0) }
  }
}
