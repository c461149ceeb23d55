import DrillChecks
import DrillModel
import DrillReplay

extension DrillRunner {
  /// What was restored, held against what was captured from the live servers at the cut: counts, content, answers.
  func compare(_ restored: Restored, with reference: ReferenceData?) throws -> (Void?, StageResult) {
    var result = StageResult()
    guard drill.references.contains(.captured) else { return ((), result) }
    guard let reference else {
      result.notes = ["content at the cut unknown: nothing was captured from the live servers"]
      return ((), result)
    }
    try compareContent(restored, reference, &result)
    try compareAnswers(restored, reference, &result)
    return ((), result)
  }

  private func compareContent(_ restored: Restored, _ reference: ReferenceData, _ result: inout StageResult) throws {
    let manifest = restored.manifest
    // The live servers count by themselves; a source that only our reader read is one reader, and says so.
    let check = ContentCheck(
      backup: manifest.backup, reference: "captured", independentReaders: reference.counts == nil ? 1 : 2)
    var judgement = Judgement()
    var evidence: [String] = []
    if let counts = reference.counts {
      judgement += try check.checkCounts(
        counts, restored: restored.countable, topology: manifest.topology, slots: manifest.scope.slots)
      evidence.append("the live servers' own counts of every slot at the cut")
    }
    if let fingerprint = reference.fingerprint {
      if restored.slots.isEmpty {
        result.notes.append("content not compared: shards without a slot map can only be compared all together")
      } else {
        judgement += try check.checkFingerprint(
          fingerprint, restored: restored.folded.fingerprint, slots: restored.slots)
        evidence.append("the source's fingerprint, read while the cut was held")
      }
    }
    result.judgement += judgement
    if judgement.isClean, !evidence.isEmpty {
      result.levels.append(.init(.content, evidence: evidence.joined(separator: "; ")))
    }
  }

  private func compareAnswers(_ restored: Restored, _ reference: ReferenceData, _ result: inout StageResult) throws {
    guard let sheet = reference.answers else {
      result.notes.append("no answers were captured from the live servers")
      return
    }
    let pairs = zip(sheet.operations, sheet.answers).filter { restored.asked.contains($0.0.slot) }
    guard !pairs.isEmpty else {
      result.notes.append("no captured question is about shards that were restored together")
      return
    }
    let observed = pairs.map { restored.sheet.answers[$0.0] ?? RecordedAnswer(digest: nil, shape: "not asked") }
    let (judgement, tally) = try AnswerCheck(
      backup: restored.manifest.backup, reference: "captured", independentReaders: restored.readers
    ).check(pairs.map(\.0), expected: pairs.map(\.1), observed: observed, unasked: sheet.unasked)
    result.judgement += judgement
    result.answers = tally
    if let latency = reference.answers?.latency { result.latencies.append(latency) }
    if judgement.isClean, tally.equal > 0, tally.indeterminate == 0 {
      result.levels.append(
        .init(.answers, evidence: "\(tally.equal) answers equal to those that the live servers gave at the cut"))
    }
  }
}
