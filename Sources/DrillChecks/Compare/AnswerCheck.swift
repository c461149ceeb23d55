public import DrillModel

/// Judges a store's answers against those that were given before.
public struct AnswerCheck: Sendable {
  public var backup: String
  /// Whose answers are expected: `captured`, `live`.
  public var reference: String
  public var independentReaders: Int
  /// What a differing answer is, and where it was seen.
  private var code = FindingCode.answerDiffers
  private var stage = Stage.compare
  private var observer = "sandbox"
  private var unaskedReason = SkipReason.budgetSpent

  public init(backup: String, reference: String, independentReaders: Int = 1) {
    self.backup = backup
    self.reference = reference
    self.independentReaders = independentReaders
  }

  /// What its coverage is a coverage of.
  static let underLoadPart = "under load, answers"

  /// The largest share of questions that a reference may answer otherwise when it is asked again: beyond it, too much of
  /// what was asked is left out for the rest to stand for it.
  public static let mostUnsteady = 0.1

  /// Holds a sandbox's answers under load against its own before.
  ///
  /// - Parameter unasked: why questions were not asked: by default there was no room for them.
  public static func underLoad(backup: String, unasked: SkipReason = .noRoom) -> AnswerCheck {
    var check = AnswerCheck(backup: backup, reference: "under load")
    check.code = .answerDiffersUnderLoad
    check.stage = .replay
    check.observer = "sandbox under load"
    check.unaskedReason = unasked
    return check
  }

  /// A question that the reference answers otherwise when it is asked again is not compared: that is its noise floor,
  /// and only what goes beyond it is a difference. Where only the restored copy, which nobody writes to, was seen to
  /// answer a question in two ways, this is noise if the reference was seen to do the same with a question of the same
  /// name, and otherwise indeterminate.
  ///
  /// - Parameters:
  ///   - expected: the reference's answers, in the operations' order. One that is absent or without a digest is
  ///     indeterminate; one that says ``Reply/keysApart`` is no reference, and one that says ``Reply/unsteady`` is noise.
  ///   - observed: the restored copy's, likewise.
  ///   - unasked: operations that the reference's time budget left out.
  ///   - explained: answers that differ and for which a recorded cause accounts: they are not among `operations`, and were
  ///     not compared.
  public func check(
    _ operations: [Operation], expected: [RecordedAnswer], observed: [RecordedAnswer], unasked: Int = 0,
    explained: UInt64 = 0
  ) throws -> (judgement: Judgement, tally: Run.AnswerTally) {
    var judgement = Judgement()
    var tally = Run.AnswerTally()
    var found: [Finding] = []
    var unanswerable: UInt64 = 0
    var unsteady: UInt64 = 0
    let noisy = Set(zip(operations, expected).filter { $0.1.isUnsteady }.map(\.0.name))
    for (index, operation) in operations.enumerated() {
      // The reference itself had no answer to give, and would have none if it were asked again.
      if index < expected.count, expected[index].digest == nil, expected[index].shape == Reply.keysApart {
        unanswerable += 1
        continue
      }
      if index < expected.count,
        expected[index].isUnsteady
          || index < observed.count && observed[index].isUnsteady && noisy.contains(operation.name)
      {
        unsteady += 1
        continue
      }
      guard index < expected.count, index < observed.count, let left = expected[index].digest,
        let right = observed[index].digest
      else {
        tally.indeterminate += 1
        continue
      }
      guard left != right else {
        tally.equal += 1
        continue
      }
      tally.different += 1
      if found.count <= Judgement.findingLimit { found.append(finding(operation, expected[index], observed[index])) }
    }
    judgement.findings = Array(found.prefix(Judgement.findingLimit))
    if tally.different > UInt64(Judgement.findingLimit) {
      judgement.findings.append(
        Finding(
          code, stage: stage, subject: Finding.Subject(backup: backup), expected: "none",
          observed: "\(tally.different - UInt64(Judgement.findingLimit)) more of these"))
    }
    let left = UInt64(max(0, unasked))
    judgement.coverage.append(
      Run.StageCoverage(
        stage, of: stage == .replay ? AnswerCheck.underLoadPart : "answers, \(reference)",
        try Coverage(
          .answers, declared: UInt64(operations.count) + left + explained, examined: tally.equal + tally.different,
          skipped: [
            .indeterminate: tally.indeterminate, unaskedReason: left, .explained: explained,
            .notReferenced: unanswerable, .unsteady: unsteady,
          ])))
    if Double(unsteady) > AnswerCheck.mostUnsteady * Double(operations.count) {
      judgement.obstacles.append(
        Run.Obstacle(
          DrillError(
            .referenceUnsteady, stage: stage, subject: stage == .replay ? AnswerCheck.underLoadPart : reference,
            detail:
              "\(Wording.count(unsteady, "question")) of \(operations.count) got another answer when asked again, more than \(Wording.percent(AnswerCheck.mostUnsteady)), so that too little can be compared"
          ), stage: stage))
    }
    if tally.equal + tally.different > 0 {
      judgement.comparisons.append(
        Run.Comparison(
          stage, left: observer, right: observer == "sandbox" ? "\(reference) answers" : "sandbox",
          independentReaders: independentReaders,
          isEqual: tally.different == 0))
    }
    return (judgement, tally)
  }

  /// What of a judgement's coverage was noise; nil: nothing was.
  public static func note(_ judgement: Judgement, askedAgain: Int?) -> String? {
    let unsteady = judgement.coverage.reduce(0) { $0 + ($1.coverage.skipped[.unsteady] ?? 0) }
    guard unsteady > 0 else { return nil }
    return
      "\(Wording.count(unsteady, "question")) not compared: of \(Wording.count(askedAgain ?? 0, "question")) that the reference was asked twice, it answered these otherwise the second time"
  }

  private func finding(_ operation: Operation, _ expected: RecordedAnswer, _ observed: RecordedAnswer) -> Finding {
    Finding(
      code, stage: stage,
      subject: Finding.Subject(
        backup: backup, namespace: operation.namespace, slot: operation.slot, key: .clear(operation.key)),
      expected: "\(operation.name): \(expected.shape)",
      observed: expected.shape == observed.shape ? "another answer of the same shape" : observed.shape)
  }
}
