import DrillModel

/// Restore times run by run, against the objective. The shape of a mark says how the run ended.
enum TrendChart {
  static let left = 44.0
  static let right = 350.0

  static func markup(_ trend: ReportPage.Trend, id: String) -> String? {
    let timed = trend.points.compactMap(\.restoreMs)
    guard !timed.isEmpty else { return nil }
    let highest = max(timed.max() ?? 0, 0.001)
    let target = trend.points.last?.targetMs
    let near = target.flatMap { $0 <= highest * 4 ? $0 : nil }
    let unit = TimeUnit(forMilliseconds: max(highest, near ?? 0))
    let scale = Scale(upTo: unit.value(max(highest, near ?? 0)), marks: 3)
    let (top, bottom) = (28.0, 138.0)
    var svg = SVG(
      id: id, height: 190, title: "Restore time over \(Format.plural(trend.points.count, "run")) of \(trend.drill)",
      summary: summary(trend, timed, target))
    for mark in scale.marks {
      let y = bottom - scale.position(mark, on: bottom - top)
      svg.line(left, y, right, y, mark == 0 ? "axis" : "grid")
      svg.text(left - 6, y + 3.5, mark.markText, .end, "t m")
    }
    svg.text(2, 12, "restore time, \(unit.rawValue)", .start, "t m")
    if let near {
      let y = bottom - scale.position(unit.value(near), on: bottom - top)
      svg.line(left, y, right, y, "limit")
      svg.line(right - 24, 8.5, right, 8.5, "limit")
      svg.text(right - 29, 12, "RTO \(Format.duration(ms: near))", .end, "t m")
    } else if let target {
      svg.text(right, 12, "RTO \(Format.duration(ms: target)), far above ↑", .end, "t m")
    }
    let places = TrendChart.places(trend.points.count)
    let marks = zip(trend.points, places).compactMap { point, x in
      point.restoreMs.map { (x, bottom - scale.position(unit.value($0), on: bottom - top)) }
    }
    svg.polyline(marks, "path")
    for (point, x) in zip(trend.points, places) {
      let y = point.restoreMs.map { bottom - scale.position(unit.value($0), on: bottom - top) } ?? bottom
      let time = point.restoreMs.map { Format.duration(ms: $0) } ?? "not restored"
      mark(&svg, point.verdict, x, y, label: "\(Format.time(point.at)): \(time), \(point.verdict.rawValue)")
    }
    dates(&svg, trend.points, places, y: bottom + 15)
    legend(&svg, y: bottom + 36)
    return svg.markup
  }

  /// The middles of so many equal columns.
  static func places(_ count: Int) -> [Double] {
    let column = (right - left) / Double(max(count, 1))
    return (0..<count).map { left + (Double($0) + 0.5) * column }
  }

  /// The day of the first, the middle and the last run.
  static func dates(_ svg: inout SVG, _ points: [ReportPage.Trend.Point], _ places: [Double], y: Double) {
    guard let first = points.first, let last = points.last else { return }
    let isOneDay = day(first.at) == day(last.at)
    let text = { (at: Instant) in isOneDay ? String(Format.time(at).dropFirst(11).prefix(5)) + "Z" : day(at) }
    if points.count == 1 { return svg.text(places[0], y, day(first.at), .middle, "t m") }
    svg.text(left, y, text(first.at), .start, "t m")
    svg.text(right, y, text(last.at), .end, "t m")
    if points.count > 8 {
      let middle = points.count / 2
      svg.text(places[middle], y, text(points[middle].at), .middle, "t m")
    }
  }

  private static func day(_ at: Instant) -> String { String(Format.time(at).prefix(10)) }

  /// Circle: pass; triangle: inconclusive; cross: fail.
  static func mark(_ svg: inout SVG, _ verdict: Verdict, _ x: Double, _ y: Double, label: String? = nil) {
    switch verdict {
    case .pass: svg.circle(x, y, 3.2, "good", label: label)
    case .inconclusive: svg.shape([(x, y - 4.6), (x + 4.4, y + 3.2), (x - 4.4, y + 3.2)], "unsure", label: label)
    case .fail:
      let (a, b) = (1.6, 4.6)
      svg.shape(
        [
          (x, y - a), (x + b - a, y - b), (x + b, y - b + a), (x + a, y), (x + b, y + b - a), (x + b - a, y + b),
          (x, y + a), (x - b + a, y + b), (x - b, y + b - a), (x - a, y), (x - b, y - b + a), (x - b + a, y - b),
        ], "bad", label: label)
    }
  }

  private static func legend(_ svg: inout SVG, y: Double) {
    var x = left + 4
    for verdict in Verdict.allCases {
      mark(&svg, verdict, x, y - 3.5)
      svg.text(x + 9, y, verdict.rawValue, .start, "t m")
      x += 36 + Double(verdict.rawValue.count) * 6
    }
  }

  private static func summary(_ trend: ReportPage.Trend, _ timed: [Double], _ target: Double?) -> String {
    let range =
      "between \(Format.duration(ms: timed.min() ?? 0)) and \(Format.duration(ms: timed.max() ?? 0)), "
      + "the latest \(trend.points.last?.restoreMs.map { Format.duration(ms: $0) } ?? "not restored")"
    let over = target.map { target in timed.count { $0 > target } }
    let objective = target.map { "; the objective of \(Format.duration(ms: $0)) was missed \(over ?? 0) times" } ?? ""
    let counts = Verdict.allCases.map { verdict in "\(trend.points.count { $0.verdict == verdict }) \(verdict.rawValue)"
    }
    return "\(range)\(objective). \(counts.joined(separator: ", "))."
  }
}
