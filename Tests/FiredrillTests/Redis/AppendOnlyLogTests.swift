import DrillCrypto
import DrillModel
import Firedrill
import Foundation
import Testing

/// Whole drills of backups that are append-only logs, one file or several for a shard.
@Suite("A drill of append-only logs")
struct AppendOnlyLogTests {
  private static func encoded(_ words: String...) -> [UInt8] {
    words.reduce(into: Array("*\(words.count)\r\n".utf8)) { bytes, word in
      bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8)
    }
  }

  private static let snapshot = KeptBackups.rdb([0: [.init("kept", "1"), .init("counted", "41")]])
  private static let tail = encoded("INCR", "counted") + encoded("RPUSH", "list", "a", "b")

  /// Two shards: `east` of several files, `west` of one.
  private static var files: [(name: String, shard: String, format: String, bytes: [UInt8])] {
    let manifest = "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"
    return [
      ("east/a.aof.manifest", "east", "aof-manifest", Array(manifest.utf8)),
      ("east/a.1.base.rdb", "east", "aof-part", snapshot), ("east/a.1.incr.aof", "east", "aof-part", tail),
      ("west.aof", "west", "aof", encoded("SET", "western", "x") + encoded("SET", "gone", "y", "PXAT", "1000")),
    ]
  }

  private func withBench<R: Sendable>(_ body: (DrillBench) async throws -> R) async throws -> R {
    try await TemporaryFolder.with { folder in
      _ = try Firedrill.keygen(out: folder + "/seal")
      let bench = DrillBench(folder: folder, backup: "shop-20260101T000000Z-0a0f0a")
      let cluster = "cluster: shop\nengine: redis\nmode: standalone\nnodes: [\"\(folder)/nobody\"]\n"
      try Data(cluster.utf8).write(to: URL(fileURLWithPath: folder + "/shop.yaml"))
      try FileManager.default.createDirectory(atPath: bench.backupFolder + "/east", withIntermediateDirectories: true)
      for file in Self.files { try write(file.bytes, file.name, bench) }
      let manifest = Manifest(
        backup: bench.backup, cluster: "shop", engine: "redis", engineVersion: "7.0.15",
        cut: Cut(time: .now, coherence: .perShard, positions: [:], proof: []), scope: .init(),
        topology: Topology(
          epoch: 1, shards: ["east", "west"].map { .init(name: $0, slots: .all) }, mapsSlots: false),
        artifacts: Self.files.map {
          Artifact(
            name: $0.name, role: .data, shard: $0.shard, format: $0.format, sizeBytes: UInt64($0.bytes.count),
            digest: SHA256.digest($0.bytes))
        })
      let sealed = try SealedManifest.seal(manifest, with: try bench.key())
      try Data(sealed.envelope).write(to: URL(fileURLWithPath: bench.manifestPath))
      return try await body(bench)
    }
  }

  private func write(_ bytes: [UInt8], _ name: String, _ bench: DrillBench) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(bench.backupFolder)/\(name)"))
  }

  private func run(_ bench: DrillBench) async throws -> Run { try await bench.run(.init(level: .restored)) }

  @Test("restores them and finds what our reader reads")
  func clean() async throws {
    try await withBench { bench in
      let run = try await run(bench)
      expectClean(run, at: .restored)
      #expect(run.coverage(.decode, "records of the artifacts")?.examined == 5)
      #expect(run.coverage(.fingerprint, "records restored")?.examined == 4)
      #expect(run.coverage(.fingerprint, "records restored")?.skipped == [.expiredAtCut: 1])
      // The same content, whichever way it is stored and looked at.
      let sides = [bench.backupFolder, "\(bench.backupFolder)/east"]
      let whole = try await Firedrill.fingerprint(of: sides[0])
      #expect(whole.records == 5)
      #expect(try await Firedrill.fingerprint(of: sides[1]).records == 3)
      try write(Self.snapshot + Self.tail, "../single.aof", bench)
      #expect(
        try await Firedrill.fingerprint(of: "\(bench.catalog)/single.aof").root
          == Firedrill.fingerprint(of: "\(sides[1])/a.aof.manifest").root)
    }
  }

  @Test("says that a torn tail is left out, and passes")
  func torn() async throws {
    try await withBench { bench in
      try write(Self.tail + Self.encoded("SET", "lost", "z").dropLast(4), "east/a.1.incr.aof", bench)
      try bench.reseal()
      let run = try await run(bench)
      expectClean(run, at: .restored)
      #expect(run.coverage(.decode, "bytes of the artifacts")?.skipped == [.tornTail: 26])
      #expect(run.notes.contains { $0.contains("part of a command") })
    }
  }

  @Test("fails where a log is damaged in its middle, lacks a file, or has one that nothing names")
  func damaged() async throws {
    try await withBench { bench in
      var damaged = Self.tail
      damaged[1] = UInt8(ascii: "x")
      try write(damaged, "east/a.1.incr.aof", bench)
      try bench.reseal()
      let run = try await run(bench)
      expect(run, .fail, [.artifactUnreadable], at: .decode)
      #expect(run.findings(.artifactUnreadable).map(\.subject.artifact) == ["east/a.1.incr.aof"])
    }
    try await withBench { bench in
      try bench.reseal { $0.artifacts.removeAll { $0.name == "east/a.1.incr.aof" } }
      try FileManager.default.removeItem(atPath: bench.backupFolder + "/east/a.1.incr.aof")
      expect(try await run(bench), .fail, [.artifactMissing], at: .decode)
    }
    try await withBench { bench in
      try write([], "east/a.2.incr.aof", bench)
      try bench.reseal {
        $0.artifacts.append(
          Artifact(
            name: "east/a.2.incr.aof", role: .data, shard: "east", format: "aof-part", sizeBytes: 0,
            digest: SHA256.digest([])))
      }
      let run = try await run(bench)
      #expect(run.verdict == .fail)
      #expect(run.findings(.artifactUnexpected).map(\.subject.artifact) == ["east/a.2.incr.aof"])
    }
  }

  @Test("counts keys whose commands are not modelled as skipped, compares the others, and does not call it restored")
  func unmodelled() async throws {
    try await withBench { bench in
      try write(Self.tail + Self.encoded("PFADD", "hll", "a"), "east/a.1.incr.aof", bench)
      try bench.reseal()
      let run = try await run(bench)
      #expect(run.verdict == .inconclusive && run.findings.isEmpty && run.obstacles.isEmpty)
      #expect(run.level == .decoded)
      #expect(run.coverage(.fingerprint, "records restored")?.skipped == [.expiredAtCut: 1, .notModelled: 1])
      #expect(run.coverage(.decode, "records of the artifacts")?.skipped == [.notModelled: 1])
      #expect(run.notes.contains { $0.hasPrefix("1 keys of the log could not be compared") })
    }
  }
}

extension Run {
  fileprivate func coverage(_ stage: Stage, _ part: String) -> Coverage? {
    coverage.first { $0.stage == stage && $0.of == part }?.coverage
  }
}
