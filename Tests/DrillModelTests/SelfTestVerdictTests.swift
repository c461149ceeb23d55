import DrillModel
import Foundation
import Testing

@Suite("The verdict of a run that planted faults")
struct SelfTestVerdictTests {
  private func run(_ test: SelfTest?, findings: [Finding] = []) throws -> Run {
    let now = Instant(millisecondsSince1970: 0)
    var run = Run(
      id: "r", drill: "d", cluster: "c", engine: "redis", files: [:], seed: 1, startedAt: now, finishedAt: now,
      tool: "t", host: "h", requiredLevel: .decoded)
    run.levels = [.init(.bytes, evidence: "e"), .init(.decoded, evidence: "e")]
    run.coverage = [.init(.decode, of: "records", try Coverage(.records, declared: 1, examined: 1))]
    run.selfTest = test
    run.findings = findings
    return run
  }

  private func planted(_ found: [FindingCode]) -> SelfTest.Planted {
    .init(
      part: .bytes, fault: "flip-byte", place: "a.rdb, at byte 7", expected: [.checksumMismatch], found: found)
  }

  @Test("passes where each was found, and where the run is of a version that planted none")
  func sound() throws {
    let test = SelfTest(seed: 1, asked: 2, planted: [planted([.checksumMismatch]), planted([.checksumMismatch])])
    #expect(try run(test).verdict == .pass)
    #expect(try run(nil).verdict == .pass)
  }

  @Test("is inconclusive where one was not found, where another finding came of it, and where fewer were planted")
  func unsound() throws {
    for planted in [
      [planted([.checksumMismatch]), planted([])], [planted([.checksumMismatch]), planted([.sizeMismatch])],
      [planted([.checksumMismatch])], [],
    ] {
      #expect(try run(SelfTest(seed: 1, asked: 2, planted: planted)).verdict == .inconclusive)
    }
    #expect(try run(SelfTest(seed: 1, asked: 0)).verdict == .inconclusive)
  }

  @Test("stays a failure where something is wrong, whatever the checks let pass")
  func failing() throws {
    let finding = Finding(.checksumMismatch, stage: .integrity, expected: "a", observed: "b")
    #expect(try run(SelfTest(seed: 1, asked: 1, planted: [planted([])]), findings: [finding]).verdict == .fail)
  }

  @Test("a run that was recorded before there was a self-test reads as it did; a new one comes back as it was")
  func decodes() throws {
    let old = try JSONEncoder().encode(run(nil))
    #expect(!String(decoding: old, as: UTF8.self).contains("selfTest"))
    #expect(try JSONDecoder().decode(Run.self, from: old) == run(nil))
    var test = SelfTest(seed: 3, asked: 1, planted: [planted([.checksumMismatch])])
    test.omitted = [.init(.answers, reason: "nothing was asked")]
    #expect(try JSONDecoder().decode(Run.self, from: JSONEncoder().encode(run(test))) == run(test))
  }
}
