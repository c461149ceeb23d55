import DrillChecks
import DrillModel
import Testing

@Suite("objectives check")
struct ObjectivesCheckTests {
  private func coverage(_ examined: UInt64) throws -> [Run.StageCoverage] {
    [
      Run.StageCoverage(
        .integrity, of: "artifacts",
        try Coverage(.bytes, declared: 100, examined: examined, skipped: [.artifactUnavailable: 100 - examined]))
    ]
  }

  private func cuts(_ seconds: [Int64]) -> [Instant] { seconds.map { Instant(millisecondsSince1970: $0 * 1000) } }

  private func measured(
    restore: Duration = .seconds(10), cuts seconds: [Int64] = [0, 60, 30], drift: UInt64 = 5, different: UInt64 = 0,
    examined: UInt64 = 100
  ) throws -> ObjectivesCheck.Measured {
    ObjectivesCheck.Measured(
      restoreTime: restore, verifiedCuts: cuts(seconds),
      drift: [.init(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: drift)],
      answers: Run.AnswerTally(equal: 10, different: different), coverage: try coverage(examined))
  }

  private let check = ObjectivesCheck(
    Objectives(restoreTime: .seconds(10), recoveryPoint: .seconds(30), maxDrift: 5, maxMismatches: 0, minCoverage: 1))

  @Test("met to the last millisecond, there is no finding")
  func clean() throws {
    #expect(check.check(try measured()).isClean)
    #expect(ObjectivesCheck(Objectives()).check(ObjectivesCheck.Measured()).isClean)
  }

  @Test("each objective missed has its code")
  func missed() throws {
    let cases: [(FindingCode, ObjectivesCheck.Measured)] = [
      (.restoreTimeExceeded, try measured(restore: .milliseconds(10_001))),
      (.recoveryPointExceeded, try measured(cuts: [0, 31])), (.driftExceeded, try measured(drift: 6)),
      (.mismatchesExceeded, try measured(different: 1)), (.coverageShort, try measured(examined: 99)),
    ]
    for (code, measured) in cases {
      let judgement = check.check(measured)
      #expect(judgement.codes == [code] && judgement.findings[0].stage == .objectives && judgement.obstacles.isEmpty)
    }
  }

  @Test("an objective for which nothing was measured is an obstacle, never a pass")
  func unmeasured() {
    let judgement = check.check(ObjectivesCheck.Measured(verifiedCuts: cuts([7])))
    #expect(judgement.findings.isEmpty && judgement.obstacles.count == 5)
    #expect(judgement.obstacles.allSatisfy { $0.stage == .objectives })
  }

  @Test("the largest gap is found wherever it lies")
  func gap() throws {
    let gap = try #require(ObjectivesCheck.largestGap(cuts([100, 0, 10, 95])))
    #expect(gap.start == Instant(millisecondsSince1970: 10_000) && gap.length == .seconds(85))
  }
}
