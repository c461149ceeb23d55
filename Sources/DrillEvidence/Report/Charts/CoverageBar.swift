import DrillModel

/// A small bar: filled as far as was examined, hatched where not. The numbers stand beside it.
enum CoverageBar {
  static func markup(_ coverage: Coverage) -> String {
    let width = 120.0
    let share = coverage.share ?? 0
    // Something skipped is seen, however little.
    let filled = coverage.examined == coverage.declared ? width * share : min(width * share, width - 3)
    let text = "\(Format.share(coverage.examined, of: coverage.declared)) examined"
    return """
      <svg class="bar-s" viewBox="0 0 120 10" role="img" aria-label="\(MarkupText.escaped(text))">\
      <rect x="0.5" y="0.5" width="119" height="9" class="hb"/>\
      <path d="M\(hatches(from: filled, to: width))" class="hl"/>\
      <rect x="0" y="0" width="\(SVG.number(filled))" height="10" class="equal"/></svg>
      """
  }

  private static func hatches(from: Double, to: Double) -> String {
    let starts = stride(from: (from / 5).rounded(.up) * 5, to: to, by: 5)
    let lines = starts.map { "\(SVG.number($0)) 10L\(SVG.number(min($0 + 5, to))) 0" }
    return lines.isEmpty ? "0 0" : lines.joined(separator: "M")
  }
}
