import DrillEvidence
import DrillModel

/// A migration of the cluster `shop` that moves slots 0-99 from `a` to `b`, one stage every ten minutes.
enum SampleMigration {
  static let start = Instant(parsing: "2026-03-01T12:00:00Z") ?? Instant(millisecondsSince1970: 0)
  static let stages = MigrationStage.allCases.filter { $0 != .rolledBack }

  static func time(_ minutes: Double) -> Instant {
    Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(minutes * 60_000))
  }

  /// When a stage is reached.
  static func time(of stage: MigrationStage) -> Instant {
    time(Double(MigrationStage.allCases.firstIndex(of: stage) ?? 0) * 10)
  }

  static func event(
    _ stage: MigrationStage, id: String? = nil, migration: String = "reshard-7", at: Instant? = nil,
    backup: String? = nil, note: String? = nil
  ) -> MigrationPublication {
    MigrationPublication(
      id: id ?? "\(migration)-\(stage.rawValue)", cluster: "shop", migration: migration, stage: stage,
      at: at ?? time(of: stage), moves: stage == .planned ? [move] : nil, backup: backup, note: note)
  }

  static let move = TopologyDiff.Moving(slots: SlotSet(0...99), source: "a", target: "b")

  /// The topology with slots 0-8191 on `a` and the rest on `b`; `moved` of the slots 0-99 are on `b` already, and `moving` are under way.
  static func topology(epoch: UInt64, moved: Int = 0, moving: Int = 0) -> Topology {
    let own = moved == 0 ? SlotSet(0...8191) : SlotSet(moved...8191)
    let other = moved == 0 ? SlotSet(8192...16383) : SlotSet(8192...16383).union(SlotSet(0...(moved - 1)))
    return Topology(
      epoch: epoch, shards: [.init(name: "a", slots: own), .init(name: "b", slots: other)],
      moves: (0..<moving).map { Topology.Move(slot: Slot(moved + $0), source: "a", target: "b") })
  }
}
