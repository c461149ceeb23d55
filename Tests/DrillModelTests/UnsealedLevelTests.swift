import DrillModel
import Testing

@Suite("The level of a run over a backup that nobody sealed")
struct UnsealedLevelTests {
  private func run(_ levels: [Level], required: Level, unsealed: UnsealedBackup?) throws -> Run {
    let now = Instant(millisecondsSince1970: 0)
    var run = Run(
      id: "r", drill: "d", cluster: "c", engine: "redis", files: [:], seed: 1, startedAt: now, finishedAt: now,
      tool: "t", host: "h", requiredLevel: required)
    run.levels = levels.map { .init($0, evidence: "e") }
    run.backups = [.init(backup: "b", manifest: nil, cut: nil, unsealed: unsealed)]
    run.coverage = [.init(.decode, of: "records", try Coverage(.records, declared: 1, examined: 1))]
    return run
  }

  private let bare = UnsealedBackup(cutFrom: "not told")

  @Test("has no bytes on the way, and ends at restored whatever the evidence")
  func capped() throws {
    #expect(try run([.decoded, .restored], required: .restored, unsealed: bare).level == .restored)
    #expect(try run([.decoded], required: .restored, unsealed: bare).level == .decoded)
    #expect(try run([.restored], required: .restored, unsealed: bare).level == .none)
    let all = try run([.bytes, .decoded, .restored, .content, .answers], required: .content, unsealed: bare)
    #expect(all.level == .restored && all.verdict == .inconclusive)
  }

  @Test("passes where restored is required; where bytes are, only with evidence of their own")
  func required() throws {
    #expect(try run([.decoded, .restored], required: .restored, unsealed: bare).verdict == .pass)
    #expect(try run([.decoded, .restored], required: .bytes, unsealed: bare).verdict == .inconclusive)
    let signed = UnsealedBackup(cutFrom: "not told", digestsSignedBy: "ops")
    #expect(try run([.bytes, .decoded, .restored], required: .bytes, unsealed: signed).verdict == .pass)
  }

  @Test("a sealed one needs each level before it, and has no limit")
  func sealed() throws {
    #expect(try run([.decoded, .restored], required: .restored, unsealed: nil).level == .none)
    #expect(try run(Array(Level.allCases.dropFirst()), required: .answers, unsealed: nil).level == .answers)
  }

  @Test("the claim says what it leaves open")
  func claim() throws {
    #expect(
      try run([.decoded, .restored], required: .restored, unsealed: bare).claim.hasSuffix(
        "content at the cut is unknown"))
    #expect(try run([.bytes], required: .bytes, unsealed: nil).claim == Level.bytes.claim)
  }
}
