import DrillModel

/// How drills' policies changed: `firedrill ledger policy-changes`.
public struct PolicyChangesText: Sendable {
  public var changes: [PolicyDifference]

  public init(_ changes: [PolicyDifference]) { self.changes = changes }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    guard !changes.isEmpty else {
      page.paragraph(["no drill ran under another policy than before"])
      return page.text
    }
    for difference in changes {
      page.gap()
      let change = difference.change
      page.paragraph([
        Span(Format.time(change.at), .dim), "  ", Span(change.drill, .strong), Span("  cluster \(change.cluster)"),
      ])
      page.paragraph(["policy \(change.from.short)… until \(change.before)"], indent: 2, hanging: 4)
      page.paragraph(["policy \(change.to.short)… since \(change.run)"], indent: 2, hanging: 4)
      guard let files = difference.files else {
        page.paragraph([Span("the texts were dropped by age", .unsure)], indent: 2)
        continue
      }
      for file in files {
        page.paragraph(
          [Span(file.name, .strong), Span(file.kind == .changed ? "" : " was \(file.kind.rawValue)")], indent: 2)
        for line in file.lines {
          page.paragraph(
            [Span("\(line.isAdded ? "+" : "-")\(line.number)  \(line.text)", line.isAdded ? .good : .bad)], indent: 4,
            hanging: 10)
        }
      }
    }
    return page.text
  }
}
