import DrillModel

/// A retention plan for people: each backup with what becomes of it and why, and at the end what to do.
public struct RetentionText: Sendable {
  public var plan: RetentionPlan

  public init(_ plan: RetentionPlan) { self.plan = plan }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    header(&page)
    page.gap()
    page.table(
      plan.lines.map { line in
        [
          word(line.outcome), Span(line.backup), Span(line.retention ?? (line.cluster == nil ? "?" : "ordinary")),
          Span(line.cut.map { age($0) } ?? "?"), Span(line.why.joined(separator: "; "), .dim),
        ]
      }, rightAligned: [3])
    for part in plan.coverage {
      page.gap()
      page.field(
        "Coverage",
        [
          "\(part.of): \(Format.count(part.coverage.examined)) of \(Format.amount(part.coverage.declared, part.coverage.unit))"
        ])
      for (reason, amount) in part.coverage.skipped.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        page.field("", ["\(Format.amount(amount, part.coverage.unit)): \(reason.rawValue)"])
      }
    }
    page.gap()
    for finding in plan.findings {
      page.paragraph(
        [Span(finding.code.rawValue, .bad), "  \(finding.subject): \(finding.expected); \(finding.observed)"],
        hanging: 2)
    }
    for obstacle in plan.obstacles {
      page.paragraph([Span("could not look", .unsure), "  \(obstacle.subject): \(obstacle.detail)"], hanging: 2)
    }
    for note in plan.notes { page.paragraph([Span(note, .dim)]) }
    for code in plan.findings.map(\.code).uniqued() { page.paragraph(["→ \(code.action)"], hanging: 2) }
    page.paragraph([Span("Nothing was deleted: this command never does.", .dim)])
    return page.text
  }

  private func header(_ page: inout Page) {
    let (word, tone): (String, Span.Tone) =
      switch plan.verdict {
      case .pass: ("PASS", .good)
      case .fail: ("REFUSED", .bad)
      case .inconclusive: ("INCONCLUSIVE", .unsure)
      }
    func count(_ outcome: RetentionPlan.Line.Outcome) -> Int { plan.lines.count { $0.outcome == outcome } }
    let freed = plan.lines.filter { $0.outcome == .drop }.reduce(0) { $0 &+ ($1.bytes ?? 0) }
    var parts = [
      "keeps \(Format.count(count(.keep)))", "would drop \(Format.count(count(.drop))) (\(Format.bytes(freed)))",
    ]
    if count(.refused) > 0 { parts.append("\(Format.count(count(.refused))) that it would drop must stay") }
    if count(.doubtful) > 0 { parts.append("\(Format.count(count(.doubtful))) doubtful") }
    page.paragraph([
      Span(word, tone), "  ",
      Span("\(plan.rule) of \(Format.plural(plan.lines.count, "backup")) \(parts.joined(separator: ", "))", .strong),
      Span(" at \(Format.time(plan.plannedAt))", .dim),
    ])
  }

  private func word(_ outcome: RetentionPlan.Line.Outcome) -> Span {
    switch outcome {
    case .keep: Span("keep", .good)
    case .drop: Span("drop", .strong)
    case .refused: Span("REFUSED", .bad)
    case .doubtful: Span("doubtful", .unsure)
    }
  }

  private func age(_ cut: Instant) -> String {
    let milliseconds = plan.plannedAt.milliseconds(since: cut)
    return milliseconds < 0 ? "later" : "\(Format.duration(ms: milliseconds)) old"
  }
}
