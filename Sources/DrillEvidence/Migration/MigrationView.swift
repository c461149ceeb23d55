import DrillModel

/// A migration as the templates show it.
package struct MigrationView {
  struct Tile {
    let name: String
    let value: String
    let sub: String
    let tone: String
  }

  struct MoveRow {
    let state: String
    let tone: String
    let source: String
    let target: String
    let count: String
    let since: String
    let by: String
    let slots: String
  }

  struct EntryRow {
    let time: String
    let kind: String
    let text: String
    let tone: String
    let link: String
  }

  let clusterName: String
  let migrationName: String
  let stageWord: String
  let tone: String
  let headline: String
  let generated: String
  let tiles: [Tile]
  let verified: [String]
  let hasVerified: Bool
  let missing: [String]
  let hasMissing: Bool
  let chart: String
  let moves: [MoveRow]
  let hasMoves: Bool
  let entries: [EntryRow]

  /// - Parameter runLink: where a run's page is; nil: there is none.
  package init(_ timeline: MigrationTimeline, runLink: (String) -> String? = { _ in nil }) {
    let words = MigrationWords(timeline: timeline)
    clusterName = timeline.cluster
    migrationName = timeline.migration
    stageWord = timeline.stage.words.uppercased()
    tone = words.tone.style
    headline = words.headline
    generated = Format.time(timeline.at)
    verified = words.verified
    hasVerified = !verified.isEmpty
    missing = timeline.missing
    hasMissing = !missing.isEmpty
    chart = MigrationChart.markup(timeline, id: "migration")
    moves = timeline.moves.map { move in
      MoveRow(
        state: move.state.words, tone: move.state.tone.style, source: move.source, target: move.target,
        count: Format.count(move.slots.count), since: Format.time(move.since),
        by: move.by + (move.isAnnounced ? "" : ", announced by no event"),
        slots: move.slots.description.clipped(to: 300))
    }
    hasMoves = !moves.isEmpty
    entries = words.entries.map { entry in
      EntryRow(
        time: Format.time(entry.at), kind: entry.kind.rawValue, text: entry.text, tone: entry.tone.style,
        link: entry.run.flatMap(runLink) ?? "")
    }
    tiles = Self.tiles(timeline, words)
  }

  private static func tiles(_ timeline: MigrationTimeline, _ words: MigrationWords) -> [Tile] {
    let all = timeline.slotsAnnounced()
    let done = timeline.slotsAnnounced(in: .done)
    let present = timeline.presentEpoch
    let proof = timeline.verified.first { $0.epoch == present }
    let gate = timeline.decisions.last
    let isGateOpen = gate.map { $0.outcome == GateOutcome.open.rawValue && $0.expires > timeline.at } ?? false
    return [
      Tile(
        name: "Stage", value: timeline.stage.words, sub: "for \(words.age(of: timeline.since))", tone: words.tone.style),
      Tile(
        name: "Next", value: timeline.next?.words ?? "nothing",
        sub: timeline.isOpen ? "or rolled back" : "it has ended", tone: ""),
      Tile(
        name: "Slots", value: "\(Format.count(done)) of \(Format.count(all))", sub: words.slots,
        tone: all > 0 && done == all ? "good" : ""),
      Tile(
        name: "Epoch", value: present.map { "\($0)" } ?? "unknown",
        sub: proof.map { "\($0.level.rawValue), \(words.age(of: $0.at)) ago" } ?? "not verified",
        tone: proof == nil ? "unsure" : proof?.failedSince == nil ? "good" : "bad"),
      Tile(
        name: "Gate", value: gate.map(\.outcome) ?? "not asked",
        sub: gate.map { $0.expires > timeline.at ? "until \(Format.time($0.expires))" : "expired" }
          ?? "no decision since it began",
        tone: isGateOpen ? "good" : gate?.outcome == GateOutcome.closed.rawValue ? "bad" : "unsure"),
      Tile(
        name: "Missing", value: Format.count(timeline.missing.count),
        sub: timeline.missing.first ?? "nothing that is known of",
        tone: timeline.missing.isEmpty ? "good" : "unsure"),
    ]
  }
}

extension Span.Tone {
  /// The class that the page's style has for it.
  fileprivate var style: String {
    switch self {
    case .good: "good"
    case .bad: "bad"
    case .unsure: "unsure"
    case .dim: "quiet"
    case .plain, .strong: ""
    }
  }
}
