import DrillEvidence
import DrillModel
import Foundation
import Testing

@Suite("firedrill evidence, as it is typed")
struct EvidenceCommandTests {
  /// A ledger with two nights, and a key to sign with.
  private static func prepare(_ bench: TestBench) async throws -> Ledger {
    let ledger = try Ledger.open(at: bench.ledger)
    for night in 0..<2 { try ledger.append(try run(night)) }
    for name in ["audit", "reviewer"] {
      let made = try await FiredrillProcess.run(["keygen", "--out", "\(bench.folder)/\(name)", "-q"], in: bench)
      try #require(made.status == 0)
    }
    return ledger
  }

  /// Within the last day, passing.
  private static func run(_ night: Int) throws -> Run {
    let time = Instant(millisecondsSince1970: Instant.now.millisecondsSince1970 - Int64(20 - night) * 3_600_000)
    var run = Run(
      id: "nightly-\(night)", drill: "nightly", cluster: "shop", engine: "sqlite",
      files: ["nightly.yaml": "drill: nightly\n"],
      seed: 1, startedAt: time, finishedAt: time, tool: "firedrill", host: "Linux", requiredLevel: .bytes)
    run.levels = [Run.LevelReached(.bytes, evidence: "read")]
    run.coverage = [Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1, examined: 1))]
    return run
  }

  private static func export(_ bench: TestBench, _ more: [String] = [], to name: String = "e.tar") -> [String] {
    [
      "evidence", "export", "--from", "1d", "--to", "0s", "--key", bench.folder + "/audit", "-o",
      "\(bench.folder)/\(name)",
    ] + more
  }

  private static func verify(_ bench: TestBench, _ more: [String] = []) -> [String] {
    ["evidence", "verify", bench.folder + "/e.tar", "--trust", bench.folder + "/audit.pub"] + more
  }

  @Test("an archive is exported, recorded, verified, signed off; changed or trusted wrongly it ends with 1")
  func wholeWay() async throws {
    try await TestBench.with { bench in
      let ledger = try await EvidenceCommandTests.prepare(bench)
      let exported = try await FiredrillProcess.run(EvidenceCommandTests.export(bench, ["--json"]), in: bench)
      #expect(exported.status == 0, "\(exported.errors)")
      #expect(try exported.json()["archive"] as? String == bench.folder + "/e.tar")
      #expect(try ledger.history().exports.map(\.body.size) == [2])
      let again = try await FiredrillProcess.run(EvidenceCommandTests.export(bench), in: bench)
      #expect(again.status == 64 && again.errors.contains("never overwritten"))

      let sound = try await FiredrillProcess.run(EvidenceCommandTests.verify(bench), in: bench)
      #expect(sound.status == 0 && sound.output.hasPrefix("GENUINE"), "\(sound.output)")
      #expect(sound.output.contains("2 passed, 0 failed, 0 inconclusive"))
      let stranger = try await FiredrillProcess.run(
        ["evidence", "verify", bench.folder + "/e.tar", "--trust", bench.folder + "/reviewer.pub"], in: bench)
      #expect(stranger.status == 1 && stranger.output.contains("manifest-untrusted"))

      let signed = try await FiredrillProcess.run(
        [
          "evidence", "sign-off", bench.folder + "/e.tar", "--key", bench.folder + "/reviewer", "--who", "R. Lee",
          "--role", "audit",
        ], in: bench)
      #expect(signed.status == 0, "\(signed.errors)")
      let signOff = signed.output.trimmingCharacters(in: .newlines)
      let both = EvidenceCommandTests.verify(
        bench, ["--trust", bench.folder + "/reviewer.pub", "--sign-off", signOff, "--signers", "2", "--json"])
      #expect(try await FiredrillProcess.run(both, in: bench).status == 0)
      let alone = try await FiredrillProcess.run(EvidenceCommandTests.verify(bench, ["--signers", "2"]), in: bench)
      #expect(alone.status == 1 && alone.output.contains("too-few-signers"))

      // The next goes on from it.
      try ledger.append(try EvidenceCommandTests.run(7))
      let next = try await FiredrillProcess.run(
        EvidenceCommandTests.export(bench, ["--previous", bench.folder + "/e.tar"], to: "next.tar"), in: bench)
      #expect(next.status == 0 && next.output.contains("from the export of 2 leaves"), "\(next.errors)")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: bench.folder + "/e.tar"))
      bytes[700] ^= 1
      try bytes.write(to: URL(fileURLWithPath: bench.folder + "/e.tar"))
      let changed = try await FiredrillProcess.run(EvidenceCommandTests.verify(bench), in: bench)
      #expect(changed.status == 1 && changed.output.contains("file-changed"), "\(changed.output)")
    }
  }

  @Test(
    "what cannot be exported leaves no archive, no piece of one and no leaf",
    arguments: [
      (["--tsa-command", "echo no >&2; exit 3"], 2, "unreachable"),
      (["--tsa-command", "echo '<html>'"], 2, "protocol-violation"),
      (["--cluster", "nobody"], 64, "the ledger knows no such cluster"), (["--cms-key", "x"], 64, "--cert"),
      (["--cert", "x"], 64, "--cms-key"), (["--previous", "x"], 64, "no such file"),
      (["--anchors", "."], 64, "no head of this ledger"), (["--from", "yesterday"], 64, "a time is written as"),
    ])
  func refused(_ more: [String], _ status: Int32, _ text: String) async throws {
    try await TestBench.with { bench in
      let ledger = try await EvidenceCommandTests.prepare(bench)
      let before = try FileManager.default.contentsOfDirectory(atPath: bench.folder).filter { !$0.hasPrefix("said-") }
      let ending = try await FiredrillProcess.run(EvidenceCommandTests.export(bench, more), in: bench)
      #expect(ending.status == status && ending.errors.contains(text), "\(ending.errors)")
      let after = try FileManager.default.contentsOfDirectory(atPath: bench.folder).filter { !$0.hasPrefix("said-") }
      #expect(after.sorted() == before.sorted())
      #expect(try ledger.history().size == 2)
    }
  }

  @Test("a disk that is full in the middle of it leaves no archive, no piece of one and no leaf")
  func diskFull() async throws {
    try await TestBench.with { bench in
      let ledger = try await EvidenceCommandTests.prepare(bench)
      let folder = bench.folder + "/out"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      // A limit to the size of files stops the write where a full disk would; the database is far below it.
      let limited = Process()
      limited.executableURL = URL(fileURLWithPath: "/bin/bash")
      let command = EvidenceCommandTests.export(bench, to: "out/e.tar").map { "'\($0)'" }.joined(separator: " ")
      limited.arguments = ["-c", "trap '' XFSZ; ulimit -f 72; exec '\(try FiredrillProcess.executable)' \(command)"]
      limited.environment = bench.environment
      let errors = Pipe()
      limited.standardError = errors
      try limited.run()
      limited.waitUntilExit()
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      #expect(limited.terminationStatus == 2 && text.contains("nothing was left behind"), "\(text)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
      #expect(try ledger.history().size == 2)
      let whole = try await FiredrillProcess.run(EvidenceCommandTests.export(bench, to: "out/e.tar"), in: bench)
      #expect(whole.status == 0, "\(whole.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["e.tar"])
    }
  }

  @Test("a ledger whose end was cut off after its head was anchored is not exported")
  func cutOff() async throws {
    try await TestBench.with { bench in
      let ledger = try await EvidenceCommandTests.prepare(bench)
      let copy = bench.folder + "/copy.sqlite"
      try FileManager.default.copyItem(atPath: bench.ledger, toPath: copy)
      try ledger.append(try EvidenceCommandTests.run(2))
      try FileManager.default.createDirectory(atPath: bench.catalog, withIntermediateDirectories: false)
      try ledger.writeAnchor(to: bench.catalog)
      let anchors = ["--anchors", bench.catalog]
      let cut = try await FiredrillProcess.run(
        EvidenceCommandTests.export(bench, anchors + ["--ledger", copy]), in: bench)
      #expect(cut.status == 2 && cut.errors.contains("anchor-beyond"), "\(cut.errors)")
      let sound = try await FiredrillProcess.run(EvidenceCommandTests.export(bench, anchors), in: bench)
      #expect(sound.status == 0, "\(sound.errors)")
    }
  }
}
