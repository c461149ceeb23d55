import DrillCrypto
import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("firedrill retention check")
struct RetentionCommandTests {
  private static let rule = "retention: week\nordinary: {keep: 2d}\n"

  /// Three nights: the 1st, 2nd and 5th of January 2026, of which a drill of the last one passed.
  private func withNights(
    _ body: (KeptBackups, TestBench, [String]) async throws -> Void
  ) async throws {
    try await KeptBackups.with { backups in
      let bench = TestBench(folder: backups.folder)
      for day in [1, 2, 5] { try backups.addRedis(day, ["a": [0: [.init("k", "v\(day)")]]]) }
      try record(5, backups, to: bench.ledger)
      let rule = try bench.write(Self.rule, to: "rule.yaml")
      try await body(
        backups, bench,
        [
          "retention", "check", backups.catalog, "--rule", rule, "--trust", backups.trusted, "--at",
          "2026-01-06T00:00:00Z",
        ])
    }
  }

  private func record(_ day: Int, _ backups: KeptBackups, to ledger: String) throws {
    let id = KeptBackups.id(day)
    let sealed = try Firedrill.inspect(backup: id, catalog: backups.catalog)
    var run = Run(
      id: "nightly-\(day)", drill: "nightly", cluster: "shop", engine: "redis", files: [:], seed: 1,
      startedAt: KeptBackups.cut(day), finishedAt: KeptBackups.cut(day), tool: "firedrill", host: "Linux",
      requiredLevel: .bytes)
    run.backups = [.init(backup: id, manifest: sealed.digest, cut: sealed.manifest.cut, stated: .init(sealed.manifest))]
    run.levels = [Level.bytes, .decoded, .restored].map { .init($0, evidence: "looked at") }
    run.coverage = [.init(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1, examined: 1))]
    try Ledger.open(at: ledger).append(run)
  }

  @Test("says line by line what a rule would drop and keep, ends with 0, and deletes nothing")
  func plan() async throws {
    try await withNights { backups, bench, words in
      let ending = try await FiredrillProcess.run(words, in: bench)
      #expect(ending.status == 0, "\(ending.output)\(ending.errors)")
      #expect(ending.output.hasPrefix("PASS  week of 3 backups keeps 1, would drop 2"))
      for (day, word) in [(1, "drop"), (2, "drop"), (5, "keep")] {
        let line = ending.output.split(separator: "\n").first { $0.contains(KeptBackups.id(day)) }
        #expect(line?.hasPrefix(word) == true, "\(day)")
      }
      let json = try await FiredrillProcess.run(words + ["--json"], in: bench).json()
      #expect(json["verdict"] as? String == "pass")
      let lines = try #require((json["plan"] as? [String: Any])?["lines"] as? [[String: Any]])
      #expect(lines.map { $0["outcome"] as? String } == ["drop", "drop", "keep"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: backups.catalog).count == 3)
    }
  }

  @Test("refuses, with exit 1 and its code, what must stay; and ends with 2 where it cannot look")
  func refusals() async throws {
    try await withNights { backups, bench, words in
      // On what is no more than its own night's predecessor in name, an increment stands all the same.
      try backups.addRedis(3, ["a": [0: [.init("k", "v3")]]], kind: .incremental)
      let early = words.dropLast() + ["2026-01-05T00:00:00Z"]
      let chain = try await FiredrillProcess.run(Array(early), in: bench)
      #expect(chain.status == 1, "\(chain.output)\(chain.errors)")
      #expect(chain.output.contains("retention-breaks-chain") && chain.output.contains("REFUSED"))
      #expect(!chain.output.contains("retention-drops-verified"))

      let late = Array(words.dropLast() + ["2026-02-01"])
      let verified = try await FiredrillProcess.run(late, in: bench)
      #expect(verified.status == 1 && verified.output.contains("retention-drops-verified"))

      let blind = try await FiredrillProcess.run(words + ["--ledger", bench.folder + "/none.sqlite"], in: bench)
      #expect(blind.status == 2, "\(blind.output)")
      #expect(!FileManager.default.fileExists(atPath: bench.folder + "/none.sqlite"))

      try Data("not a manifest".utf8).write(to: URL(fileURLWithPath: backups.path(5, "manifest.dsse.json")))
      let damaged = try await FiredrillProcess.run(words, in: bench)
      #expect(damaged.status == 2 || damaged.status == 1)
      #expect(damaged.output.contains("doubtful  \(KeptBackups.id(5))"))
    }
  }

  @Test("a manifest that no trusted key signed decides nothing, and is never dropped")
  func untrusted() async throws {
    try await withNights { backups, bench, words in
      _ = try Firedrill.keygen(out: backups.folder + "/other")
      let other = try KeyFile.readSigningKey(backups.folder + "/other")
      try FileManager.default.removeItem(atPath: "\(backups.catalog)/\(KeptBackups.id(1))")
      try backups.addRedis(1, ["a": [0: [.init("k", "v1")]]], sealedWith: other)
      let ending = try await FiredrillProcess.run(words, in: bench)
      #expect(ending.status == 2, "\(ending.output)")
      #expect(ending.output.contains("doubtful  \(KeptBackups.id(1))"))
      #expect(ending.output.contains("signature-untrusted"))
    }
  }

  @Test("what is asked wrongly ends with 64: no key, no rule, a rule that drops everything")
  func wrong() async throws {
    try await withNights { _, bench, words in
      #expect(
        try await FiredrillProcess.run(["retention", "check", bench.folder, "--rule", "x"], in: bench).status == 64)
      #expect(try await FiredrillProcess.run(["retention"], in: bench).status == 64)
      try bench.write("retention: r\nordinary: {}\n", to: "rule.yaml")
      let empty = try await FiredrillProcess.run(words, in: bench)
      #expect(empty.status == 64 && empty.errors.contains("rule.yaml:2:11"))
    }
  }
}
