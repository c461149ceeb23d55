import DrillChecks
import DrillCrypto
import DrillModel
import Testing

@Suite("answer check")
struct AnswerCheckTests {
  private let check = AnswerCheck(backup: "shop-1", reference: "captured")
  private let operations = (0..<150).map {
    Operation(name: "get", slot: Slot($0), key: [UInt8($0)], statement: .command([[0x47], [UInt8($0)]]))
  }

  private func answers(_ value: (Int) -> Answer?) -> [RecordedAnswer] {
    operations.indices.map { index in
      guard let answer = value(index) else { return RecordedAnswer(digest: nil, shape: "timed out") }
      return RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
    }
  }

  @Test("equal answers have no finding")
  func clean() throws {
    let same = answers { .integer(Int64($0)) }
    let (judgement, tally) = try check.check(operations, expected: same, observed: same)
    #expect(judgement.isClean && tally == Run.AnswerTally(equal: 150) && judgement.coverage(.answers)?.share == 1)
  }

  @Test("one wrong answer is answer-differs at its key")
  func one() throws {
    let (judgement, tally) = try check.check(
      operations, expected: answers { _ in .blob([1]) }, observed: answers { .blob([$0 == 42 ? 2 : 1]) }, unasked: 10)
    #expect(judgement.codes == [.answerDiffers] && judgement.findings[0].stage == .compare)
    #expect(judgement.findings[0].subject.key == .clear([42]) && judgement.findings[0].subject.slot == Slot(42))
    #expect(tally == Run.AnswerTally(equal: 149, different: 1))
    #expect(
      judgement.coverage(.answers)?.skipped == [.budgetSpent: 10] && judgement.comparisons.map(\.isEqual) == [false])
  }

  @Test("types are compared as types: one is not 1.0, and text is not a blob")
  func types() throws {
    let pairs: [(Answer, Answer)] = [
      (.integer(1), .real(1)), (.text([1]), .blob([1])), (.null, .blob([])), (.array([.null]), .unordered([.null])),
    ]
    for (left, right) in pairs {
      let (_, tally) = try check.check(operations, expected: answers { _ in left }, observed: answers { _ in right })
      #expect(tally.different == 150)
    }
    let (ordered, _) = try check.check(
      operations, expected: answers { _ in .unordered([.integer(1), .integer(2)]) },
      observed: answers { _ in .unordered([.integer(2), .integer(1)]) })
    #expect(ordered.isClean)
  }

  private static let unsteady = RecordedAnswer(digest: nil, shape: Reply.unsteady)

  @Test("what the reference does not answer the same way twice is not compared, and a difference among it is found")
  func noise() throws {
    var expected = answers { .integer(Int64($0)) }
    for index in 0..<15 { expected[index] = AnswerCheckTests.unsteady }
    let observed = answers { .integer(Int64($0 < 15 || $0 == 77 ? -1 : $0)) }
    let (judgement, tally) = try check.check(operations, expected: expected, observed: observed)
    #expect(judgement.codes == [.answerDiffers] && judgement.findings[0].subject.key == .clear([77]))
    #expect(tally == Run.AnswerTally(equal: 134, different: 1) && judgement.obstacles.isEmpty)
    #expect(judgement.coverage(.answers)?.skipped == [.unsteady: 15])
    let (clean, _) = try check.check(
      operations, expected: expected, observed: answers { .integer(Int64($0 < 15 ? -1 : $0)) })
    #expect(clean.isClean)
    #expect(AnswerCheck.note(clean, askedAgain: 150)?.hasPrefix("15 questions not compared: of 150 ") == true)
    #expect(AnswerCheck.note(judgement, askedAgain: nil) != nil)
  }

  @Test("more than a tenth of noise is inconclusive, whatever the rest says")
  func tooMuchNoise() throws {
    var expected = answers { .integer(Int64($0)) }
    for index in 0..<16 { expected[index] = AnswerCheckTests.unsteady }
    let (judgement, _) = try check.check(operations, expected: expected, observed: answers { .integer(Int64($0)) })
    #expect(judgement.obstacles.map(\.code) == [.referenceUnsteady] && judgement.obstacles[0].stage == .compare)
    #expect(!judgement.isClean && judgement.findings.isEmpty)
  }

  @Test("where the copy alone answers in two ways, only a reference that does so too makes it noise")
  func noiseOfTheCopy() throws {
    var expected = answers { _ in .integer(1) }
    var observed = expected
    observed[3] = AnswerCheckTests.unsteady
    let (alone, tally) = try check.check(operations, expected: expected, observed: observed)
    #expect(
      tally == Run.AnswerTally(equal: 149, indeterminate: 1) && alone.coverage(.answers)?.skipped == [.indeterminate: 1]
    )
    expected[4] = AnswerCheckTests.unsteady
    let (both, _) = try check.check(operations, expected: expected, observed: observed)
    #expect(both.isClean && both.coverage(.answers)?.skipped == [.unsteady: 2])
    var others = operations
    others[3].name = "another"
    let (other, _) = try check.check(others, expected: expected, observed: observed)
    #expect(other.coverage(.answers)?.skipped == [.indeterminate: 1, .unsteady: 1])
  }

  @Test("no answer on either side is indeterminate, neither equal nor different; so is an answer that is absent")
  func indeterminate() throws {
    let some = answers { $0 < 5 ? nil : .null }
    let other = answers { $0 == 5 ? nil : .null }
    let (judgement, tally) = try check.check(operations, expected: some, observed: Array(other.prefix(100)))
    #expect(judgement.findings.isEmpty && tally == Run.AnswerTally(equal: 94, indeterminate: 56))
    #expect(judgement.coverage(.answers)?.skipped == [.indeterminate: 56])
    let (none, _) = try check.check(operations, expected: [], observed: [])
    #expect(none.comparisons.isEmpty)
  }

  @Test(
    "a question that the reference could not answer, its keys being apart, is one that the reference says nothing of")
  func keysApart() throws {
    var expected = answers { _ in .null }
    expected[3] = RecordedAnswer(digest: nil, shape: Reply.keysApart)
    let (judgement, tally) = try check.check(
      operations, expected: expected, observed: answers { $0 == 3 ? nil : .null })
    #expect(judgement.isClean && tally == Run.AnswerTally(equal: 149))
    #expect(judgement.coverage(.answers)?.skipped == [.notReferenced: 1])
    // The copy's own inability is another matter.
    let (_, other) = try check.check(operations, expected: answers { _ in .null }, observed: expected)
    #expect(other == Run.AnswerTally(equal: 149, indeterminate: 1))
  }

  @Test("beyond a hundred findings the rest is summed up, and the tally has them all")
  func limit() throws {
    let (judgement, tally) = try check.check(
      operations, expected: answers { _ in .null }, observed: answers { _ in .integer(0) })
    #expect(judgement.findings.count == 101 && tally.different == 150)
    #expect(judgement.findings.last?.observed == "50 more of these")
  }
}
