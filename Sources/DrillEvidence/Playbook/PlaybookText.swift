import DrillModel

extension Playbook {
  /// The pages for a terminal: `firedrill explain`.
  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    for entry in pages {
      page.gap()
      show(entry, on: &page)
    }
    return page.text
  }

  private func show(_ entry: PlaybookPage, on page: inout Page) {
    page.paragraph([
      Span(entry.code, .strong), "  ",
      entry.severity.map { Span("finding, \($0.rawValue)", $0 >= .high ? .bad : .unsure) }
        ?? Span("could not look: says nothing about the data", .unsure),
    ])
    page.paragraph([Span(entry.meaning)])
    func list(_ title: String, _ items: [String]) {
      guard !items.isEmpty else { return }
      page.gap()
      page.paragraph([Span(title, .strong)])
      for (index, item) in items.enumerated() {
        page.paragraph([Span("\(index + 1). \(item.replacing("`", with: ""))")], indent: 2, hanging: 5)
      }
    }
    list(entry.kind == .finding ? "Is it real?" : "What is it?", entry.confirm)
    list("What to do", entry.act)
    list("Whom to call", contacts.map { Playbook.words($0, entry.severity) })
    if contacts.isEmpty {
      page.gap()
      page.paragraph([
        Span("Whom to call", .strong), "  no recorded drill names anybody: see governance in drills/README.md",
      ])
    }
    page.gap()
    page.paragraph([Span("It ends with", .strong), "  ", Span(entry.ends.replacing("`", with: ""))], hanging: 2)
    let left = notes[entry.code] ?? []
    guard !left.isEmpty else { return }
    page.gap()
    page.paragraph([Span("What people noted on it before", .strong)])
    for note in left {
      page.paragraph(
        [
          Span(Format.time(note.at), .dim),
          Span("  \(note.who), on \(note.cluster) \(note.subject.clipped(to: 120)): \(note.why)"),
        ], indent: 2, hanging: 4)
    }
  }

  static func words(_ contact: Contact, _ severity: Severity?) -> String {
    let governance = contact.governance
    let chain = ([governance.owner] + governance.escalation).joined(separator: ", then ")
    let time = severity.flatMap { governance.deadlines[$0] }.map {
      "; to be resolved within \(Format.duration(ms: Double($0) * 1000))"
    }
    return "\(contact.drill)\(contact.cluster.isEmpty ? "" : " (\(contact.cluster))"): \(chain)\(time ?? "")"
  }
}
