import DrillCrypto
import DrillFaults
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

@Suite("A drill of a Redis Cluster's backup", .serialized, .capturedRedis)
struct RedisDrillTests {
  @Test("passes at answers where nothing is wrong, with two independent readers")
  func clean() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let run = try await bench.run("objectives: {rto: 10m, mismatches: 0}")
      expectClean(run)
      #expect(run.answers?.different == 0 && (run.answers?.equal ?? 0) > 0)
      #expect(run.sandbox?.clockHeld == true)
      #expect(run.comparisons.allSatisfy { $0.independentReaders >= 2 && $0.isEqual })
    }
  }

  @Test("passes over a sample of shards, over waves within a memory budget, and over a backup that was sealed again")
  func parts() async throws {
    try await CapturedRedis.withBench { bench, _ in
      for sandbox in ["shards: 1", "memory: 1KiB"] {
        expectClean(try await bench.run("sandbox: {folder: work, \(sandbox)}"), sandbox)
      }
      try bench.reseal()
      expectClean(try await bench.run())
    }
  }

  @Test("finds a byte that was flipped, before anything is loaded", arguments: [UInt64(1), 2, 3])
  func flippedByte(seed: UInt64) async throws {
    try await CapturedRedis.withBench { bench, _ in
      let artifact = try bench.dataArtifacts()[Int(seed) % 3]
      let planted = try FaultInjector.plant(.flipByte, in: bench.path(of: artifact), seed: seed)
      let run = try await bench.run()
      #expect(run.verdict == .fail && run.firstFailingStage == .integrity, "\(planted)")
      #expect(run.findings.filter { $0.stage == .integrity }.map(\.code) == [.checksumMismatch], "\(planted)")
      #expect(run.sandbox == nil)
    }
  }

  @Test("finds a byte that was flipped before the backup was sealed", arguments: UInt64(1)...12)
  func flippedByteSealed(seed: UInt64) async throws {
    try await CapturedRedis.withBench { bench, _ in
      let artifact = try bench.dataArtifacts()[Int(seed) % 3]
      let planted = try FaultInjector.plant(.flipByte, in: bench.path(of: artifact), seed: seed)
      try bench.reseal()
      let run = try await bench.run()
      #expect(run.verdict == .fail && run.firstFailingStage == .decode && run.level == .bytes, "\(planted)")
      let codes = Set(run.findings.map(\.code))
      #expect(
        !codes.isDisjoint(with: [.formatChecksumMismatch, .artifactUnreadable, .versionUnsupported]),
        "\(planted): \(codes)")
      #expect(run.sandbox == nil)
    }
  }

  @Test("finds an artifact that was cut short, or grew, before the backup was sealed")
  func truncatedSealed() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let artifact = try bench.dataArtifacts()[0]
      let whole = try Data(contentsOf: URL(fileURLWithPath: bench.path(of: artifact)))
      try whole.dropLast(9).write(to: URL(fileURLWithPath: bench.path(of: artifact)))
      try bench.reseal()
      expect(try await bench.run(), .fail, [.artifactUnreadable], at: .decode)
      try (whole + [0]).write(to: URL(fileURLWithPath: bench.path(of: artifact)))
      try bench.reseal()
      expect(try await bench.run(), .fail, [.trailingBytes], at: .decode)
    }
  }

  @Test("finds two shards' artifacts in each other's place where a trusted key sealed them so")
  func swapped() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let data = try bench.dataArtifacts()
      _ = try FaultInjector.plant(.swap, in: bench.path(of: data[0]), with: bench.path(of: data[1]), seed: 1)
      try bench.reseal()
      expect(try await bench.run(), .fail, [.slotMisplaced], at: .decode)
    }
  }

  @Test("passes over a file that a server loaded and saved again: other bytes, same records")
  func savedAgain() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let before = try await bench.run()
      let artifact = try bench.dataArtifacts()[0]
      try RedisFile(path: bench.path(of: artifact)).change([])
      try bench.reseal()
      #expect(try bench.dataArtifacts()[0].digest != artifact.digest)
      let run = try await bench.run()
      expectClean(run)
      #expect(run.fingerprintRoot == before.fingerprintRoot)
    }
  }

  @Test("finds a key that was dropped before the backup was sealed, by the live servers' own counts")
  func dropped() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let (file, key) = try unasked(bench)
      try file.change([["DEL", key]])
      try bench.reseal()
      let run = try await bench.run()
      expect(run, .fail, [.countDiffers], at: .compare)
      #expect(run.findings.count == 1 && run.findings[0].subject.slot != nil && run.findings[0].subject.shard != nil)
      #expect(run.level == .restored)
    }
  }

  @Test("finds a key that is there again, by the live servers' own counts")
  func resurrected() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let (file, key) = try unasked(bench)
      try file.change([["SET", "{\(key)}:ghost", "boo"]])
      try bench.reseal()
      let run = try await bench.run()
      expect(run, .fail, [.countDiffers], at: .compare)
      #expect(run.findings.count == 1)
    }
  }

  @Test("finds a key that was altered, by what production answered, and names it")
  func altered() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let asked = Set(
        try bench.answers().operations.filter { $0.name == "get" }.map { String(decoding: $0.key, as: UTF8.self) })
      let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
      let key = try #require(
        file.keys("*").first { asked.contains($0) && ($0.hasPrefix("item") || $0.hasPrefix("counter")) })
      try file.change([["SET", key, "another value"]])
      try bench.reseal()
      let run = try await bench.run("objectives: {mismatches: 0}")
      expect(run, .fail, [.answerDiffers, .mismatchesExceeded], at: .compare)
      #expect(
        run.findings(.answerDiffers).allSatisfy {
          $0.subject.key == .clear(Array(key.utf8)) || $0.expected.hasPrefix("mget")
        })
      #expect(run.level == .content)
    }
  }

  @Test(
    "takes an answer about a record that expired while production was asked for what it is, and none about one that expired later"
  )
  func expiredWhileAsked() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
      let keys = Set(try file.keys("session:*"))
      var sheet = try bench.answers()
      var found: (key: String, expiry: Int64)?
      for operation in sheet.operations where operation.name == "get" && found == nil {
        let key = String(decoding: operation.key, as: UTF8.self)
        if keys.contains(key), let expiry = try file.expiry(of: key) { found = (key, expiry) }
      }
      let (key, expiry) = try #require(found)
      let none = RecordedAnswer(digest: SHA256.digest(Answer.null.canonicalBytes), shape: Answer.null.shape)
      for (index, operation) in sheet.operations.enumerated()
      where operation.name == "get" && operation.key == Array(key.utf8) { sheet.answers[index] = none }
      for (end, isExplained) in [(expiry, true), (expiry - 1, false)] {
        sheet.askedUntil = Instant(millisecondsSince1970: end)
        try JSONEncoder().encode(sheet).write(to: URL(fileURLWithPath: bench.backupFolder + "/reference/answers.json"))
        try bench.reseal()
        let run = try await bench.run()
        if isExplained {
          expectClean(run)
          #expect(run.coverage.contains { $0.stage == .compare && ($0.coverage.skipped[.explained] ?? 0) > 0 })
        } else {
          expect(run, .fail, [.answerDiffers], at: .compare)
          #expect(Set(run.findings.map(\.subject.key)) == [.clear(Array(key.utf8))])
        }
      }
    }
  }

  @Test(
    "names the key of each difference that the change log does not, from a live snapshot",
    arguments: ["nothing", "altered", "dropped", "resurrected", "expiry"])
  func unexplained(how: String) async throws {
    try await CapturedRedis.withBench { bench, cluster in
      let catalog = bench.folder + "/followed"
      let following = Task {
        try await Firedrill.capture(
          cluster: bench.folder + "/shop.yaml", to: catalog, key: bench.folder + "/seal", follows: true)
      }
      defer { following.cancel() }
      let sealed = try #require(await eventually { try? Catalog(root: catalog).entries().first?.id })
      let followed = DrillBench(folder: bench.folder, backup: sealed, catalog: "followed")
      let (file, key) = try unasked(followed)
      let kind: Drift.Kind
      var subject = key
      switch how {
      case "altered":
        kind = .changed
        try file.change([["SET", key, "another value"]])
      case "dropped":
        kind = .added
        try file.change([["DEL", key]])
      case "resurrected":
        kind = .removed
        subject = "{\(key)}:ghost"
        try file.change([["SET", subject, "boo"]])
      case "expiry":
        kind = .changed
        try file.change([["PEXPIREAT", key, "4000000000000"]])
      default: kind = .changed
      }
      try followed.reseal()
      // Production goes on, and the log says so.
      try await cluster.send("SET", "new:\(how)", "since the cut")
      let run = try await followed.run(.init(catalog: "followed", level: .content, more: ["reference: live"]))
      if how == "nothing" {
        expectClean(run, at: .content)
        #expect(!run.drift.isEmpty)
      } else {
        expect(run, .fail, [.driftUnexplained], at: .drift)
        #expect(run.findings.map(\.subject.key) == [.clear(Array(subject.utf8))])
        #expect(run.drift.filter { $0.attribution == .unexplained }.map(\.kind) == [kind])
      }
    }
  }

  @Test("passes where it captures, follows and drills a cluster that is written to all the while, again and again")
  func repeats() async throws {
    let count = ProcessInfo.processInfo.environment["FIREDRILL_TEST_REPEATS"].flatMap { Int($0) } ?? 3
    try await CapturedRedis.withBench { bench, cluster in
      let isDone = Flag()
      let writing = Task {
        try await cluster.keepWriting(
          records: CapturedRedis.records, seed: 3, perSecond: 300, until: { isDone.isRaised })
      }
      defer { isDone.raise() }
      for number in 0..<count {
        let run = try await bench.run(
          .init(
            catalog: "again", seed: number,
            more: [
              "capture: {follow: true, key: seal}", "reference: [captured, live]",
              "workload: {profile: mixed-ttl.yaml, operations: 300}",
              "objectives: {mismatches: 0}",
            ]))
        expectClean(run, "repeat \(number)")
        // What changed meanwhile was examined, and not only excused.
        #expect(!run.drift.contains { $0.cause == .changedAfterCut }, "repeat \(number): \(run.drift)")
        #expect(run.drift.contains { $0.cause == .rolledForward }, "repeat \(number): \(run.drift)")
      }
      isDone.raise()
      #expect(try await writing.value > 0)
    }
  }

  /// A plain string key of the first shard, without an expiry, that no captured question is about.
  private func unasked(_ bench: DrillBench) throws -> (RedisFile, String) {
    let asked = Set(
      try bench.answers().operations.flatMap { operation -> [String] in
        guard case .command(let words) = operation.statement else { return [] }
        return words.map { String(decoding: $0, as: UTF8.self) }
      })
    let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
    return (file, try #require(file.keys("item:*").first { !asked.contains($0) }))
  }
}

@Suite("A drill of a Redis backup long after its cut")
struct ExpiredBackupTests {
  @Test("passes in full where every key of it has expired since")
  func expired() async throws {
    try await TemporaryFolder.with { folder in
      let shape = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, name: "shop", below: folder) { server in
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: server)
        // On a busy machine keys may be gone before the cut: then longer ones are tried.
        var sealed: SealedManifest?
        for seconds in [2, 8, 30] where sealed == nil {
          let expiry = Instant.now.millisecondsSince1970 + Int64(seconds) * 1000
          for number in 0..<20 {
            try await server.send("SET", "session:\(number)", "value \(number)", "PXAT", "\(expiry + Int64(number))")
          }
          let captured = try await Firedrill.capture(
            cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
          if captured.manifest.cut.time.millisecondsSince1970 + 1000 < expiry { sealed = captured }
        }
        let backup = try #require(sealed).manifest.backup
        let bench = DrillBench(folder: home, backup: backup)
        let isGone = await eventually { () -> Bool? in
          // A key that goes while it is read is no answer yet.
          let live = try? await Firedrill.fingerprint(of: "redis://\(server.masters[0])?cluster=true", via: .commands)
          return live?.records == 0 ? true : nil
        }
        #expect(isGone == true)
        let run = try await bench.run("reference: [captured, live]", "objectives: {mismatches: 0}")
        expectClean(run)
        for part in run.coverage where part.stage <= .compare && part.coverage.unit == .records {
          #expect(part.coverage.share == 1 && part.coverage.declared == 20, "\(part)")
        }
        #expect(run.drift.map(\.cause) == [.expiredSinceCut] && run.drift.map(\.count) == [20])
      }
    }
  }
}

@Suite("A drill of a single Redis server's backup")
struct StandaloneBackupTests {
  @Test(
    "reaches level answers by the server's own counts of its databases, and finds a key that was dropped from one of them"
  )
  func standalone() async throws {
    try await TemporaryFolder.with { folder in
      try await SyntheticRedisCluster.with(.standalone, name: "shop", below: folder) { server in
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: server)
        try await server.fill(records: 300, seed: 4)
        let sealed = try await Firedrill.capture(
          cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
        let bench = DrillBench(folder: home, backup: sealed.manifest.backup)
        expectClean(try await bench.run())
        let asked = Set(
          try bench.answers().operations.flatMap { operation -> [String] in
            guard case .command(let words) = operation.statement else { return [] }
            return words.map { String(decoding: $0, as: UTF8.self) }
          })
        let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
        let key = try #require(file.keys("item:*").first { !asked.contains($0) })
        try file.change([["DEL", key]])
        try bench.reseal()
        let run = try await bench.run()
        expect(run, .fail, [.countDiffers], at: .compare)
        #expect(run.findings.map(\.subject.namespace) == ["db0"] && run.level == .restored)
      }
    }
  }
}

/// Asks until there is an answer, at most as long as only a broken program needs.
func eventually<R>(_ answer: () async throws -> R?) async rethrows -> R? {
  let deadline = ContinuousClock.now + .seconds(60)
  while .now < deadline {
    if let found = try await answer() { return found }
    try? await Task.sleep(for: .milliseconds(20))
  }
  return nil
}
