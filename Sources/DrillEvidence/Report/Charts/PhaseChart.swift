import DrillModel

/// What a restore's time went into: phases one after the other, and the objective.
enum PhaseChart {
  static func markup(_ restore: ReportPage.RestoreFacts, id: String) -> String? {
    guard !restore.phases.isEmpty else { return nil }
    let sum = restore.phases.reduce(0) { $0 + $1.elapsedMs }
    let total = max(restore.totalMs ?? 0, sum)
    // An objective far away would press everything into the left edge.
    let target = restore.targetMs.flatMap { $0 <= total * 4 ? $0 : nil }
    let unit = TimeUnit(forMilliseconds: max(total, target ?? 0))
    let scale = Scale(upTo: unit.value(max(total, target ?? 0)))
    let (left, right, row, top) = (86.0, 300.0, 21.0, 24.0)
    let bottom = top + Double(restore.phases.count) * row
    var svg = SVG(
      id: id, height: bottom + 34, title: "Restore time by phase",
      summary: summary(restore, total: total))
    for mark in scale.marks {
      let x = left + scale.position(mark, on: right - left)
      svg.line(x, top - 4, x, bottom, "grid")
      svg.text(x, bottom + 13, mark.markText, .middle, "t m")
    }
    svg.text((left + right) / 2, bottom + 28, "time since the backup was located, \(unit.rawValue)", .middle, "t m")
    var begun = 0.0
    for (index, phase) in restore.phases.enumerated() {
      let y = top + Double(index) * row
      let name = phase.phase.rawValue.replacing("-", with: " ")
      let x = left + scale.position(unit.value(begun), on: right - left)
      let end = left + scale.position(unit.value(begun + phase.elapsedMs), on: right - left)
      svg.text(left - 8, y + 12.5, name, .end)
      svg.rect(x, y + 3, max(end - x, 1.5), row - 8, "bar", label: "\(name): \(Format.duration(ms: phase.elapsedMs))")
      svg.text(right + 8, y + 12.5, Format.duration(ms: phase.elapsedMs), .start)
      begun += phase.elapsedMs
    }
    if let target {
      let x = left + scale.position(unit.value(target), on: right - left)
      svg.line(x, top - 6, x, bottom, "limit")
      svg.text(min(x, right), top - 10, "RTO \(Format.duration(ms: target))", x > 250 ? .end : .middle, "t m")
    } else if let far = restore.targetMs {
      svg.text(right, top - 10, "RTO \(Format.duration(ms: far)), far to the right →", .end, "t m")
    }
    return svg.markup
  }

  private static func summary(_ restore: ReportPage.RestoreFacts, total: Double) -> String {
    let parts = restore.phases.map {
      "\($0.phase.rawValue.replacing("-", with: " ")) \(Format.duration(ms: $0.elapsedMs))"
    }
    let target = restore.targetMs.map { "; the objective is \(Format.duration(ms: $0))" } ?? "; no objective is set"
    return "\(Format.duration(ms: total)) in all: \(parts.joined(separator: ", "))\(target)."
  }
}
