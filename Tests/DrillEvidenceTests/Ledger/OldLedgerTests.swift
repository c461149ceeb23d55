import DrillEvidence
import DrillModel
import Foundation
import Testing

/// Ledgers as earlier versions of the program wrote them, one file a schema.
@Suite("Ledgers of earlier schemas")
struct OldLedgerTests {
  static func copy(ofSchema version: Int, to folder: String) throws -> String {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let path = folder + "/ledger.sqlite"
    try FileManager.default.copyItem(
      atPath: fixtures.appendingPathComponent("Fixtures/ledger-\(version).sqlite").path, toPath: path)
    return path
  }

  @Test("are brought up to date when they are opened to be written, and lose nothing", arguments: [1])
  func migrated(version: Int) throws {
    try withTemporaryFolder { folder in
      let path = try OldLedgerTests.copy(ofSchema: version, to: folder)
      let ledger = try Ledger.open(at: path)
      #expect(try ledger.verify().isSound)
      #expect(try ledger.verify().size == 7)
      #expect(try ledger.runs().map(\.run) == [SampleRuns.id(2), SampleRuns.id(1), SampleRuns.id(0)])
      #expect(try ledger.history(of: "orders").runs.map(\.body.verdict) == [.pass, .pass, .pass])
      #expect(try ledger.history(of: "other").runs.isEmpty)
      try LedgerCopy.record(3, in: ledger)
      #expect(try ledger.verify().isSound)
    }
  }

  @Test("are not read where they may not be written, and the error says what to do", arguments: [1])
  func readOnly(version: Int) throws {
    try withTemporaryFolder { folder in
      let path = try OldLedgerTests.copy(ofSchema: version, to: folder)
      let error = #expect(throws: DrillError.self) { try Ledger.open(at: path, mode: .readOnly) }
      #expect(error?.code == .ledgerUnwritable)
      #expect(error?.detail == "the ledger has the old schema \(version); open it once with write access")
    }
  }
}
