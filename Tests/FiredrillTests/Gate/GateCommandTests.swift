import DrillCrypto
import DrillEvidence
import DrillModel
import Foundation
import GRDB
import Testing

/// `firedrill gate` as a person types it.
@Suite struct GateCommandTests {
  /// A ledger with one passing run that ended a moment ago, and keys.
  private func withLedger(_ body: (TestBench) async throws -> Void) async throws {
    try await TestBench.with { bench in
      let ledger = try Ledger.open(at: bench.ledger)
      try ledger.append(run("nightly-1"))
      try KeyFile.write(SigningKey.generate(.ed25519), to: bench.folder + "/seal")
      try bench.write(Self.policy, to: "policy.yaml")
      try await body(bench)
    }
  }

  private static let policy = """
    gate: cutover
    clusters: [shop]
    valid: 2h
    readiness: {level: content, passed_within: 1h}
    final: {mismatches: 0}
    """

  private func run(_ id: String, findings: [Finding] = []) throws -> Run {
    let now = Instant.now
    var run = Run(
      id: id, drill: "nightly", cluster: "shop", engine: "sqlite", files: [:], seed: 1, startedAt: now, finishedAt: now,
      tool: "t", host: "h", requiredLevel: .restored)
    run.backups = [
      Run.BackupExamined(
        backup: "shop-1", manifest: Digest(words: (1, 2, 3, 4)),
        cut: Cut(time: now, coherence: .coherent, positions: [:], proof: []))
    ]
    run.levels = Level.allCases.dropFirst().map { Run.LevelReached($0, evidence: "looked at") }
    run.coverage = [Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1, examined: 1))]
    run.answers = Run.AnswerTally(equal: 10)
    run.findings = findings
    return run
  }

  @Test("an open gate ends with 0, is signed and recorded, and verifies until a run fails")
  func openAndVerify() async throws {
    try await withLedger { bench in
      func path(_ name: String) -> String { "\(bench.folder)/\(name)" }
      let gate = try await FiredrillProcess.run(
        [
          "gate", path("policy.yaml"), "--stage", "final", "--key", path("seal"), "--format", "json", "-o",
          path("decision.json"),
        ], in: bench)
      #expect(gate.status == 0, "\(gate.output)\(gate.errors)")
      #expect(gate.output.hasPrefix("OPEN  cutover, stage final: shop"))
      let verify = ["gate", "verify", path("decision.json"), "--trust", path("seal.pub")]
      let stands = try await FiredrillProcess.run(verify, in: bench)
      #expect(stands.status == 0, "\(stands.output)\(stands.errors)")
      #expect(stands.output.hasPrefix("STANDS  "))
      let recorded = try #require(try Ledger.open(at: bench.ledger, mode: .readOnly).history().decisions.first)
      #expect(recorded.body.outcome == "open" && recorded.details != nil)

      try Ledger.open(at: bench.ledger).append(
        run("nightly-2", findings: [Finding(.answerDiffers, stage: .compare, expected: "a", observed: "b")]))
      let refused = try await FiredrillProcess.run(verify + ["--json"], in: bench)
      #expect(refused.status == 1)
      let codes = try #require(try refused.json()["refusals"] as? [[String: Any]]).compactMap { $0["code"] as? String }
      #expect(Set(codes) == ["failing-run", "newer-cut"])
      let blind = try await FiredrillProcess.run(verify + ["--without-ledger"], in: bench)
      #expect(blind.status == 0)
      #expect(blind.output.contains("nothing newer was looked for"))

      let closed = try await FiredrillProcess.run(["gate", path("policy.yaml")], in: bench)
      #expect(closed.status == 1)
      #expect(closed.output.hasPrefix("CLOSED  "))
      #expect(closed.output.contains("nightly-2 failed at compare"))
    }
  }

  @Test("what cannot be told ends with 2: a clause, an empty policy, a ledger that is not there")
  func inconclusive() async throws {
    try await withLedger { bench in
      let asked = try bench.write(
        "gate: g\nclusters: [shop]\nvalid: 1h\nreadiness: {verification_debt: 35d}\n", to: "debt.yaml")
      let debt = try await FiredrillProcess.run(["gate", asked, "--dry-run"], in: bench)
      #expect(debt.status == 2)
      #expect(debt.output.contains("name the catalog with --catalog"))
      let empty = try bench.write("gate: g\nclusters: [shop]\nvalid: 1h\n", to: "empty.yaml")
      let nothing = try await FiredrillProcess.run(["gate", empty, "--dry-run"], in: bench)
      #expect(nothing.status == 2)
      #expect(nothing.output.contains("the policy states no clause"))
      #expect(try Ledger.open(at: bench.ledger, mode: .readOnly).history().decisions.isEmpty)
      let absent = bench.folder + "/nowhere.sqlite"
      let none = try await FiredrillProcess.run(["gate", asked, "--ledger", absent], in: bench)
      #expect(none.status == 2)
      #expect(!FileManager.default.fileExists(atPath: absent))
    }
  }

  @Test("a decision that the ledger cannot take up is shown, and is not open")
  func unrecorded() async throws {
    try await withLedger { bench in
      let arguments = ["gate", "\(bench.folder)/policy.yaml", "--format", "json"]
      let whole = try await FiredrillProcess.run(arguments, in: bench)
      #expect(whole.status == 0)
      #expect(try whole.json()["notRecorded"] == nil)
      #expect(try whole.json()["payload"] is String)
      let dry = try await FiredrillProcess.run(arguments + ["--dry-run"], in: bench)
      #expect(try dry.status == 0 && dry.json()["payload"] == nil)
      // It can be read, and takes nothing more.
      let queue = try DatabaseQueue(path: bench.ledger)
      try await queue.write { db in
        try db.execute(sql: "CREATE TRIGGER full BEFORE INSERT ON leaves BEGIN SELECT RAISE(ABORT, 'full'); END")
      }
      try queue.close()
      let lost = try await FiredrillProcess.run(arguments, in: bench)
      #expect(lost.status == ExitStatus.inconclusive.rawValue, "\(lost.output)\(lost.errors)")
      #expect(try lost.json()["outcome"] as? String == "open" && lost.json()["notRecorded"] is String)
      #expect(lost.errors.contains("is NOT recorded"))
    }
  }

  @Test("JUnit and Markdown are written where they are asked for", arguments: ["junit", "markdown", "text", "json"])
  func forms(_ form: String) async throws {
    try await withLedger { bench in
      let file = bench.folder + "/decision"
      let ending = try await FiredrillProcess.run(
        ["gate", bench.folder + "/policy.yaml", "--format", form, "-o", file, "--quiet", "--dry-run"], in: bench)
      #expect(ending.status == 0 && ending.output.isEmpty, "\(ending.output)\(ending.errors)")
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let beginning = ["junit": "<?xml", "markdown": "# Gate cutover: open", "text": "OPEN", "json": "{"][form] ?? "?"
      #expect(text.hasPrefix(beginning), "\(text.prefix(100))")
    }
  }

  @Test(
    "a bad policy ends with 64 and names file, line, column and the nearest word",
    arguments: [
      ("readiness: {levle: answers}", "policy.yaml:4:13: 'readiness' has no field 'levle'; did you mean 'level'?"),
      ("readiness:\n  level: anwsers", "policy.yaml:5:10: 'level' must be one of"),
      ("readiness:\n  succes_rate: {at_least: 95%, over: 30d}", "did you mean 'success_rate'?"),
      (
        "readiness:\n  success_rate: {atleast: 95%, over: 30d}",
        "policy.yaml:5:18: 'success_rate' has no field 'atleast'; did you mean 'at_least'?"
      ),
      ("redyness: {level: answers}", "policy.yaml:4:1: the file has no field 'redyness'; did you mean 'readiness'?"),
      ("readiness: {level: none}", "policy.yaml:4:20: a level of none requires nothing"),
      ("readiness: {coherent_cut: false}", "policy.yaml:4:27: leave 'coherent_cut' out"),
      (
        "readiness: {rto_percentile: {at_most: 1h, percentile: 99, last: 50}}",
        "policy.yaml:4:65: a percentile of 99.0 takes at least 100"
      ),
      (
        "readiness: {epochs: {restorable: [presnt]}}",
        "policy.yaml:4:35: 'restorable' takes present, before-move; did you mean 'present'?"
      ),
      ("readiness: {required_checks: {refused_skips: [notsampled]}}", "did you mean 'not-sampled'?"),
      ("readiness: {latency: {}}", "'latency' needs 'p50' or 'p99'"),
      ("readiness: {passed_within: {age: 1h}}", "policy.yaml:4:28: 'passed_within' must be a list"),
      ("readiness: {rto: 30}", "policy.yaml:4:18: 'rto' must be a time such as"),
      ("readiness: {coverage: 101%}", "policy.yaml:4:23: 'coverage' must be a share"),
    ])
  func badPolicy(_ clause: String, _ complaint: String) async throws {
    try await TestBench.with { bench in
      _ = try Ledger.open(at: bench.ledger)
      let policy = try bench.write("gate: g\nclusters: [shop]\nvalid: 1h\n\(clause)\n", to: "policy.yaml")
      let ending = try await FiredrillProcess.run(["gate", policy], in: bench)
      #expect(ending.status == ExitStatus.usage.rawValue)
      #expect(ending.errors.contains(complaint), "\(ending.errors)")
      #expect(ending.errors.contains("[bad-file]"))
    }
  }

  @Test(
    "a policy without name, clusters or time is refused",
    arguments: [
      ("clusters: [shop]\nvalid: 1h\n", "needs 'gate'"), ("gate: g\nvalid: 1h\n", "needs 'clusters'"),
      ("gate: g\nclusters: [shop]\n", "needs 'valid'"), ("gate: g\nclusters: []\nvalid: 1h\n", "one or more different"),
      ("gate: g\nclusters: [a, a]\nvalid: 1h\n", "one or more different"),
      ("gate: g/h\nclusters: [a]\nvalid: 1h\n", "letters, digits"),
      ("gate: g\nclusters: [a]\nvalid: 0s\n", "longer than"),
    ])
  func incomplete(_ text: String, _ complaint: String) async throws {
    try await TestBench.with { bench in
      let ending = try await FiredrillProcess.run(["gate", try bench.write(text, to: "policy.yaml")], in: bench)
      #expect(ending.status == ExitStatus.usage.rawValue)
      #expect(ending.errors.contains(complaint), "\(ending.errors)")
    }
  }

  @Test("a real drill opens a gate over its catalog, and a backup in it that cannot be read keeps it from opening")
  func realDrill() async throws {
    try await TestBench.with { bench in
      try bench.write(
        "drill: small\nproduction: {engine: sqlite, shards: 2, records: 400, changes: 0}\ncatalog: catalog\nworkload: \(TestBench.repositoryFile("workloads/documents.yaml"))\n",
        to: "drill.yaml")
      let policy = try bench.write(
        """
        gate: real
        clusters: [shop]
        valid: 1h
        readiness:
          level: answers
          rto: 1h
          rpo: 1h
          mismatches: 0
          coherent_cut: true
          verification_debt: 1h
          required_checks: {stages: [integrity, decode, restore, fingerprint, replay, compare], references: [captured]}
        """, to: "policy.yaml")
      let drill = try await FiredrillProcess.run(["run", bench.folder + "/drill.yaml", "--quiet"], in: bench)
      try #require(drill.status == 0, "\(drill.output)\(drill.errors)")
      let cluster = try #require(try Ledger.open(at: bench.ledger, mode: .readOnly).history().clusters.first)
      try bench.write(
        String(contentsOfFile: policy, encoding: .utf8).replacingOccurrences(of: "[shop]", with: "[\(cluster)]"),
        to: "policy.yaml")
      let arguments = ["gate", policy, "--catalog", bench.catalog, "--json"]
      let open = try await FiredrillProcess.run(arguments, in: bench)
      #expect(open.status == 0, "\(open.output)\(open.errors)")
      // A second backup that nobody drilled is owed.
      let backup = try #require(try bench.catalogued().first { !$0.hasPrefix(".") })
      try FileManager.default.createDirectory(
        atPath: "\(bench.catalog)/\(cluster)-unread", withIntermediateDirectories: false)
      try FileManager.default.copyItem(
        atPath: "\(bench.catalog)/\(backup)/manifest.dsse.json",
        toPath: "\(bench.catalog)/\(cluster)-unread/manifest.dsse.json")
      let unread = try await FiredrillProcess.run(arguments, in: bench)
      #expect(unread.status == 2, "\(unread.output)")
    }
  }
}
