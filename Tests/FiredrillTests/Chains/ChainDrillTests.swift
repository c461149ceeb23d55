import DrillCrypto
import DrillEvidence
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import GRDB
import Testing

@testable import DrillEngines

@Suite("A drill of a chain", .capturedChain)
struct ChainDrillTests {
  private func drill(_ backup: String, level: Level = .content, more: [String] = []) -> DrillBench.Drill {
    DrillBench.Drill(level: level, more: ["backup: \(backup)"] + more)
  }

  /// The cuts of the chain's links, oldest first.
  private func cuts(_ bench: DrillBench, _ chain: CapturedChain) throws -> [Instant] {
    try chain.links.map { try bench.about($0).manifest().cut.time }
  }

  @Test("restores twenty seeded times, each to exactly what the store itself copied at that cut")
  func twentyTimes() async throws {
    try await CapturedChain.withBench { bench, chain in
      let cuts = try cuts(bench, chain)
      var copies: [Digest] = []
      for number in chain.links.indices {
        copies.append(try await Firedrill.fingerprint(of: "\(bench.folder)/copies/\(number)").root)
      }
      #expect(Set(copies).count == copies.count)
      var met: Set<Int> = []
      for seed in 1...20 {
        let run = try await bench.run(drill("{id: \(bench.backup), random: {seed: \(seed)}}"))
        let examined = try #require(run.backups.first)
        let number = try #require(chain.links.firstIndex(of: examined.backup))
        met.insert(number)
        expectClean(run, at: .content, "seed \(seed)")
        #expect(examined.cut?.time == cuts[number])
        #expect(run.fingerprintRoot == copies[number], "seed \(seed), link \(number)")
        #expect((examined.chain?.links.map(\.backup) ?? [examined.backup]) == Array(chain.links[...number]))
      }
      #expect(met.count >= 3)
      print("twenty seeded times met the cuts of links \(met.sorted())")
    }
  }

  @Test("records its links, the point and the cut, and is repeated to the same point")
  func recorded() async throws {
    try await CapturedChain.withBench { bench, chain in
      let cuts = try cuts(bench, chain)
      let between = Instant(millisecondsSince1970: (cuts[2].millisecondsSince1970 + cuts[3].millisecondsSince1970) / 2)
      let outcome = try await bench.outcome(drill("{id: \(bench.backup), at: \"\(between)\"}"))
      let examined = try #require(outcome.run.backups.first)
      expectClean(outcome.run, at: .content)
      #expect(examined.backup == chain.links[2] && examined.cut?.time == cuts[2])
      #expect(examined.chain?.links.map(\.backup) == Array(chain.links[...2]))
      #expect(examined.chain?.links.last?.manifest == examined.manifest)
      #expect(examined.chain?.asked == between.description && examined.chain?.point == .end)
      #expect(outcome.run.notes.contains { $0.contains("was rounded down to \(cuts[2])") })
      let bytes = try #require(outcome.run.levels.first { $0.level == .bytes })
      #expect(bytes.evidence.contains("of a chain of 3 backups"))
      let again = try await Firedrill.run(again: outcome.run.id, ledger: bench.ledger)
      #expect(
        again.first?.run.backups.first?.chain
          == examined.chain.map { ChainExamined(links: $0.links, asked: "its own cut", point: .end) })
      #expect(again.first?.run.fingerprintRoot == outcome.run.fingerprintRoot)
    }
  }

  @Test("takes its own cut, the newest at or before a time, and says where a point lies outside, with the window")
  func points() async throws {
    try await CapturedChain.withBench { bench, chain in
      let cuts = try cuts(bench, chain)
      let own = try await bench.run(drill("{id: \(bench.backup), at: cut}"))
      expectClean(own, at: .content)
      #expect(own.backups.first?.chain?.links.count == 6)
      let first = try await bench.run(drill("{at: \"\(cuts[1])\"}"))
      #expect(first.backups.first?.backup == chain.links[1])
      for (time, word) in [(cuts[0].millisecondsSince1970 - 1, "before"), (cuts[5].millisecondsSince1970 + 1, "after")]
      {
        let run = try await bench.run(
          drill("{id: \(bench.backup), at: \"\(Instant(millisecondsSince1970: time))\"}"))
        expect(run, .fail, [.backupMissing], at: .manifest)
        let finding = try #require(run.findings.first)
        #expect(finding.observed.contains("lies \(word) it"))
        #expect(finding.expected.contains(cuts[0].description) && finding.expected.contains(cuts[5].description))
      }
    }
  }

  @Test("a checkpoint of a migration is the backup that its events name, or its stage's time")
  func checkpoints() async throws {
    try await CapturedChain.withBench { bench, chain in
      let ledger = try Ledger.open(at: bench.ledger, mode: .readWrite)
      let cuts = try cuts(bench, chain)
      for (id, stage, at, backup) in [
        ("1", MigrationStage.planned, cuts[0], nil), ("2", .snapshotting, cuts[1], chain.links[1]),
        ("3", .copying, cuts[2], nil), ("4", .catchingUp, cuts[3], nil),
      ] as [(String, MigrationStage, Instant, String?)] {
        try ledger.append(
          MigrationEvent(id: id, cluster: "shop", migration: "move", stage: stage, at: at, backup: backup))
      }
      let before = try await bench.run(drill("{checkpoint: pre-move}"))
      expectClean(before, at: .content)
      #expect(before.backups.first?.backup == chain.links[1])
      let ofChain = try await bench.run(drill("{id: \(bench.backup), checkpoint: pre-move, migration: move}"))
      #expect(ofChain.backups.first?.backup == chain.links[1])
      let middle = try await bench.run(drill("{checkpoint: copying}"))
      #expect(middle.backups.first?.backup == chain.links[2])
      let after = try await bench.run(drill("{checkpoint: post-move}"))
      expect(after, .fail, [.backupMissing], at: .catalog)
      expect(
        try await bench.run(drill("{checkpoint: pre-move, migration: other}")), .fail, [.backupMissing], at: .catalog)
    }
  }

  // MARK: Broken chains

  @Test("a link that is missing, damaged, exchanged or signed by nobody is found before anything is restored")
  func broken() async throws {
    func run(_ damage: (DrillBench, CapturedChain) throws -> Void) async throws -> (Run, CapturedChain) {
      try await CapturedChain.withBench { bench, chain in
        try damage(bench, chain)
        return (try await bench.run(drill("{id: \(bench.backup)}")), chain)
      }
    }
    let (missing, chain) = try await run {
      try FileManager.default.removeItem(atPath: $0.about($1.links[2]).backupFolder)
    }
    expect(missing, .fail, [.chainGap], at: .manifest)
    #expect(missing.findings.first?.subject.backup == chain.links[3])
    let (unsigned, _) = try await run { try $0.about($1.links[2]).reseal(with: "other") }
    expect(unsigned, .fail, [.chainGap], at: .manifest)
    #expect(unsigned.findings.first?.observed.contains("signature-untrusted") == true)
    let (sealedAgain, _) = try await run { try $0.about($1.links[2]).reseal { $0.rationale = "again" } }
    expect(sealedAgain, .fail, [.chainSwapped], at: .manifest)
    let (damaged, _) = try await run { bench, chain in
      let link = bench.about(chain.links[2])
      let path = link.path(of: try #require(try link.dataArtifacts().first))
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[bytes.count - 3] ^= 4
      try bytes.write(to: URL(fileURLWithPath: path))
    }
    expect(damaged, .fail, [.checksumMismatch], at: .integrity)
    #expect(damaged.findings.first?.subject.backup == chain.links[2])
    let (unsealed, _) = try await run { try FileManager.default.removeItem(atPath: $0.about($1.links[0]).manifestPath) }
    expect(unsealed, .fail, [.chainGap], at: .manifest)
    #expect(unsealed.findings.first?.observed == "the catalog holds no sealed backup of that name")
    // Sealed by the trusted key, and another link's, or another shard's, changes all the same.
    let (repeated, _) = try await run { bench, chain in
      try replaceArtifacts(of: bench.about(chain.links[5]), by: bench.about(chain.links[4])) { $0 }
    }
    expect(repeated, .fail, [.chainRepeated], at: .manifest)
    let (exchanged, _) = try await run { bench, chain in
      let tip = bench.about(chain.links[5])
      try replaceArtifacts(of: tip, by: tip) { $0.replacing("shard-1", with: "shard-0") }
    }
    expect(exchanged, .fail, [.chainSwapped], at: .integrity)
  }

  @Test("two increments on one link are a fork for both, and not for who is below")
  func fork() async throws {
    try await CapturedChain.withBench { bench, chain in
      let other = bench.about(chain.links[3].dropLast(6) + "abcdef")
      try FileManager.default.copyItem(atPath: bench.about(chain.links[3]).backupFolder, toPath: other.backupFolder)
      try other.reseal { $0.backup = other.backup }
      for tip in [bench.backup, other.backup] {
        let run = try await bench.run(drill("{id: \(tip)}"))
        expect(run, .fail, [.chainFork], at: .manifest)
      }
      expectClean(try await bench.run(drill("{id: \(chain.links[2])}")), at: .content)
    }
  }

  /// Puts files of one backup in the place of another's, and seals that again.
  private func replaceArtifacts(
    of target: DrillBench, by source: DrillBench, _ name: (String) -> String
  ) throws {
    let names = try target.dataArtifacts().map(\.name).filter { name($0) != $0 || target.backup != source.backup }
    for own in names {
      let (path, other) = ("\(target.backupFolder)/\(name(own))", "\(source.backupFolder)/\(own)")
      let bytes = try Data(contentsOf: URL(fileURLWithPath: other))
      try bytes.write(to: URL(fileURLWithPath: path))
    }
    try target.reseal()
  }

  // MARK: Equivalence

  @Test("a full backup that was taken later and the chain up to its cut are one content")
  func equivalent() async throws {
    try await CapturedChain.withBench { bench, chain in
      let run = try await bench.run(equivalence(bench, chain))
      expectClean(run, at: .content)
      #expect(run.backups.first?.backup == chain.links[5])
      #expect(run.examined?.references == ["backup \(chain.second)"])
    }
  }

  @Test("a backup that stands on a link of the chain itself shows nothing of it, in either direction")
  func shared() async throws {
    try await CapturedChain.withBench { bench, chain in
      for (drilled, reference) in [(bench.backup, chain.links[0]), (chain.links[1], bench.backup)] {
        let run = try await bench.run(drill("{id: \(drilled)}", more: ["reference: {backup: \(reference)}"]))
        #expect(run.verdict == .inconclusive && run.findings.isEmpty && run.level < .content)
        let obstacle = try #require(run.obstacles.first)
        #expect(obstacle.code == .referenceUnavailable && obstacle.detail.contains("both stand on"))
      }
    }
  }

  @Test(
    "a link with one valid but wrong write, sealed again, passes all checksums, and is found down to the key by equivalence alone"
  )
  func wrongWrite() async throws {
    try await CapturedChain.withBench { bench, chain in
      let customer = try bench.forge(3, of: chain)
      // The chain's own checks see nothing, and neither does a restore.
      let report = try await Firedrill.checkChains(
        in: bench.catalog, tip: bench.backup, trust: [bench.folder + "/seal.pub"])
      #expect(report.verdict == .pass)
      let alone = try await bench.run(drill("{id: \(bench.backup)}", level: .restored))
      expectClean(alone, at: .restored)
      #expect(alone.levels.contains { $0.level == .bytes })
      let run = try await bench.run(equivalence(bench, chain))
      expect(run, .fail, [.driftUnexplained], at: .drift)
      let finding = try #require(run.findings.first)
      #expect(run.findings.count == 1 && finding.subject.namespace == "customers")
      var key: [UInt8] = []
      key.appendInteger(customer)
      #expect(finding.subject.key == .clear(key))
      #expect(finding.subject.slot == SQLiteEngine().slot(ofKey: key))
    }
  }

  @Test("a link whose changes do not fit what they are made on is increment-conflict, of that link and its artifact")
  func conflict() async throws {
    try await CapturedChain.withBench { bench, chain in
      _ = try bench.forge(1, of: chain, deletedLater: true)
      let run = try await bench.run(drill("{id: \(bench.backup)}", level: .restored))
      expect(run, .fail, [.incrementConflict], at: .decode)
      let finding = try #require(run.findings.first)
      #expect(chain.links[2...].contains(finding.subject.backup ?? ""))
      #expect(finding.subject.shard == "shard-0" && finding.subject.artifact == "shard-0.changeset")
      #expect(finding.observed == "customers: a row is not what it was before the change (1 change)")
      #expect(run.level == .bytes)
      // Up to the link before it the chain restores.
      let number = try #require(chain.links.firstIndex(of: finding.subject.backup ?? ""))
      expectClean(try await bench.run(drill("{id: \(chain.links[number - 1])}", level: .restored)), at: .restored)
    }
  }

  private func equivalence(_ bench: DrillBench, _ chain: CapturedChain) -> DrillBench.Drill {
    drill(
      "{id: \(bench.backup), at: {backup: \(chain.second)}}", more: ["reference: {backup: \(chain.second)}"])
  }

  // MARK: Elsewhere

  @Test("of a remote catalog all its links are fetched", .needsRclone)
  func remote() async throws {
    try await CapturedChain.withBench { bench, chain in
      try Data().write(to: URL(fileURLWithPath: bench.folder + "/rclone.conf"))
      try await FolderServer.with(bench.catalog) { server in
        let run = try await bench.run(
          DrillBench.Drill(
            catalog: server.url, level: .content,
            more: [
              "rclone: {config: rclone.conf, timeout: 5s}", "cache: {folder: cache, size: 1GiB}",
              "backup: {id: \(bench.backup)}",
            ]))
        expectClean(run, at: .content)
        let artifacts = try chain.links.flatMap { link in
          try bench.about(link).dataArtifacts().map { "\(link)/\($0.name)" }
        }
        for artifact in artifacts { #expect(server.served.contains { $0.key.hasSuffix(artifact) }, "\(artifact)") }
      }
    }
  }

  @Test(
    "a drill takes the increment itself, while production writes, and holds it against what the store said at that cut")
  func captured() async throws {
    try await TemporaryFolder.with { folder in
      let live = folder + "/live"
      try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: true)
      let production = try await SyntheticSQLiteProduction.make(in: live, seed: 21, records: 400, shards: 2)
      _ = try Firedrill.keygen(out: folder + "/seal")
      let bench = DrillBench(folder: folder, backup: "")
      try Data(CapturedChain.clusterFile(production.cluster.files).utf8).write(
        to: URL(fileURLWithPath: folder + "/shop.yaml"))
      _ = try await Firedrill.capture(cluster: folder + "/shop.yaml", to: bench.catalog, key: folder + "/seal")
      let isDone = Flag()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          var seed: UInt64 = 0
          while !isDone.isRaised, !Task.isCancelled {
            seed += 1
            try await production.churn(changes: 5, seed: seed)
          }
        }
        for number in 1...3 {
          let run = try await bench.run(
            DrillBench.Drill(level: .content, more: ["capture: {key: seal, on: latest}"]))
          expectClean(run, at: .content, "increment \(number)")
          #expect(run.backups.first?.chain?.links.count == number + 1)
          #expect(run.examined?.references == ["captured"])
        }
        isDone.raise()
        try await group.waitForAll()
      }
      await production.close()
    }
  }
}
