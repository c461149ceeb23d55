import DrillEngines
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

@Suite("Backups before, in and after a move of slots")
struct MovedExpiryTests {
  @Test("have equal contents, and expiries that the recorded moves explain within the bound, and nothing else does")
  func moved() async throws {
    try await TemporaryFolder.with { folder in
      let shape = SyntheticRedisCluster.Shape(replicasPerMaster: 0, syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, name: "shop", below: folder) { cluster in
        // Six slots of the first master.
        func slot(_ tag: String) -> Slot { RedisEngine().slot(ofKey: Array("{\(tag)}".utf8)) }
        let tags = Array(
          (0...).lazy.map { "b\($0)" }.filter { slot($0) < Slot(5461) }.prefix(6)
        ).sorted { slot($0) < slot($1) }
        let slots = SlotSet(tags.map(slot))
        let large = String(repeating: "0123456789", count: 200_000)
        try await cluster.send(
          tags.flatMap { tag in (0..<20).map { ["SET", "{\(tag)}:\($0)", "v", "PX", "\(40_000_000 + $0)"] } }
            // Long to carry: what a move does to an expiry shows.
            + [tags[0], tags[3], tags[5]].map { ["SET", "{\($0)}:large", large, "PX", "60000000"] }
            + (0..<200).map { ["SET", "item:\($0)", "v\($0)", "PX", "50000000"] })
        let home = folder + "/shop"
        try CapturedRedis.prepare(home, for: cluster)
        func capture() async throws -> DrillBench {
          let sealed = try await Firedrill.capture(
            cluster: home + "/shop.yaml", to: home + "/backups", key: home + "/seal")
          return DrillBench(folder: home, backup: sealed.manifest.backup)
        }
        let before = try await capture()
        let half = SlotSet(slots.slots.prefix(3))
        try await cluster.move(half, from: 0, to: 1)
        let next = SlotSet([slots.slots[3]])
        try await cluster.open(next, from: 0, to: 1)
        try await cluster.moveKeys(of: next, from: 0, to: 1, limit: 10)
        let during = try await capture()
        try await cluster.moveKeys(of: next, from: 0, to: 1)
        try await cluster.close(next, to: 1)
        try await cluster.move(SlotSet(slots.slots.suffix(2)), from: 0, to: 1)
        let after = try await capture()
        #expect(try before.manifest().topology.shards != after.manifest().topology.shards)
        #expect(try during.manifest().topology.moves.map(\.slot) == next.slots)

        for (one, other) in [(before, during), (during, after), (before, after)] {
          let diff = try await Firedrill.diff(
            DiffRequest(a: one.backup, b: other.backup, catalog: one.catalog, ledger: one.ledger))
          #expect(diff.isEqual && diff.contentRootA == diff.contentRootB && diff.rootA != diff.rootB, "\(diff.text)")
          #expect(diff.expiriesWithinBound > 0 && diff.largestShiftMs <= 1000)
          let run = try await one.run(
            .init(level: .content, more: ["backup: {id: \(one.backup)}", "reference: {backup: \(other.backup)}"]))
          expectClean(run, at: .content)
          #expect(
            Set(run.drift.map(\.cause)) == [.movedWithSlot] && run.drift.allSatisfy { $0.attribution == .explained })
          #expect(run.notes.contains { $0.contains("at most 1.0 s is explained") })
        }

        // Beyond the bound in a slot that moved, and within it in one that did not: nothing explains either.
        let (gone, stayed) = (tags.first ?? "", "item:0")
        for (key, shift) in [("{\(gone)}:0", 5000), (stayed, 3)] {
          try await DrillBench.with(copyOf: home, backup: after.backup) { copy in
            let artifact = try #require(
              try copy.dataArtifacts().first { try RedisFile(path: copy.path(of: $0)).expiry(of: key) != nil })
            let file = RedisFile(path: copy.path(of: artifact))
            let expiry = try #require(try file.expiry(of: key))
            try file.change([["PEXPIREAT", key, "\(expiry + Int64(shift))"]])
            try copy.reseal()
            let run = try await copy.run(
              .init(level: .content, more: ["backup: {id: \(before.backup)}", "reference: {backup: \(after.backup)}"]))
            let open = run.drift.filter { $0.attribution != .explained }
            #expect(open.map(\.kind) == [.expiryMoved] && open.map(\.count) == [1], "\(key): \(run.drift)")
            #expect(run.driftSamples.contains { $0.attribution != .explained && $0.key == .clear(Array(key.utf8)) })
            let diff = try await Firedrill.diff(
              DiffRequest(
                a: before.backup, b: after.backup, catalog: copy.catalog, showsKeys: true, ledger: copy.ledger))
            #expect(!diff.isEqual && diff.keys.map(\.key) == [.clear(Array(key.utf8))], "\(diff.text)")
          }
        }
      }
    }
  }
}
