public import DrillModel

/// Whether the newest backup of a cluster stands for the cluster as it is now, from recorded facts alone: what a cutover has to wait for.
///
/// The cluster as it is now is the newest topology that was seen, in whatever backup or look at the live cluster. What nobody recorded is missing, and never
/// taken for granted. The gate decides by a policy; this says continuously how far it is.
public struct ClusterReadiness: Hashable, Sendable, Codable {
  public struct Present: Hashable, Sendable, Codable {
    public var epoch: UInt64
    public var shards: Int
    public var slots: Int
    public var movesInFlight: Int
    public var seenAt: Instant
    /// `live`, or `backup ID`.
    public var seenIn: String
  }

  public struct Newest: Hashable, Sendable, Codable {
    public var backup: String
    public var cut: Instant
    public var ageSeconds: Double
    public var epoch: UInt64
    public var movesInFlight: Int
    /// The last run that looked at it.
    public var run: String
    public var verdict: Verdict
    public var level: Level
  }

  /// The newest topology; nil where none was seen.
  public var present: Present?
  /// The backup of the newest cut that a run looked at and whose manifest it believed; nil where there is none.
  public var newest: Newest?
  /// Slots of the present topology that the newest backup's last run did not restore and read back; nil where either is not known.
  public var slotsMissing: SlotSet?
  /// Shards of the present topology that the newest backup does not have.
  public var shardsMissing: [String]
  /// What is missing, one clause each; empty: nothing that is recorded speaks against a cutover.
  public var missing: [String]

  public var isReady: Bool { missing.isEmpty }

  /// - Parameters:
  ///   - latest: the last look at the backup of the newest cut.
  ///   - topologies: that were seen of the cluster, in the ledger's order.
  ///   - migrations: of it.
  package init(
    latest: BackupLook?, topologies: [Recorded<TopologySeen>], migrations: [Migration], at now: Instant
  ) {
    let topology = topologies.newest
    present = topology.map { seen in
      Present(
        epoch: seen.body.epoch, shards: seen.body.shards.count,
        slots: seen.body.shards.values.reduce(SlotSet()) { $0.union($1) }.count,
        movesInFlight: seen.body.moves.count, seenAt: seen.time, seenIn: seen.body.seenIn)
    }
    shardsMissing = []
    missing = []
    guard let latest else {
      missing.append("no run has looked at a backup whose manifest it believed: there is nothing to go back to")
      if present == nil { missing.append("no topology was seen: which shards there are is not known") }
      return
    }
    newest = Newest(
      backup: latest.backup, cut: latest.cut,
      ageSeconds: max(0, now.milliseconds(since: latest.cut) / 1000), epoch: latest.stated.epoch,
      movesInFlight: latest.stated.movesInFlight, run: latest.run.run, verdict: latest.run.verdict,
      level: latest.run.level)
    if latest.run.verdict != .pass {
      missing.append("its last drill, \(latest.run.run), did not pass (\(latest.run.verdict.rawValue))")
    } else if latest.run.level < .restored {
      missing.append("its last drill, \(latest.run.run), restored nothing (level \(latest.run.level.rawValue))")
    }
    if let topology = topology?.body {
      compare(topology, with: latest.stated, latest.run)
    } else {
      missing.append("no topology was seen: which shards there are is not known")
    }
    for migration in migrations where migration.isOpen && !migration.stage.isReached(.quiesced) {
      missing.append("migration \(migration.name) is \(migration.stage.words): writes to what moves are not quiesced")
    }
  }

  private mutating func compare(
    _ topology: TopologySeen, with stated: Run.BackupExamined.Stated, _ run: RunFinished
  ) {
    if stated.epoch != topology.epoch {
      missing.append("the newest backup is of epoch \(stated.epoch), the cluster at \(topology.epoch)")
    }
    shardsMissing = topology.shards.filter { !$0.value.isEmpty && !stated.shards.contains($0.key) }.keys.sorted()
    if !shardsMissing.isEmpty {
      missing.append(
        "the newest backup has nothing of \(Format.plural(shardsMissing.count, "shard")): \(GateWords.list(shardsMissing))"
      )
    }
    let owned = topology.shards.values.reduce(SlotSet()) { $0.union($1) }
    if let examined = run.examined?.slots {
      let slots = owned.subtracting(examined)
      slotsMissing = slots
      if !slots.isEmpty {
        missing.append(
          "\(Format.plural(slots.count, "slot of the cluster was", "slots of the cluster were")) not restored and read back by \(run.run)"
        )
      }
    } else {
      missing.append("which slots \(run.run) restored is not recorded")
    }
    if !topology.moves.isEmpty {
      missing.append(
        "\(Format.plural(topology.moves.count, "slot was", "slots were")) moving when the cluster was last looked at")
    }
  }
}
