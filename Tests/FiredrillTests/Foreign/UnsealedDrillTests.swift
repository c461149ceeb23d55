import DrillEvidence
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Drills of what a cron job copied from a Redis Cluster", .copiedDumps, .serialized)
struct UnsealedDrillTests {
  @Test("three dumps without a manifest pass at level restored, and the run says what is not known")
  func restored() async throws {
    try await CopiedDumps.withBench { bench in
      let run = try await bench.run()
      expect(run, .pass)
      #expect(run.level == .restored && run.isUnsealed)
      #expect(!run.levels.contains { $0.level == .bytes })
      #expect(run.claim.contains("unsealed: nothing says what the bytes should be, and content at the cut is unknown"))
      let unsealed = try #require(run.backups.first?.unsealed)
      #expect(unsealed.files.count == 3 && unsealed.digestsSignedBy == nil)
      #expect(unsealed.cutFrom.contains("ctime"))
      #expect(run.backups[0].cut?.coherence == .perShard && run.backups[0].manifest == nil)
      let bytes = try #require(run.coverage.first { $0.stage == .integrity })
      #expect(bytes.coverage.examined == 0 && bytes.coverage.skipped[.unsealed] == bytes.coverage.declared)
      for words in ["firedrill seal", "no reference was captured", "no topology is known"] {
        #expect(run.notes.contains { $0.contains(words) }, "\(words): \(run.notes)")
      }
      let text = RunSummary(run).text()
      #expect(text.contains("unsealed: nothing says what the bytes should be"), "\(text)")
    }
  }

  @Test("a drill that requires content is inconclusive, and one that requires bytes too")
  func required() async throws {
    try await CopiedDumps.withBench { bench in
      for level in [Level.content, .bytes, .answers] {
        let run = try await bench.run(level: level, name: "needs-\(level.rawValue)")
        expect(run, .inconclusive, [], "\(level)")
        #expect(run.level == .restored)
      }
    }
  }

  @Test("a live reference that agrees does not lift the level")
  func live() async throws {
    try await CopiedDumps.withBench { bench in
      let run = try await bench.run(more: ["reference: live"])
      #expect(run.findings.isEmpty, "\(run.findings)")
      #expect(run.comparisons.contains { $0.right == "live" })
      #expect(run.level == .restored)
    }
  }

  @Test("a flipped byte is found by the list of digests; the same list over whole files is silent")
  func digests() async throws {
    try await CopiedDumps.withBench { bench in
      try await bench.sums("*.rdb", in: bench.night, to: bench.night + "/SHA256SUMS")
      let clean = try await bench.run("{unsealed: night, digests: SHA256SUMS}", name: "clean")
      expect(clean, .pass)
      #expect(clean.level == .restored && !clean.levels.contains { $0.level == .bytes })
      let part = try #require(clean.coverage.first { $0.stage == .integrity })
      #expect(part.coverage.examined == part.coverage.declared)

      // The last byte is of the format's own checksum: every record still reads.
      try bench.flip(bench.dump(1), fromEnd: 1)
      let run = try await bench.run("{unsealed: night, digests: SHA256SUMS}")
      expect(run, .fail, [.checksumMismatch, .formatChecksumMismatch], at: .integrity)
      #expect(run.findings(.checksumMismatch).map(\.subject.artifact) == ["\(bench.nodes[1]).rdb"])
    }
  }

  @Test("a file that no line names, and a line whose file is missing")
  func listed() async throws {
    try await CopiedDumps.withBench { bench in
      try await bench.sums("*.rdb", in: bench.night, to: bench.night + "/SHA256SUMS", tag: true)
      try FileManager.default.moveItem(atPath: bench.dump(0), toPath: bench.night + "/renamed.rdb")
      let run = try await bench.run("{unsealed: night, digests: SHA256SUMS}")
      expect(run, .fail, [.artifactMissing, .artifactUnexpected], at: .integrity)
    }
  }

  @Test("digests that somebody signed prove the bytes, and no more than the bytes")
  func signed() async throws {
    try await CopiedDumps.withBench { bench in
      try await bench.sums("*.rdb", in: bench.night, to: bench.night + "/SHA256SUMS")
      try await bench.shell(
        "cd '\(bench.night)' && openssl pkeyutl -sign -rawin -inkey ../../seal -in SHA256SUMS -out SHA256SUMS.sig")
      let unsealed = "{unsealed: night, digests: SHA256SUMS, digests_signature: SHA256SUMS.sig, digests_key: KEY}"
      let run = try await bench.run(unsealed.replacing("KEY", with: "seal.pub"), name: "signed")
      expect(run, .pass)
      #expect(run.level == .restored && run.levels.contains { $0.level == .bytes })
      #expect(run.backups[0].unsealed?.digestsSignedBy != nil)
      let bytes = try await bench.run(unsealed.replacing("KEY", with: "seal.pub"), level: .bytes, name: "bytes")
      expect(bytes, .pass)

      let other = try await bench.run(unsealed.replacing("KEY", with: "other.pub"), name: "other")
      expect(other, .fail, [.signatureInvalid], at: .integrity)
      #expect(other.backups[0].unsealed?.digestsSignedBy == nil)
    }
  }

  @Test("a shard whose file is missing is a hole where a topology is known, and told by nothing where none is")
  func missingShard() async throws {
    try await CopiedDumps.withBench { bench in
      let whole = try await bench.run("{unsealed: night, topology: nodes.conf}", name: "whole")
      expect(whole, .pass)
      #expect(!whole.notes.contains { $0.contains("no topology is known") })
      try FileManager.default.removeItem(atPath: bench.dump(2))
      let run = try await bench.run("{unsealed: night, topology: nodes.conf}")
      expect(run, .fail, [.coverageHole], at: .decode)
      #expect(run.findings(.coverageHole).first?.subject.shard == bench.nodes[2])
      let blind = try await bench.run(name: "blind")
      expect(blind, .pass)
      #expect(blind.notes.contains { $0.contains("a shard whose file is missing cannot be seen") })
    }
  }

  @Test("two files that were exchanged hold misplaced slots")
  func exchanged() async throws {
    try await CopiedDumps.withBench { bench in
      try await bench.shell(
        "cd '\(bench.night)' && mv \(bench.nodes[0]).rdb x && mv \(bench.nodes[1]).rdb \(bench.nodes[0]).rdb && mv x \(bench.nodes[1]).rdb"
      )
      let run = try await bench.run("{unsealed: night, topology: nodes.conf}")
      expect(run, .fail, [.slotMisplaced], at: .decode)
      #expect(Set(run.findings.compactMap(\.subject.shard)) == Set(bench.nodes[0...1]))
    }
  }

  @Test("files that are named anyhow are told by the slots of their keys, or by who names them")
  func byKeys() async throws {
    try await CopiedDumps.withBench { bench in
      for (index, name) in ["c.rdb", "a.rdb", "b.rdb"].enumerated() {
        try FileManager.default.moveItem(atPath: bench.dump(index), toPath: "\(bench.night)/\(name)")
      }
      let run = try await bench.run("{unsealed: night, topology: nodes.conf}", name: "keys")
      expect(run, .pass)
      #expect(Set(run.examined?.shards ?? []) == Set(bench.nodes))
      let short = bench.nodes.map { String($0.prefix(12)) }
      let named =
        "{unsealed: night, topology: nodes.conf, shards: {\(short[0]): c.rdb, \(short[1]): a.rdb, \(short[2]): b.rdb}}"
      expect(try await bench.run(named, name: "named"), .pass)
      let wrong =
        "{unsealed: night, topology: nodes.conf, shards: {\(short[0]): a.rdb, \(short[1]): c.rdb, \(short[2]): b.rdb}}"
      expect(try await bench.run(wrong, name: "wrong"), .fail, [.slotMisplaced], at: .decode)
    }
  }

  @Test("a shard that lies there twice is two claims to its slots")
  func doubles() async throws {
    try await CopiedDumps.withBench { bench in
      try FileManager.default.copyItem(atPath: bench.dump(0), toPath: bench.night + "/again.rdb")
      expect(try await bench.run(name: "blind"), .fail, [.slotOverlap], at: .decode)
      let run = try await bench.run("{unsealed: night, topology: nodes.conf}")
      expect(run, .fail, [.slotOverlap], at: .decode)
      let free = try await bench.run("{unsealed: night, slot_map: none}", name: "free")
      #expect(!free.findings.contains { $0.code == .slotOverlap })
    }
  }

  @Test("a file whose head is damaged is a finding, and never a file that is passed over")
  func damagedHead() async throws {
    try await CopiedDumps.withBench { bench in
      let size = try #require(try FileManager.default.attributesOfItem(atPath: bench.dump(0))[.size] as? Int)
      try bench.flip(bench.dump(0), fromEnd: size)
      expect(
        try await bench.run("{unsealed: night, topology: nodes.conf}"), .fail, [.artifactUnreadable], at: .decode)
    }
  }

  @Test("a link among the files is not followed, and is a finding")
  func link() async throws {
    try await CopiedDumps.withBench { bench in
      try FileManager.default.createSymbolicLink(
        atPath: bench.night + "/newest.rdb", withDestinationPath: bench.dump(0))
      expect(try await bench.run(), .fail, [.artifactNotRegular], at: .integrity)
    }
  }

  @Test("the newest is taken by the cut that its files tell, and a later run says that the bytes changed")
  func latest() async throws {
    try await CopiedDumps.withBench { bench in
      let old = bench.folder + "/dumps/old"
      try FileManager.default.copyItem(atPath: bench.night, toPath: old)
      // Touched later, and begun at the same time: the name decides between equals, and the time of the files does not.
      try await bench.shell("touch '\(old)'/*.rdb")
      let run = try await bench.run("{unsealed: latest}")
      expect(run, .pass)
      #expect(run.backups.map(\.backup) == ["old"])
      #expect(run.notes.contains { $0.contains("by the cut that its files tell") })

      let first = try await bench.run(name: "first")
      #expect(!first.notes.contains { $0.contains("not the bytes that run") })
      try bench.flip(bench.dump(0), fromEnd: 1)
      let second = try await bench.run(name: "second")
      expect(second, .fail, [.formatChecksumMismatch], at: .decode)
      #expect(second.notes.contains { $0.contains("not the bytes that run \(first.id) read") })
    }
  }

  @Test(
    "a night that left a folder and no artifact is not passed over: the newest that has some is drilled, and is no pass"
  )
  func barren() async throws {
    try await CopiedDumps.withBench { bench in
      try await bench.shell("cd '\(bench.folder)/dumps' && mv night n-2026-01-30 && mkdir n-2026-01-31 n-logs")
      let run = try await bench.run("{unsealed: latest}")
      expect(run, .inconclusive, obstacles: [.noSuchBackup])
      #expect(run.backups.map(\.backup) == ["n-2026-01-30"] && run.obstacles.map(\.subject) == ["n-2026-01-31"])
      try await bench.shell("rmdir '\(bench.folder)/dumps/n-2026-01-31'")
      expect(try await bench.run("{unsealed: latest}", name: "whole"), .pass)
    }
  }

  @Test("a catalog without such a backup, and one that is sealed, are said")
  func nothing() async throws {
    try await CopiedDumps.withBench { bench in
      expect(try await bench.run("{unsealed: weekend}"), .fail, [.backupMissing], at: .catalog)
      try await bench.shell("touch '\(bench.night)/manifest.dsse.json'")
      expect(try await bench.run(name: "sealed"), .inconclusive, obstacles: [.usage])
      expect(try await bench.run("{unsealed: latest}", name: "latest"), .fail, [.backupMissing], at: .catalog)
    }
  }
}
