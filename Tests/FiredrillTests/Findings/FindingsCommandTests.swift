import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Findings from the command line", .capturedShop)
struct FindingsCommandTests {
  private static let governance =
    "governance: {owner: storage on-call, escalation: [ada], deadlines: {high: 3d}}"

  @Test(
    "a planted fault is opened with its owner, acknowledged, resolved once the bytes are right again, and explained")
  func life() async throws {
    try await CapturedShop.withBench { bench in
      let artifact = try #require(try bench.dataArtifacts().first)
      let path = bench.path(of: artifact)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      var damaged = whole
      damaged[damaged.count / 2] ^= 1
      try damaged.write(to: URL(fileURLWithPath: path))
      let drill = DrillBench.Drill(more: [Self.governance])
      let failed = try await bench.run(drill)
      #expect(failed.findings.map(\.code).contains(.checksumMismatch))
      #expect(failed.governance?.deadlines == [.high: 259_200])

      func program(_ arguments: String...) throws -> FiredrillProgram.Result {
        try FiredrillProgram.run(arguments + ["--ledger", bench.ledger], in: bench.folder)
      }
      let open = try Firedrill.findings(ledger: bench.ledger)
      let finding = try #require(open.first { $0.code == .checksumMismatch })
      #expect(finding.governance?.owner == "storage on-call" && finding.deadline != nil)
      let listed = try program("findings", "list", "--cluster", "shop")
      #expect(listed.status == 0 && listed.output.contains(finding.id), "\(listed)")
      #expect(try program("findings", "list", "--overdue").output.hasPrefix("no finding is open"))
      #expect(try program("findings", "list", "--cluster", "other").output.hasPrefix("no finding is open"))

      let unsaid = try program("findings", "acknowledge", finding.id)
      #expect(unsaid.status == 64 && unsaid.errors.contains("--why"), "\(unsaid)")
      #expect(try program("findings", "note", finding.id, "--why", " ").status == 64)
      let known = try program(
        "findings", "acknowledge", String(finding.id.prefix(8)), "--who", "grace", "--why", "disk 4 is being replaced")
      #expect(known.status == 0 && known.output.contains("acknowledged by grace"), "\(known)")
      #expect(try Firedrill.findings(ledger: bench.ledger).first { $0.id == finding.id }?.state == .acknowledged)
      let mine = try program("findings", "note", finding.id, "--why", "seen on node 4 before")
      #expect(mine.output.contains("noted by \(Firedrill.loginName)"), "\(mine)")

      let explained = try program("explain", "checksum-mismatch")
      #expect(explained.output.contains("storage on-call, then ada") && explained.output.contains("seen on node 4"))
      #expect(try program("explain", "cheksum-mismatch").status == 64)
      let book = try program("playbook", "-o", bench.folder + "/playbook.md")
      #expect(book.status == 0 && book.output.isEmpty)
      let markdown = try String(contentsOfFile: bench.folder + "/playbook.md", encoding: .utf8)
      for code in FindingCode.allCases { #expect(markdown.contains("### `\(code.rawValue)`"), "\(code)") }
      #expect(markdown.contains("seen on node 4 before"))

      try whole.write(to: URL(fileURLWithPath: path))
      let clean = try await bench.run(drill)
      let resolved = try #require(try Firedrill.findings(ledger: bench.ledger).first { $0.id == finding.id })
      #expect(resolved.state == .resolved && resolved.closedBy == clean.id)
      let late = try program("findings", "withdraw", finding.id, "--why", "gone")
      #expect(late.status == 64 && late.errors.contains("resolved already"), "\(late)")
      #expect(try program("findings", "list").output.hasPrefix("no finding is open"))
      #expect(try program("findings", "list", "--all").output.contains("resolved  high  checksum-mismatch"))
      let json = try program("findings", "show", finding.id, "--json")
      let value = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
      #expect(value["severity"] as? String == "high" && value["isOverdue"] as? Bool == false)
    }
  }

  @Test("a run that could not restore leaves the restored copy's findings open; one that could resolves them")
  func didNotLook() async throws {
    try await CapturedShop.withBench { bench in
      // Another answer than production gave, by rows that were changed before the backup was sealed.
      try bench.rows().execute("UPDATE customers SET version = version")
      #expect(try bench.rows().execute("UPDATE orders SET version = version + 1 WHERE rowid % 2 = 0") > 0)
      try bench.reseal()
      let failed = try await bench.run()
      #expect(failed.findings.contains { $0.stage == .compare })
      let open = try Firedrill.findings(ledger: bench.ledger).filter(\.isOpen).count
      #expect(open > 0)
      // The same backup, with an artifact gone: nothing is restored, and so nothing compared.
      let artifact = try #require(try bench.dataArtifacts().first)
      try FileManager.default.moveItem(atPath: bench.path(of: artifact), toPath: bench.folder + "/aside")
      _ = try await bench.run()
      let after = try Firedrill.findings(ledger: bench.ledger)
      #expect(after.filter { $0.stage >= .compare && !$0.isOpen }.isEmpty)
      #expect(after.contains { $0.code == .artifactMissing && $0.isOpen })
    }
  }

  @Test("there is nothing to act on without a ledger, and none is made")
  func noLedger() throws {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    let path = folder + "/none.sqlite"
    #expect { try Firedrill.act(.note, on: "a", who: "ada", why: "b", ledger: path) } throws: { $0 is DrillError }
    #expect(!FileManager.default.fileExists(atPath: path))
    let explained = try FiredrillProgram.run(["explain", "server-missing", "--ledger", path], in: folder)
    #expect(explained.status == 0 && explained.output.contains("firedrill doctor"), "\(explained)")
  }
}
