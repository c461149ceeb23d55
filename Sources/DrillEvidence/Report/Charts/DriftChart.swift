import DrillModel

/// Differences between the restored copy and a later state, run by run: a row of bars for each cause.
enum DriftChart {
  private struct Row {
    var cause: Drift.Cause
    var attribution: Drift.Attribution
    var counts: [UInt64?]
    var highest: UInt64 { counts.compactMap { $0 }.max() ?? 0 }
  }

  static func markup(_ trend: ReportPage.Trend, id: String) -> String? {
    let rows = rows(trend.points)
    guard trend.points.contains(where: { $0.drift != nil }) else { return nil }
    let (left, right) = (TrendChart.left, TrendChart.right)
    let (labelHeight, barHeight, top) = (16.0, 30.0, 8.0)
    let step = labelHeight + barHeight + 8
    let bottom = top + step * Double(max(rows.count, 1))
    var svg = SVG(
      id: id, height: bottom + 26,
      title: "Drift by cause over \(Format.plural(trend.points.count, "run")) of \(trend.drill)",
      summary: summary(rows, trend))
    svg.defineHatch()
    let places = TrendChart.places(trend.points.count)
    let column = (right - left) / Double(max(trend.points.count, 1))
    let width = min(max(column - 2, 1), 14)
    if rows.isEmpty { svg.text(left, top + 24, "no difference in any run that looked", .start) }
    for (index, row) in rows.enumerated() {
      let base = top + step * Double(index) + labelHeight + barHeight
      svg.text(2, base - barHeight - 5, "\(row.attribution.rawValue): \(row.cause.rawValue)".clipped(to: 62), .start)
      svg.line(left, base, right, base, "axis")
      svg.text(left - 6, base - barHeight + 8, Format.count(row.highest), .end, "t m")
      svg.text(left - 6, base, "0", .end, "t m")
      for (position, point) in trend.points.enumerated() {
        let label = Format.time(point.at)
        guard let count = row.counts[position] else {
          svg.hatched(places[position] - width / 2, base - 7, width, 7, label: "\(label): not looked for")
          continue
        }
        guard count > 0 else { continue }
        let height = max(Double(count) / Double(row.highest) * barHeight, 1.5)
        svg.rect(
          places[position] - width / 2, base - height, width, height, row.attribution.rawValue,
          label: "\(label): \(Format.plural(count, "difference"))")
      }
    }
    TrendChart.dates(&svg, trend.points, places, y: bottom + 8)
    if trend.points.contains(where: { $0.drift == nil }) {
      svg.hatched(left, bottom + 15, 10, 8)
      svg.text(left + 15, bottom + 22, "not looked for", .start, "t m")
    }
    return svg.markup
  }

  private static func rows(_ points: [ReportPage.Trend.Point]) -> [Row] {
    let causes = Set(points.flatMap { ($0.drift ?? []).map(\.cause) })
    let rows = causes.compactMap { cause -> Row? in
      let tallies = points.flatMap { ($0.drift ?? []).filter { $0.cause == cause } }
      guard let attribution = tallies.map(\.attribution).min(by: { RunSource.rank($0) < RunSource.rank($1) }) else {
        return nil
      }
      let counts = points.map { $0.drift.map { $0.filter { $0.cause == cause }.reduce(0) { $0 + $1.count } } }
      return Row(cause: cause, attribution: attribution, counts: counts)
    }
    return rows.sorted {
      (RunSource.rank($0.attribution), $1.highest, $0.cause.rawValue)
        < (RunSource.rank($1.attribution), $0.highest, $1.cause.rawValue)
    }
  }

  private static func summary(_ rows: [Row], _ trend: ReportPage.Trend) -> String {
    guard !rows.isEmpty else { return "No difference was seen in any run that looked for drift." }
    let parts = rows.map { row in
      let last = row.counts.last ?? nil
      return "\(row.attribution.rawValue), \(row.cause.rawValue): at most \(Format.count(row.highest)), "
        + "in the latest run \(last.map { Format.count($0) } ?? "not looked for")"
    }
    return parts.joined(separator: "; ") + "."
  }
}
