import DrillModel

/// Recorded runs below each other, the latest first: `firedrill ledger list`.
public struct RunListing: Sendable {
  public var entries: [RunEntry]

  public init(_ entries: [RunEntry]) { self.entries = entries }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    guard !entries.isEmpty else {
      page.paragraph(["no runs are recorded"])
      return page.text
    }
    let heading = ["started", "verdict", "level", "wrong", "restore", "run"].map { Span($0, .dim) }
    page.table([heading] + entries.map(row), rightAligned: [3, 4])
    return page.text
  }

  private func row(_ entry: RunEntry) -> [Span] {
    let outcome = entry.outcome
    let verdict: Span =
      switch outcome?.verdict {
      case .pass?: Span("pass", .good)
      case .inconclusive?: Span("inconclusive", .unsure)
      case .fail?: Span("fail", .bad)
      case nil: Span(entry.state.rawValue, .unsure)
      }
    return [
      Span(Format.time(entry.startedAt)), verdict,
      Span(outcome.map { $0.level.rawValue + ($0.isUnsealed ? ", unsealed" : "") } ?? ""),
      Span(outcome.map { Format.count($0.findings.values.reduce(0, +)) } ?? ""),
      Span(outcome.map { $0.restoreMs > 0 ? Format.duration(ms: $0.restoreMs) : "–" } ?? ""), Span(entry.run),
    ]
  }
}
