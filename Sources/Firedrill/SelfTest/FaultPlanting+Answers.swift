import DrillChecks
import DrillModel

extension FaultPlanting {
  /// One answer of the sandbox becomes another. It is held against what the live servers answered at the cut; where only a live store was
  /// asked, against what the sandbox answered.
  mutating func plantInAnswers() throws -> SelfTest.Planted? {
    guard let restored = ground.restored else { return nil }
    let observed: [DrillModel.Operation: RecordedAnswer]
    var pairs: [(operation: DrillModel.Operation, answer: RecordedAnswer)]
    let reference: String
    if let sheet = ground.reference?.answers, !restored.sheet.answers.isEmpty {
      observed = restored.sheet.answers
      pairs = zip(sheet.operations, sheet.answers).map { ($0, $1) }
      reference = "captured"
    } else {
      observed = restored.live.answers
      pairs = restored.live.operations.compactMap { operation in observed[operation].map { (operation, $0) } }
      reference = "live"
    }
    pairs = pairs.filter { observed[$0.operation] != nil }
    let equal = pairs.filter { pair in
      pair.answer.digest.map { $0 == observed[pair.operation]?.digest } ?? false
    }
    guard !equal.isEmpty else { return nil }
    let operation = equal[random.index(below: equal.count)].operation
    guard let answer = observed[operation], var words = answer.digest?.words else { return nil }
    words.3 ^= 1 << random.next(below: 64)
    var changed = answer
    changed.digest = Digest(words: words)
    guard changed != answer else {
      throw DrillError(.io, subject: "answer-changed", detail: "no fault was planted: the answer is as it was")
    }
    let check = AnswerCheck(
      backup: manifest.backup, reference: reference, independentReaders: restored.readers)
    func findings(_ answers: [DrillModel.Operation: RecordedAnswer]) throws -> [Finding] {
      try check.check(
        pairs.map(\.operation), expected: pairs.map(\.answer),
        observed: pairs.map { answers[$0.operation] ?? RecordedAnswer(digest: nil, shape: "not asked") }
      ).judgement.findings
    }
    let clean = try findings(observed)
    let found = try findings(observed.merging([operation: changed]) { $1 })
    return SelfTest.Planted(
      part: .answers, fault: "answer-changed", place: "\(operation.name), slot \(operation.slot)",
      expected: [.answerDiffers], found: codes(found, without: clean) { $0.slot == operation.slot })
  }
}
