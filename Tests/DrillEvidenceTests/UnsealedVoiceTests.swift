import DrillEvidence
import DrillModel
import Testing

/// A run over a backup that nobody sealed must nowhere look like one whose bytes were proven.
@Suite("What is said of a backup that nobody sealed")
struct UnsealedVoiceTests {
  private func unsealed(signedBy signer: String? = nil) throws -> Run {
    var run = try SampleRuns.passing()
    run.requiredLevel = .restored
    run.backups[0].manifest = nil
    run.backups[0].unsealed = UnsealedBackup(
      files: ["a.rdb": Digest(words: (1, 2, 3, 4))], cutFrom: "the snapshot's field ctime", digestsSignedBy: signer)
    run.levels.removeAll { $0.level > .restored || ($0.level == .bytes && signer == nil) }
    return run
  }

  @Test("summary and document say it beside the level")
  func summary() throws {
    let text = RunSummary(try unsealed()).text().replacing("\n", with: " ")
    #expect(text.contains("unsealed: nothing says what the bytes should be"), "\(text)")
    #expect(RunDocument(try unsealed()).claim.contains("unsealed"))
    #expect(!RunSummary(try SampleRuns.passing()).text().contains("unsealed"))
    #expect(RunSummary(try unsealed(signedBy: "ops")).text().contains("signed by ops"))
  }

  @Test("a report shows bytes as reached only where digests were signed")
  func report() throws {
    for (run, isProven) in [(try unsealed(), false), (try unsealed(signedBy: "ops"), true)] {
      try withTemporaryFolder { folder in
        let steps = try ReportHTMLTests.pages(run, in: folder).flatMap(\.levels)
        let bytes = steps.filter { $0.level == .bytes }
        #expect(!bytes.isEmpty && bytes.allSatisfy { $0.isReached == isProven })
        #expect(steps.contains { $0.level == .restored && $0.isReached })
      }
    }
  }

  @Test("a policy that asks for bytes cannot be answered by it; one that asks for restored can, and is told")
  func gate() throws {
    func decide(_ level: Level, _ backup: UnsealedBackup?) throws -> GateDecision {
      var sample = try GateSample()
      sample.last.backups[0].unsealed = backup
      if backup != nil { sample.last.levels.removeAll { $0.level > .restored } }
      return try sample.decide(GateSample.policy(readiness: [LevelClause(level)]))
    }
    let bare = UnsealedBackup(cutFrom: "not told")
    #expect(try decide(.bytes, bare).names(.cannotBeTold).contains("level"))
    #expect(try decide(.bytes, nil).names(.met).contains("level"))
    let restored = try decide(.restored, bare)
    #expect(restored.names(.met).contains("level"))
    #expect(restored.clauses.contains { $0.reason.contains("unsealed") })
  }

  @Test("what was wrong with a manifest or with sealed bytes is not resolved by a run that held them against nothing")
  func findings() throws {
    for finding in [Finding.stored(), .stored(.artifactMissing)] {
      var sample = SampleHistory()
      sample.add([finding])
      try sample.add {
        $0.backups[0].unsealed = UnsealedBackup(cutFrom: "not told")
        $0.coverage = [
          .init(.integrity, of: "artifacts", try Coverage(.bytes, declared: 9, examined: 0, skipped: [.unsealed: 9]))
        ]
      }
      #expect(try sample.findings().map(\.state) == [.open])
      sample.add()
      #expect(try sample.findings().map(\.state) == [.resolved])
    }
  }
}
