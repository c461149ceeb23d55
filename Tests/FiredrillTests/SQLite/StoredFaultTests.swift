import DrillEvidence
import DrillFaults
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill of a stored backup", .capturedShop)
struct StoredFaultTests {
  @Test("passes at answers where nothing is wrong, and says what it examined")
  func clean() async throws {
    try await CapturedShop.withBench { bench in
      let outcome = try await bench.outcome()
      expectClean(outcome.run)
      #expect(outcome.recordingProblem == nil)
      for part in outcome.run.coverage where part.coverage.declared > 0 {
        #expect(part.coverage.examined > 0, "\(part.stage) \(part.of)")
      }
      #expect(outcome.run.answers?.equal == 400)
      #expect(try bench.recorded().map(\.outcome?.verdict) == [.pass])
    }
  }

  @Test(
    "finds a byte that was flipped anywhere in any artifact",
    arguments: 0..<CapturedShop.shards + 2, [UInt64(1), 2, 3])
  func flippedByte(artifact: Int, seed: UInt64) async throws {
    try await damaged(.flipByte, artifact, seed, .checksumMismatch)
  }

  @Test("finds an artifact that is cut short", arguments: 0..<CapturedShop.shards + 2)
  func truncated(artifact: Int) async throws { try await damaged(.truncate, artifact, 4, .sizeMismatch) }

  @Test("finds an artifact that grew", arguments: 0..<CapturedShop.shards + 2)
  func grown(artifact: Int) async throws { try await damaged(.append, artifact, 5, .sizeMismatch) }

  @Test("finds a block of zeros", arguments: 0..<CapturedShop.shards + 2)
  func zeroed(artifact: Int) async throws { try await damaged(.zeroBlock, artifact, 6, .checksumMismatch) }

  @Test("finds an artifact that is gone", arguments: 0..<CapturedShop.shards + 2)
  func missing(artifact: Int) async throws { try await damaged(.remove, artifact, 7, .artifactMissing) }

  /// Damages one artifact, and expects one finding about it, no restore, and no level.
  private func damaged(_ fault: ArtifactFault, _ index: Int, _ seed: UInt64, _ code: FindingCode) async throws {
    try await CapturedShop.withBench { bench in
      let artifact = try bench.manifest().artifacts[index]
      let planted = try FaultInjector.plant(fault, in: bench.path(of: artifact), seed: seed)
      let run = try await bench.run()
      // What follows from the damage may be found as well, where the artifact is read on; the stage that fails first is integrity's.
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity, "\(planted)")
      let found = run.findings.filter { $0.stage == .integrity }
      #expect(found.map(\.code) == [code], "\(planted)")
      #expect(found.first?.subject.artifact == artifact.name)
      #expect(run.sandbox == nil && run.level == .none, "damage is not restored: \(planted)")
    }
  }

  @Test("finds two shards' artifacts in each other's place")
  func swapped() async throws {
    try await CapturedShop.withBench { bench in
      let data = try bench.dataArtifacts()
      _ = try FaultInjector.plant(.swap, in: bench.path(of: data[0]), with: bench.path(of: data[1]), seed: 1)
      let run = try await bench.run()
      let code = data[0].sizeBytes == data[1].sizeBytes ? FindingCode.checksumMismatch : .sizeMismatch
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity)
      let found = run.findings.filter { $0.stage == .integrity }
      #expect(found.map(\.code) == [code, code])
      #expect(Set(found.compactMap(\.subject.artifact)) == [data[0].name, data[1].name])
    }
  }

  @Test("finds two shards' artifacts in each other's place where a trusted key sealed them so")
  func swappedAndSealed() async throws {
    try await CapturedShop.withBench { bench in
      let data = try bench.dataArtifacts()
      _ = try FaultInjector.plant(.swap, in: bench.path(of: data[0]), with: bench.path(of: data[1]), seed: 1)
      try bench.reseal()
      let run = try await bench.run()
      expect(run, .fail, [.slotMisplaced], at: .decode)
      #expect(Set(run.findings.compactMap(\.subject.artifact)) == [data[0].name, data[1].name])
      #expect(run.level == .bytes && run.sandbox == nil)
    }
  }

  @Test("passes over a backup that was sealed again as it was")
  func sealedAgain() async throws {
    try await CapturedShop.withBench { bench in
      try bench.reseal()
      expectClean(try await bench.run())
    }
  }

  @Test(
    "finds a file that no manifest names",
    arguments: ["stray.sqlite", "reference/stray.json", "folder/stray", ".hidden"])
  func stray(name: String) async throws {
    try await CapturedShop.withBench { bench in
      let path = "\(bench.backupFolder)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data("stray".utf8).write(to: URL(fileURLWithPath: path))
      let run = try await bench.run()
      expect(run, .fail, [.artifactUnexpected], at: .integrity)
      #expect(run.findings.map(\.subject.artifact) == [name])
    }
  }

  @Test(
    "finds a link in an artifact's place, even where it leads to the right bytes",
    arguments: 0..<CapturedShop.shards + 2)
  func link(artifact: Int) async throws {
    try await CapturedShop.withBench { bench in
      let artifact = try bench.manifest().artifacts[artifact]
      let aside = bench.folder + "/aside"
      try FileManager.default.moveItem(atPath: bench.path(of: artifact), toPath: aside)
      try FileManager.default.createSymbolicLink(atPath: bench.path(of: artifact), withDestinationPath: aside)
      let run = try await bench.run()
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity)
      #expect(run.findings.filter { $0.stage == .integrity }.map(\.code) == [.artifactNotRegular])
      #expect(run.sandbox == nil)
    }
  }
}
