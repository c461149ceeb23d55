import DrillModel

/// What is said of a migration, once for the terminal and for pages.
struct MigrationWords {
  let timeline: MigrationTimeline

  /// One thing that happened.
  struct Entry {
    enum Kind: String { case stage, topology, backup, drill, gate }

    var at: Instant
    var kind: Kind
    var text: String
    var tone: Span.Tone
    /// A run's name, where it is one.
    var run: String?
  }

  var tone: Span.Tone {
    timeline.stage == .rolledBack ? .bad : !timeline.missing.isEmpty ? .unsure : .good
  }

  /// `12 min`
  func age(of time: Instant) -> String { Format.duration(ms: max(0, timeline.at.milliseconds(since: time))) }

  var headline: String {
    let ago = "since \(Format.time(timeline.since)), \(age(of: timeline.since)) ago"
    guard let next = timeline.next else { return "\(timeline.stage.words) \(ago)" }
    return "\(timeline.stage.words) \(ago); next comes \(next.words), or rolled back"
  }

  /// How many of the slots are in each state: `57 done, 1 in progress, 42 planned of 100 slots`.
  var slots: String {
    let all = timeline.slotsAnnounced()
    guard all > 0 else { return "no event says which slots move" }
    let parts = [MoveProgress.State.done, .inProgress, .planned, .takenBack].compactMap { state -> String? in
      let count = timeline.slotsAnnounced(in: state)
      return count == 0 ? nil : "\(Format.count(count)) \(state.words)"
    }
    return "\(parts.joined(separator: ", ")) of \(Format.plural(all, "slot"))"
  }

  var verified: [String] {
    timeline.verified.map { verified in
      let isPresent = verified.epoch == timeline.presentEpoch ? ", the present one" : ""
      return
        "epoch \(verified.epoch)\(isPresent): \(verified.level.rawValue), by \(verified.run) \(age(of: verified.at)) ago"
        + (verified.cut.map { ", of the cut of \(Format.time($0))" } ?? "")
        + (verified.failedSince.map { "; \($0) failed since" } ?? "")
    }
  }

  /// All that happened, in its order.
  var entries: [Entry] {
    var entries: [Entry] = []
    for stage in timeline.stages {
      for (index, event) in stage.events.enumerated() {
        var words = index == 0 ? stage.stage.words.uppercased() : "within \(stage.stage.words)"
        for move in event.moves { words += ", \(TopologyText.words(move.slots, move.source, move.target))" }
        if let backup = event.backup { words += ", backup \(backup)" }
        if let note = event.note { words += ": \(note.clipped(to: 200))" }
        entries.append(
          Entry(
            at: event.at, kind: .stage, text: words + " [\(event.id)]",
            tone: event.stage == .rolledBack ? .bad : .strong))
      }
    }
    entries += timeline.topologies.map { seen in
      let moving = seen.slotsMoving > 0 ? ", \(Format.plural(seen.slotsMoving, "slot")) moving" : ""
      let place = seen.seenIn == TopologySeen.live ? "seen live" : "of \(seen.seenIn)"
      return Entry(
        at: seen.at, kind: .topology, text: "epoch \(seen.epoch) \(place)\(moving)",
        tone: seen.slotsMoving > 0 ? .unsure : .plain)
    }
    entries += timeline.backups.map {
      Entry(at: $0.at, kind: .backup, text: words(of: $0), tone: $0.verdict?.tone ?? .unsure, run: $0.run)
    }
    entries += timeline.drills.map { drill in
      Entry(
        at: drill.at, kind: .drill,
        text: "\(drill.verdict.rawValue), \(drill.level.rawValue): \(drill.drill)"
          + (drill.epoch.map { " at epoch \($0)" } ?? "") + ", \(drill.run)", tone: drill.verdict.tone,
        run: drill.run)
    }
    entries += timeline.decisions.map { decision in
      Entry(
        at: decision.at, kind: .gate,
        text: "\(decision.outcome), \(decision.stage): \(decision.policy)"
          + (decision.unmet.isEmpty ? "" : ", not met: \(decision.unmet.joined(separator: ", "))"),
        tone: decision.outcome == GateOutcome.open.rawValue
          ? .good : decision.outcome == GateOutcome.closed.rawValue ? .bad : .unsure)
    }
    return entries.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }

  func words(of backup: MigrationTimeline.Backup) -> String {
    var parts = [backup.backup]
    if let stage = backup.stage { parts.append("named at \(stage.words)") }
    if let epoch = backup.epoch { parts.append("epoch \(epoch)") }
    if let moving = backup.movesInFlight, moving > 0 { parts.append("\(Format.plural(moving, "slot")) moving") }
    if let coherence = backup.coherence {
      parts.append(coherence == .coherent ? "coherent" : "\(coherence.rawValue) cut")
    }
    parts.append(backup.verdict.map { "\($0.rawValue), \(backup.level?.rawValue ?? "")" } ?? "not drilled")
    return parts.joined(separator: ", ")
  }
}

extension MoveProgress.State {
  var words: String {
    switch self {
    case .planned: "to go"
    case .inProgress: "in progress"
    case .done: "done"
    case .takenBack: "taken back"
    }
  }

  var tone: Span.Tone {
    switch self {
    case .planned: .dim
    case .inProgress: .unsure
    case .done: .good
    case .takenBack: .bad
    }
  }
}
