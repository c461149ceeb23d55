import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill against several references", .capturedShop)
struct ReferenceTests {
  @Test("keeps what the first of them showed, whatever the second shows")
  func driftOfBoth() async throws {
    try await CapturedShop.withBench { bench in
      let twin = try twin(of: bench)
      for references in ["[live, {backup: \(twin)}]", "[{backup: \(twin)}, live]"] {
        let run = try await bench.run(
          .init(
            cluster: "shop-later.yaml", level: .content,
            more: ["backup: {id: \(bench.backup)}", "reference: \(references)"]))
        expectClean(run, at: .content, references)
        #expect(!run.drift.isEmpty, "the live store's changes are told: \(references)")
        #expect(Set(run.comparisons.filter { $0.stage == .drift }.map(\.right)) == ["live", "backup \(twin)"])
      }
    }
  }

  @Test("keeps a finding against the first where the second cannot be looked at")
  func findingKept() async throws {
    try await CapturedShop.withBench { bench in
      try bench.rows().execute(
        "UPDATE customers SET balance = 7 WHERE customer_id = (SELECT min(customer_id) FROM customers)")
      try bench.reseal()
      for references in ["[live, {backup: nowhere}]", "[{backup: nowhere}, live]"] {
        let run = try await bench.run(.init(level: .content, more: ["reference: \(references)"]))
        expect(run, .fail, [.driftUnexplained], at: .drift, obstacles: [.noSuchBackup], references)
        #expect(run.findings.count == CapturedShop.shards, "one row of each shard was changed")
      }
    }
  }

  @Test("is inconclusive where rows differ from another backup's and nothing says why")
  func otherBackupDiffers() async throws {
    try await CapturedShop.withBench { bench in
      let twin = try twin(of: bench)
      try bench.rows().execute("DELETE FROM sessions WHERE customer_id = (SELECT min(customer_id) FROM sessions)")
      try bench.reseal()
      let run = try await bench.run(
        .init(level: .restored, more: ["backup: {id: \(bench.backup)}", "reference: {backup: \(twin)}"]))
      expect(run, .inconclusive)
      #expect(run.drift.map(\.attribution) == [.ambiguous] && run.drift.map(\.kind) == [.added])
    }
  }

  @Test("a backup is no reference for itself")
  func itself() async throws {
    try await CapturedShop.withBench { bench in
      let run = try await bench.run(
        .init(level: .content, more: ["backup: latest", "reference: {backup: \(bench.backup)}"]))
      expect(run, .inconclusive, obstacles: [.referenceUnavailable])
      #expect(run.level == .restored)
    }
  }

  @Test("finds damage in the other backup")
  func otherBackupDamaged() async throws {
    try await CapturedShop.withBench { bench in
      let twin = try twin(of: bench)
      let artifact = try bench.dataArtifacts()[0]
      try FileManager.default.removeItem(atPath: "\(bench.catalog)/\(twin)/\(artifact.name)")
      let run = try await bench.run(
        .init(level: .content, more: ["backup: {id: \(bench.backup)}", "reference: {backup: \(twin)}"]))
      expect(run, .fail, [.artifactMissing], at: .integrity)
      #expect(run.findings.first?.subject.backup == twin)
    }
  }

  @Test("reads the latest backup, and neither an older nor one that was asked for by its name")
  func selection() async throws {
    try await CapturedShop.withBench { bench in
      let twin = try twin(of: bench) {
        $0.cut.time = Instant(millisecondsSince1970: $0.cut.time.millisecondsSince1970 + 1000)
      }
      #expect(try await bench.run().backups.map(\.backup) == [twin])
      #expect(try await bench.run("backup: {id: \(bench.backup)}").backups.map(\.backup) == [bench.backup])
      try Data().write(to: URL(fileURLWithPath: "\(bench.catalog)/\(twin)/\(Catalog.manifestName)"))
      expect(
        try await bench.run(), .fail, [.manifestUnreadable], at: .manifest,
        "a newer backup that cannot be read is not passed over")
      let outcomes = try await Firedrill.run(drill: try bench.write(.init(more: ["backup: {sample: {count: 5}}"])))
      #expect(outcomes.map(\.run.verdict).sorted() == [.pass, .fail])
    }
  }

  /// Stores the backup a second time under another name.
  private func twin(of bench: DrillBench, _ change: (inout Manifest) -> Void = { _ in }) throws -> String {
    let twin = DrillBench(folder: bench.folder, backup: "\(bench.backup.dropLast(6))zzzzzz")
    try FileManager.default.copyItem(atPath: bench.backupFolder, toPath: twin.backupFolder)
    try twin.reseal { manifest in
      manifest.backup = twin.backup
      change(&manifest)
    }
    return twin.backup
  }
}
