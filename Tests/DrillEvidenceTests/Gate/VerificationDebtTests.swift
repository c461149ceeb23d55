import DrillModel
import Testing

@testable import DrillEvidence

@Suite("What of the retained backups was not read lately")
struct VerificationDebtTests {
  private static let window = Duration.seconds(10 * 86_400)

  private func debt(_ sample: GateSample) throws -> VerificationDebt {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try sample.write(to: ledger)
      return VerificationDebt(of: sample.retained, runs: try ledger.history().runs)
    }
  }

  private func owed(_ sample: GateSample) throws -> [String] {
    try debt(sample).owed(within: Self.window, at: sample.now).map { "\($0.backup.backup) \($0.state.rawValue)" }
  }

  @Test("backups that were read in full within the time owe nothing; older readings do")
  func ages() throws {
    var sample = try GateSample()
    #expect(try owed(sample) == [])
    sample.now = GateSample.time(36, 0)
    #expect(try owed(sample) == ["shop-25 read"])
  }

  @Test("never read, read in part, found damaged, and swapped under the same name are all owed")
  func states() throws {
    var sample = try GateSample()
    sample.retained.append(RetainedBackup(GateSample.manifest(90, epoch: 9), digest: GateSample.digest(90)))
    sample.runs[25].coverage.remove(at: 0)
    sample.runs[26].findings = [
      Finding(.checksumMismatch, stage: .integrity, subject: .init(artifact: "s1.rdb"), expected: "a", observed: "b")
    ]
    sample.retained[2].manifest = GateSample.digest(1234)
    #expect(
      try owed(sample) == ["shop-25 partly", "shop-26 damaged", "shop-27 exchanged", "shop-90 never"])
  }

  @Test("bytes that were read and are as sealed count, whatever else the run found")
  func failedLater() throws {
    var sample = try GateSample()
    sample.runs[26].findings = [Finding(.answerDiffers, stage: .compare, expected: "a", observed: "b")]
    #expect(try owed(sample) == [])
  }

  @Test("a later reading in part does not undo one in full, and later damage does")
  func order() throws {
    var sample = try GateSample()
    var again = sample.runs[26]
    again.id = "again-partly"
    again.coverage.remove(at: 0)
    sample.runs.insert(again, at: 28)
    #expect(try owed(sample) == [])
    again.id = "again-damaged"
    again.findings = [Finding(.sizeMismatch, stage: .integrity, expected: "a", observed: "b")]
    sample.runs.insert(again, at: 29)
    #expect(try owed(sample) == ["shop-26 damaged"])
  }
}
