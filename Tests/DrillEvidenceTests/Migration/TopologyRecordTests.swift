import DrillEvidence
import DrillModel
import Testing

@Suite("Topologies in the ledger")
struct TopologyRecordTests {
  private func seen(_ topology: Topology, in place: String = TopologySeen.live) -> TopologySeen {
    TopologySeen(cluster: "shop", topology, seenIn: place)
  }

  @Test("are recorded when they change, in moves alone too, and when one comes back, and not when nothing changed")
  func changes() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let before = SampleMigration.topology(epoch: 3)
      let moving = SampleMigration.topology(epoch: 3, moving: 2)
      for (topology, isNew) in [(before, true), (before, false), (moving, true), (moving, false), (before, true)] {
        #expect(try ledger.see(seen(topology)) == isNew)
      }
      // Another cluster's are no business of this one's.
      #expect(try ledger.see(TopologySeen(cluster: "billing", before, seenIn: TopologySeen.live)))
    }
  }

  @Test("are recorded again, as they are, once a migration told of something since")
  func afterEvents() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let topology = SampleMigration.topology(epoch: 3)
      #expect(try ledger.see(seen(topology), at: SampleMigration.time(-5)))
      _ = try ledger.publish([SampleMigration.event(.planned)], at: SampleMigration.time(1))
      #expect(try ledger.see(seen(topology), at: SampleMigration.time(2)))
      #expect(try !ledger.see(seen(topology), at: SampleMigration.time(3)))
      #expect(try !ledger.see(seen(topology, in: "backup pre"), at: SampleMigration.time(4)))
    }
  }

  @Test("of backups that are drilled every night are recorded once, whatever the live ones did in between")
  func backups() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let old = SampleMigration.topology(epoch: 3)
      let new = SampleMigration.topology(epoch: 4, moved: 100)
      #expect(try ledger.see(seen(old, in: "backup pre")))
      for _ in 0..<3 {
        _ = try ledger.see(seen(new))
        #expect(try !ledger.see(seen(old, in: "backup pre")))
        #expect(try !ledger.see(seen(new, in: "backup post")))
      }
      #expect(try ledger.history().topologies.count == 2)
    }
  }

  @Test("come back as they were, with moves and with what slots mean")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let unmapped = Topology(
        epoch: 0, shards: ["a", "b"].map { Topology.Shard(name: $0, slots: .all) }, mapsSlots: false)
      let all = [SampleMigration.topology(epoch: 3, moved: 7, moving: 2), unmapped]
      for topology in all { _ = try ledger.see(seen(topology)) }
      let read = try ledger.history().topologies.map(\.body.topology)
      #expect(read.map { Set($0.shards) } == all.map { Set($0.shards) })
      #expect(read.map(\.moves) == all.map(\.moves) && read.map(\.mapsSlots) == [true, false])
    }
  }
}
