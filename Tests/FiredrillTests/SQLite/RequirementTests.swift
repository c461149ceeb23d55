import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill holds what it measured against what it requires and", .capturedShop)
struct RequirementTests {
  @Test("fails where restoring took longer than allowed")
  func restoreTime() async throws {
    try await CapturedShop.withBench { bench in
      let run = try await bench.run("objectives: {rto: 1ms}")
      expect(run, .fail, [.restoreTimeExceeded], at: .objectives)
      #expect(run.level == .answers)
      let objective = try #require(run.objectives.first)
      #expect(objective.kind == .restoreTime && objective.isMet == false && (objective.measured ?? 0) > 1)
    }
  }

  @Test("fails where the last verified cut is older than allowed")
  func recoveryPoint() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal { $0.cut.time = Instant(millisecondsSince1970: $0.cut.time.millisecondsSince1970 - 7_200_000) }
      expect(try await bench.run("objectives: {rpo: 1h}"), .fail, [.recoveryPointExceeded], at: .objectives)
      expectClean(try await bench.run("objectives: {rpo: 3h}"))
    }
  }

  @Test("fails once for a night that was missed, and passes again on the next one")
  func recoveryPointAgain() async throws {
    try await CapturedShop.withBench { bench in
      let first = try later(bench, hours: -240)
      expectClean(try await first.run())
      let second = try later(first, hours: 238)
      expect(try await second.run("objectives: {rpo: 24h}"), .fail, [.recoveryPointExceeded], at: .objectives)
      let third = try later(second, hours: 1)
      expectClean(try await third.run("objectives: {rpo: 24h}"))
    }
  }

  /// A backup of the same with a later cut, in place of a bench's own.
  private func later(_ bench: DrillBench, hours: Int64) throws -> DrillBench {
    var manifest = try bench.manifest()
    let other = DrillBench(folder: bench.folder, backup: "\(bench.backup)-later")
    try FileManager.default.moveItem(atPath: bench.backupFolder, toPath: other.backupFolder)
    manifest.backup = other.backup
    manifest.cut.time = Instant(millisecondsSince1970: manifest.cut.time.millisecondsSince1970 + hours * 3_600_000)
    try Data(SealedManifest.seal(manifest, with: bench.key()).envelope).write(
      to: URL(fileURLWithPath: other.manifestPath))
    return other
  }

  @Test("fails where the live store is further away than allowed")
  func drift() async throws {
    try await CapturedShop.withBench { bench in
      let live = DrillBench.Drill(cluster: "shop-later.yaml", level: .content)
      var drill = live
      drill.more = ["reference: live", "objectives: {drift: 0}"]
      let run = try await bench.run(drill)
      expect(run, .fail, [.driftExceeded], at: .objectives)
      let count = run.drift.reduce(0) { $0 + $1.count }
      drill.more = ["reference: live", "objectives: {drift: \(count)}"]
      expectClean(try await bench.run(drill), at: .content)
      drill.more = ["reference: live", "objectives: {drift: \(count - 1)}"]
      expect(try await bench.run(drill), .fail, [.driftExceeded], at: .objectives)
    }
  }

  @Test("is inconclusive where it requires less drift than it looked for at all")
  func driftUnmeasured() async throws {
    try await CapturedShop.withBench { bench in
      expect(try await bench.run("objectives: {drift: 0}"), .inconclusive, obstacles: [.referenceUnavailable])
    }
  }

  @Test("fails where less was examined than required")
  func coverage() async throws {
    try await CapturedShop.withBench { bench in
      expectClean(try await bench.run("objectives: {coverage: 90%}"))
      let drill = DrillBench.Drill(more: ["sandbox: {folder: work, shards: 2}", "objectives: {coverage: 90%}"])
      expect(try await bench.run(drill), .fail, [.coverageShort], at: .objectives)
    }
  }

  @Test("passes over a seeded sample of shards, over waves within a memory budget, and over both")
  func waves() async throws {
    try await CapturedShop.withBench { bench in
      for sandbox in ["shards: 2", "memory: 1KiB", "shards: 3, memory: 1KiB"] {
        expectClean(try await bench.run("sandbox: {folder: work, \(sandbox)}"), sandbox)
      }
    }
  }

  @Test("is inconclusive where a higher level is required than the backup can reach, and passes at what it can")
  func level() async throws {
    try await CapturedShop.withBench { bench in
      let references = try bench.manifest().artifacts.filter { $0.role == .reference }
      for artifact in references { try FileManager.default.removeItem(atPath: bench.path(of: artifact)) }
      try bench.reseal { manifest in
        manifest.artifacts.removeAll { $0.role == .reference }
        manifest.reference = nil
      }
      for level in [Level.answers, .content] {
        let run = try await bench.run(.init(level: level))
        expect(run, .inconclusive)
        #expect(run.level == .restored)
      }
      expectClean(try await bench.run(.init(level: .restored)), at: .restored)
    }
  }

  @Test("runs again from the ledger: same verdict, seed and operations")
  func again() async throws {
    try await CapturedShop.withBench { bench in
      let drill = DrillBench.Drill(
        seed: 77, more: ["reference: [captured, live]", "workload: {profile: documents.yaml, operations: 200}"])
      let first = try await bench.run(drill)
      expectClean(first)
      // The files may be gone: the ledger kept them.
      try FileManager.default.removeItem(atPath: bench.folder + "/drill.yaml")
      let outcomes = try await Firedrill.run(
        again: first.id, ledger: bench.ledger, options: RunOptions(ledger: bench.ledger, showsKeys: true))
      let second = try #require(outcomes.first?.run)
      expectClean(second)
      #expect(second.id != first.id)
      #expect(second.seed == 77 && second.answers == first.answers && second.coverage == first.coverage)
      #expect(second.fingerprintRoot == first.fingerprintRoot && second.files == first.files)
      #expect(second.backups == first.backups)
      #expect(try bench.recorded().map(\.outcome?.verdict) == [.pass, .pass])
    }
  }

  @Test("fails and is recorded where there is no backup", arguments: ["empty", "no folder", "no such id", "too old"])
  func missing(how: String) async throws {
    try await CapturedShop.withBench { bench in
      var drill = DrillBench.Drill()
      switch how {
      case "empty":
        try FileManager.default.createDirectory(atPath: bench.folder + "/empty", withIntermediateDirectories: true)
        drill.catalog = "empty"
      case "no folder": drill.catalog = "nowhere"
      case "no such id": drill.more = ["backup: {id: \(bench.backup)x}"]
      default: drill.more = ["backup: {at: 2001-01-01T00:00:00Z}"]
      }
      let outcome = try await bench.outcome(drill)
      expect(outcome.run, .fail, [.backupMissing], at: .catalog)
      #expect(outcome.recordingProblem == nil)
      #expect(try bench.recorded().map(\.outcome?.verdict) == [.fail])
    }
  }
}
