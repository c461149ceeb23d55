import DrillModel

/// What should be there at a migration's stage and is not.
struct MigrationGaps {
  private let timeline: MigrationTimeline
  private let migration: Migration
  private let topologies: TopologyTimeline

  init(_ timeline: MigrationTimeline, _ migration: Migration, _ topologies: TopologyTimeline) {
    self.timeline = timeline
    self.migration = migration
    self.topologies = topologies
  }

  /// The most urgent first.
  var sentences: [String] { [wayBack, gate, present, afterwards, moves, looks].flatMap(\.self) }

  private func isReached(_ stage: MigrationStage) -> Bool { timeline.stages.contains { $0.stage.isReached(stage) } }

  /// The backup to go back to, as long as one can.
  private var wayBack: [String] {
    guard timeline.isOpen, isReached(.snapshotting) else { return [] }
    let copying = migration.at(.copying)
    let before = timeline.backups.filter { backup in
      copying.map { backup.at <= $0 } ?? true && (backup.movesInFlight ?? 0) == 0
        && !(backup.stage?.isReached(.copying) ?? false)
    }
    guard !before.isEmpty else {
      return ["no backup from before the move is known: no event names one, and no drill examined one"]
    }
    guard !before.contains(where: \.isProven) else { return [] }
    return ["no backup from before the move is proven to restore (\(before.map(\.backup).joined(separator: ", ")))"]
  }

  /// An open decision that stands, before one cuts over; that there was one, afterwards.
  private var gate: [String] {
    guard isReached(.catchingUp) || isReached(.quiesced) else { return [] }
    let open = timeline.decisions.filter { $0.outcome == GateOutcome.open.rawValue }
    if let cutOver = migration.at(.cutOver) {
      return open.contains { $0.at <= cutOver && $0.expires > cutOver }
        ? [] : ["it was cut over at \(Format.time(cutOver)) without an open gate decision that stood then"]
    }
    guard timeline.isOpen else { return [] }
    if let last = timeline.decisions.last, last.outcome != GateOutcome.open.rawValue {
      let unmet = last.unmet.isEmpty ? "" : ": \(last.unmet.joined(separator: ", "))"
      return ["the last gate decision, of \(Format.time(last.at)), was \(last.outcome)\(unmet)"]
    }
    return open.contains { $0.expires > timeline.at } ? [] : ["no open gate decision stands: do not cut over"]
  }

  private var present: [String] {
    guard timeline.isOpen, let epoch = timeline.presentEpoch else { return [] }
    guard let verified = timeline.verified.first(where: { $0.epoch == epoch }) else {
      return ["no drill has passed on a backup of the present epoch \(epoch)"]
    }
    return verified.failedSince.map { ["\($0) failed on a backup of the present epoch \(epoch), after the last pass"] }
      ?? []
  }

  private var afterwards: [String] {
    guard let cutOver = migration.at(.cutOver), migration.stage != .rolledBack else { return [] }
    let after = timeline.backups.filter { $0.at >= cutOver || $0.stage?.isReached(.cutOver) ?? false }
    guard !after.isEmpty else { return ["no backup since the cut-over is known"] }
    return after.contains(where: \.isProven)
      ? [] : ["no backup since the cut-over is proven to restore (\(after.map(\.backup).joined(separator: ", ")))"]
  }

  private var moves: [String] {
    guard !migration.moves.isEmpty else { return ["no event says which slots move"] }
    var sentences: [String] = []
    let open = timeline.slotsAnnounced(in: .planned) + timeline.slotsAnnounced(in: .inProgress)
    let done = timeline.slotsAnnounced(in: .done)
    if isReached(.cutOver), migration.stage != .rolledBack, open > 0 {
      sentences.append(
        "\(Format.plural(open, "slot")) \(open == 1 ? "is" : "are") not with the target, although it was cut over")
    }
    if migration.stage == .rolledBack, done > 0 {
      sentences.append("\(Format.plural(done, "slot")) still with the target, although it was rolled back")
    }
    let strange = timeline.moves.filter { !$0.isAnnounced }
    if !strange.isEmpty {
      let slots = strange.reduce(SlotSet()) { $0.union($1.slots) }
      sentences.append(
        "\(Format.plural(slots.count, "slot")) under way that no event announced: \(slots.description.clipped(to: 60))")
    }
    return sentences
  }

  private var looks: [String] {
    guard timeline.isOpen else { return [] }
    guard let last = topologies.lastLive else {
      return ["the live topology was never looked at: `firedrill topology discover CLUSTER.yaml`"]
    }
    let shards = Set(migration.moves.flatMap { [$0.source, $0.target] })
    let unknown = shards.filter { last.topology.shard(matching: $0) == nil }.sorted()
    if last.topology.mapsSlots, !unknown.isEmpty, migration.stage != .planned {
      return [
        "the topology last seen has no shard \(unknown.map(ShardName.short).joined(separator: ", ")), which events name"
      ]
    }
    return last.since < migration.stageSince
      ? ["the live topology was not looked at since the stage was reached: `firedrill topology discover CLUSTER.yaml`"]
      : []
  }
}
