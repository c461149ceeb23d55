import DrillModel

/// A migration for the terminal: first what somebody must know at once, then the timeline.
public struct MigrationText: Sendable {
  public var timeline: MigrationTimeline

  public init(_ timeline: MigrationTimeline) { self.timeline = timeline }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    let words = MigrationWords(timeline: timeline)
    var page = Page(style)
    page.paragraph([
      Span(timeline.stage.rawValue.uppercased(), words.tone), "  ",
      Span("\(timeline.migration) of \(timeline.cluster)", .strong),
    ])
    page.paragraph([Span(words.headline)], indent: 2)
    page.field("Slots", [Span(words.slots)])
    if timeline.verified.isEmpty { page.field("Verified", [Span("no drill has passed", .unsure)]) }
    for (index, line) in words.verified.enumerated() { page.field(index == 0 ? "Verified" : "", [Span(line)]) }
    if timeline.missing.isEmpty { page.field("Missing", [Span("nothing that is known of", .good)]) }
    for (index, line) in timeline.missing.enumerated() {
      page.field(index == 0 ? "Missing" : "", [Span("▲ \(line)", .unsure)])
    }
    moves(&page)
    page.gap()
    page.paragraph([Span("timeline", .strong)])
    page.table(
      words.entries.map { entry in
        [Span(Format.time(entry.at), .dim), Span(entry.kind.rawValue), Span(entry.text, entry.tone)]
      }, indent: 2)
    return page.text
  }

  private func moves(_ page: inout Page) {
    guard !timeline.moves.isEmpty else { return }
    page.gap()
    page.paragraph([Span("moves", .strong)])
    page.table(
      timeline.moves.map { move in
        [
          Span(move.state.words, move.state.tone),
          Span("\(ShardName.short(move.source)) → \(ShardName.short(move.target))"),
          Span(Format.plural(move.slots.count, "slot")),
          Span("since \(Format.time(move.since)), by \(move.by)" + (move.isAnnounced ? "" : ", announced by no event")),
          Span(move.slots.description.clipped(to: 80)),
        ]
      }, indent: 2, rightAligned: [2])
  }
}
