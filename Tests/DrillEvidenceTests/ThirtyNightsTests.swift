import DrillCrypto
import DrillModel
import Foundation
import Testing

@testable import DrillEvidence

/// Nightly drills of three clusters over thirty days, and what happened in them, written down by hand. Findings, gate, report and evidence each conclude from
/// the ledger alone, and have to agree with it.
///
/// | night | cluster | what happened |
/// |---|---|---|
/// | 5, 6, 7 | orders | an answer differs in slot 9; gone on night 8 |
/// | 12 | orders | a stored artifact of that night's backup is damaged; nobody looks at that backup again |
/// | 10, 11 | users | the drill does not run |
/// | 20 | carts | there is no server to restore to |
/// | 29 | carts | restoring takes too long |
@Suite("Thirty nights of three clusters")
struct ThirtyNightsTests {
  private static let clusters = ["carts", "orders", "users"]
  /// An hour after the last night's grace.
  private static let now = SampleEvidence.day(29 + 7 / 24)

  private static func night(_ night: Int, of cluster: String) throws -> Run? {
    if cluster == "users", [10, 11].contains(night) { return nil }
    var run = try SampleRuns.passing(night, drill: "\(cluster)-nightly", cluster: cluster)
    run.id = "\(cluster)-\(night)"
    run.startedAt = SampleEvidence.day(Double(night) + 4.1 / 24)
    run.finishedAt = run.startedAt
    run.backups[0].backup = "\(cluster)-backup-\(night)"
    run.examined = Run.Examined(
      stages: Stage.allCases, shards: ["s1", "s2", "s3"], slots: .all, references: ["captured"])
    run.governance = Governance(owner: "storage", deadlines: [.critical: 86_400, .high: 3 * 86_400])
    let subject = Finding.Subject(backup: run.backups[0].backup)
    switch (cluster, night) {
    case ("orders", 5...7):
      var place = subject
      (place.slot, place.key) = (Slot(9), .redacted("key:0011223344556677"))
      run.findings = [
        Finding(.answerDiffers, stage: .compare, subject: place, expected: "bulk of 118 bytes", observed: "nil")
      ]
    case ("orders", 12):
      var place = subject
      (place.shard, place.artifact) = ("s2", "s2.rdb")
      run.findings = [
        Finding(.checksumMismatch, stage: .integrity, subject: place, expected: "00", observed: "01")
      ]
    case ("carts", 20):
      run.obstacles = [
        Run.Obstacle(DrillError(.serverMissing, subject: "redis-server", detail: "not there"), stage: .restore)
      ]
      run.levels.removeAll { $0.level >= .restored }
      run.examined?.stages = [.manifest, .integrity, .decode]
    case ("carts", 29):
      run.findings = [
        Finding(.restoreTimeExceeded, stage: .objectives, subject: subject, expected: "60 s", observed: "75 s")
      ]
      run.objectives = [Run.Objective(.restoreTime, target: 60_000, measured: 75_000)]
    default: break
    }
    return run
  }

  private static func record(in folder: String) throws -> Ledger {
    let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
    for cluster in clusters {
      try ledger.append(
        ScheduleDeclared(drill: "\(cluster)-nightly", cluster: cluster, calendar: "*-*-* 04:00 UTC", grace: 7200),
        at: SampleEvidence.day(0))
    }
    for night in 0..<30 {
      for cluster in clusters { if let run = try Self.night(night, of: cluster) { try ledger.append(run) } }
    }
    return ledger
  }

  @Test("findings are followed as they came and went, and the missed nights are known")
  func findings() throws {
    try withTemporaryFolder { folder in
      let history = try Self.record(in: folder).history()
      let told = history.findings(at: Self.now).map { finding in
        "\(finding.cluster) \(finding.code.rawValue) \(finding.state.rawValue) \(finding.runs.count) "
          + "\(finding.isOverdue(at: Self.now) ? "overdue" : "in time") \(finding.closedBy ?? "-")"
      }
      #expect(
        told == [
          "orders checksum-mismatch open 1 overdue -", "carts rto-exceeded open 1 in time -",
          "orders answer-differs resolved 3 in time orders-8",
        ])
      #expect(
        history.missedDrills(at: Self.now).map { "\($0.cluster) \($0.due)" } == [
          "users 2026-01-11T04:00:00.000Z", "users 2026-01-12T04:00:00.000Z",
        ])
    }
  }

  @Test("the gate of each cluster is closed by what happened there, and by nothing else")
  func gate() throws {
    try withTemporaryFolder { folder in
      let ledger = try Self.record(in: folder)
      let (history, position) = try ledger.positionedHistory()
      func unmet(_ cluster: String, at now: Instant) -> (GateOutcome, [String]) {
        let policy = GatePolicy(
          name: "cutover", text: "cutover", clusters: [cluster], validity: .seconds(3600),
          readiness: [
            LevelClause(.answers), PassedWithinClause(.seconds(30 * 3600)), OverdueFindingsClause(atMost: 0),
            MissedDrillsClause(atMost: 0, over: .seconds(25 * 86_400)), RestoreTimeClause(atMost: .seconds(60)),
          ], final: [])
        let decision = policy.decide(
          .readiness, on: GateFacts(history, ledger: position, at: now), tool: "firedrill test")
        return (decision.outcome, decision.unmet)
      }
      #expect(unmet("orders", at: Self.now) == (.closed, ["overdue_findings"]))
      #expect(unmet("users", at: Self.now) == (.closed, ["missed_drills"]))
      #expect(unmet("carts", at: Self.now).0 == .closed)
      #expect(unmet("carts", at: Self.now).1.contains("standing"))
    }
  }

  @Test("the report of each cluster counts what happened")
  func report() throws {
    try withTemporaryFolder { folder in
      let ledger = try Self.record(in: folder)
      let history = try ledger.history()
      func page(_ cluster: String) throws -> ReportPage {
        ReportPage(
          cluster: cluster, since: SampleEvidence.day(0), history: history, latest: try ledger.run("\(cluster)-29"),
          at: Self.now)
      }
      let table: [(String, pass: Int, inconclusive: Int, fail: Int, missed: Int, ReportPage.Standing)] = [
        ("carts", 28, 1, 1, 0, .fail), ("orders", 26, 0, 4, 0, .pass), ("users", 28, 0, 0, 2, .pass),
      ]
      for (cluster, pass, inconclusive, fail, missed, standing) in table {
        let page = try page(cluster)
        #expect(page.counts.pass == pass && page.counts.inconclusive == inconclusive && page.counts.fail == fail)
        #expect(page.missed.count == missed && page.standing == standing, "\(cluster)")
        #expect(!page.isCalm, "\(cluster)")
      }
      #expect(try page("orders").overdue == 1)
      #expect(try ReportHTML(page("orders")).text().contains("checksum-mismatch"))
    }
  }

  @Test("evidence of the month states all of it, and verifies")
  func evidence() async throws {
    try await inTemporaryFolder { folder in
      let ledger = try Self.record(in: folder)
      let key = try SigningKey.generate(.ed25519)
      let contents = try EvidenceContents(
        of: ledger, SampleEvidence.request(from: 0, to: 29 + 7 / 24, exportedAt: SampleEvidence.day(30)))
      let bytes = try await contents.archive(sealedBy: EvidenceSeal(key: key), folder: folder)
      let verification = try EvidenceVerification(
        of: bytes, trusting: EvidenceTrust(keys: [key.publicKey], now: SampleEvidence.day(31)))
      #expect(verification.problems == [])
      #expect(verification.runs.pass == 82 && verification.runs.fail == 5 && verification.runs.inconclusive == 1)
      #expect(contents.statements.count { $0.kind == "missed-drill" } == 2)
      #expect(contents.statements.count { $0.kind == "finding" } == 3)
    }
  }
}
