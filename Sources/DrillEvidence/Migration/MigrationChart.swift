import DrillModel

/// A migration's stages and moves with topologies, backups, drills and decisions on one axis of time.
enum MigrationChart {
  private static let width = 720.0
  private static let left = 92.0
  private static let right = 708.0
  private static let row = 22.0
  /// Moves that have a row of their own.
  private static let mostMoves = 8

  static func markup(_ timeline: MigrationTimeline, id: String) -> String {
    let words = MigrationWords(timeline: timeline)
    let entries = words.entries
    let times = entries.map(\.at) + timeline.stages.map(\.at) + [timeline.isOpen ? timeline.at : timeline.since]
    let start = times.min() ?? timeline.since
    let end = times.max() ?? timeline.at
    let span = max(end.milliseconds(since: start), 1)
    func x(_ time: Instant) -> Double {
      left + (right - left) * min(max(time.milliseconds(since: start) / span, 0), 1)
    }
    let moves = timeline.moves.prefix(mostMoves)
    let lanes: [MigrationWords.Entry.Kind] = [.topology, .backup, .drill, .gate]
    let bottom = row * Double(2 + moves.count + lanes.count) + 6
    var svg = SVG(
      id: id, height: bottom + 44, width: width,
      title: "\(timeline.migration), from \(Format.time(start)) to \(Format.time(end))",
      summary: "\(words.headline). \(words.slots). "
        + "\(Format.plural(timeline.backups.count, "backup")), \(Format.plural(timeline.drills.count, "drill")), "
        + "\(Format.plural(timeline.decisions.count, "gate decision")), \(Format.plural(timeline.topologies.count, "topology", "topologies")) seen."
    )
    for (index, mark) in marks(from: start, span: span).enumerated() {
      svg.line(x(mark), 4, x(mark), bottom, "grid")
      svg.text(x(mark), bottom + 14, label(mark, span: span), index == 0 ? .start : .middle, "t m")
    }
    svg.line(left, bottom, right, bottom, "axis")

    var y = row
    svg.text(0, y, "stage", .start, "t m")
    for (index, stage) in timeline.stages.enumerated() {
      let until = stage.until ?? (timeline.isOpen ? timeline.at : end)
      let (from, to) = (x(stage.at), max(x(until), x(stage.at) + 3))
      let style =
        stage.stage == .rolledBack ? "bad" : index == timeline.stages.count - 1 && timeline.isOpen ? "bar" : "stage"
      svg.rect(
        from, y - 13, to - from - 1, 8, style,
        label:
          "\(stage.stage.words): \(Format.time(stage.at)), \(Format.duration(ms: max(0, until.milliseconds(since: stage.at))))"
      )
      // A name that does not fit beside the next one is left to the table.
      if to - from > Double(stage.stage.words.count) * 5.6 { svg.text(from, y + 6, stage.stage.words, .start, "t m") }
    }
    y += row * 1.3
    for move in moves {
      svg.text(
        0, y, "\(move.source.prefix(5)) → \(move.target.prefix(5))", .start,
        "t m")
      let style =
        move.state == .done ? "good" : move.state == .inProgress ? "unsure" : move.state == .takenBack ? "bad" : "none"
      let from = x(move.since)
      svg.rect(
        from, y - 9, max(right - from, 3), 8, style,
        label:
          "\(move.state.words): \(TopologyText.words(move.slots, move.source, move.target)), since \(Format.time(move.since))"
      )
      svg.text(
        max(from - 4, left), y - 1, "\(Format.count(move.slots.count)) \(move.state.words)",
        from - left > 90 ? .end : .start)
      y += row
    }
    if timeline.moves.count > moves.count {
      svg.text(0, y, "and \(timeline.moves.count - moves.count) more below", .start, "t m")
    }
    for lane in lanes {
      svg.text(0, y, lane.rawValue, .start, "t m")
      svg.line(left, y - 4, right, y - 4, "grid")
      for entry in entries where entry.kind == lane {
        mark(&svg, entry, x(entry.at), y - 4)
      }
      y += row
    }
    if timeline.isOpen {
      svg.line(x(timeline.at), 4, x(timeline.at), bottom, "now")
      svg.text(x(timeline.at), bottom + 28, "now", .end, "t m")
    }
    legend(&svg, y: bottom + 32)
    return svg.markup
  }

  /// The shape says what the colour says: circle, all is well; triangle, unsure; cross, wrong; diamond, a topology.
  private static func mark(_ svg: inout SVG, _ entry: MigrationWords.Entry, _ x: Double, _ y: Double) {
    let label = "\(Format.time(entry.at)): \(entry.text)"
    if entry.kind == .topology {
      return svg.shape(
        [(x, y - 4.5), (x + 4.5, y), (x, y + 4.5), (x - 4.5, y)], entry.tone == .unsure ? "unsure" : "diamond",
        label: label)
    }
    let verdict: Verdict = entry.tone == .good ? .pass : entry.tone == .bad ? .fail : .inconclusive
    TrendChart.mark(&svg, verdict, x, y, label: label)
  }

  private static func legend(_ svg: inout SVG, y: Double) {
    var x = left + 4
    for (verdict, words) in [
      (Verdict.pass, "pass, open"), (.inconclusive, "not drilled, inconclusive"), (.fail, "fail, closed"),
    ] {
      TrendChart.mark(&svg, verdict, x, y - 3.5)
      svg.text(x + 9, y, words, .start, "t m")
      x += 30 + Double(words.count) * 5.6
    }
    svg.shape([(x, y - 8), (x + 4.5, y - 3.5), (x, y + 1), (x - 4.5, y - 3.5)], "diamond")
    svg.text(x + 9, y, "topology seen", .start, "t m")
  }

  /// Five places, the first at the start.
  private static func marks(from start: Instant, span: Double) -> [Instant] {
    (0..<5).map { Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(span * Double($0) / 5)) }
  }

  private static func label(_ time: Instant, span: Double) -> String {
    let text = Format.time(time)
    let seconds = span < 600_000 ? 19 : 16
    return span < 129_600_000 ? String(text.prefix(seconds).dropFirst(11)) + "Z" : String(text.prefix(16).dropFirst(5))
  }
}
