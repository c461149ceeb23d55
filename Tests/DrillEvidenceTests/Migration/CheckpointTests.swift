import DrillEvidence
import DrillModel
import Testing

@Suite("Checkpoints of a migration")
struct CheckpointTests {
  private func migration(_ events: [MigrationPublication]) throws -> Migration {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      _ = try ledger.publish(events, at: SampleMigration.time(600))
      return try #require(try ledger.history().migrations(of: "shop").first)
    }
  }

  @Test(
    "lead to the backups that events name: the last before copying, the last while moving, the first after the cut-over"
  )
  func backups() throws {
    let all = try migration([
      SampleMigration.event(.planned, backup: "old"), SampleMigration.event(.snapshotting, backup: "first"),
      SampleMigration.event(.snapshotting, id: "again", backup: "pre"), SampleMigration.event(.copying),
      SampleMigration.event(.catchingUp, backup: "mid"), SampleMigration.event(.quiesced),
      SampleMigration.event(.cutOver), SampleMigration.event(.verified, backup: "post"),
      SampleMigration.event(.finalized, backup: "late"),
    ])
    for (name, backup) in [
      ("pre-move", "pre"), ("mid-move", "mid"), ("post-move", "post"), ("planned", "old"), ("snapshotting", "pre"),
      ("copying", nil), ("finalized", "late"),
    ] {
      #expect(try all.checkpoint(named: name)?.backup == backup, "\(name)")
    }
    #expect(try all.checkpoint(named: "post-move")?.time == SampleMigration.time(of: .verified))
    #expect(try all.checkpoint(named: "copying")?.time == SampleMigration.time(of: .copying))
    #expect(try all.checkpoint(named: "rolled-back") == nil)
  }

  @Test("are times where no event names a backup, and absent where the migration has not come so far")
  func times() throws {
    let stages = SampleMigration.stages.prefix { $0 != .verified }
    let moved = try migration(stages.map { SampleMigration.event($0) })
    #expect(try moved.checkpoint(named: "pre-move")?.time == SampleMigration.time(of: .copying))
    #expect(try moved.checkpoint(named: "mid-move")?.time == SampleMigration.time(of: .quiesced))
    #expect(try moved.checkpoint(named: "post-move")?.time == SampleMigration.time(of: .cutOver))
    let young = try migration([SampleMigration.event(.planned)])
    for name in ["pre-move", "mid-move", "post-move", "cut-over"] {
      #expect(try young.checkpoint(named: name) == nil, "\(name)")
    }
  }

  @Test("of one that was rolled back are those that it had reached")
  func rolledBack() throws {
    let back = try migration([
      SampleMigration.event(.planned), SampleMigration.event(.snapshotting, backup: "pre"),
      SampleMigration.event(.copying, backup: "mid"), SampleMigration.event(.rolledBack, backup: "after"),
    ])
    #expect(try back.checkpoint(named: "pre-move")?.backup == "pre")
    #expect(try back.checkpoint(named: "mid-move")?.backup == "mid")
    #expect(try back.checkpoint(named: "post-move") == nil)
    #expect(try back.checkpoint(named: "rolled-back")?.backup == "after")
  }

  @Test("that are none are refused, with those that there are")
  func unknown() throws {
    let young = try migration([SampleMigration.event(.planned)])
    #expect {
      _ = try young.checkpoint(named: "premove")
    } throws: { error in
      let error = error as? DrillError
      return error?.code == .usage && error?.detail.contains("pre-move, mid-move, post-move, planned") == true
    }
  }
}
