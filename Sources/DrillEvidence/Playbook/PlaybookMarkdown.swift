import DrillModel

extension Playbook {
  /// The pages as one Markdown document: `firedrill playbook`. What people wrote is shown as text, whatever is in it.
  public func markdown() -> String {
    var lines = ["# Playbook", ""]
    lines += ["What each code means, how to find out whether it is real, and what to do.", ""]
    if !contacts.isEmpty {
      lines += ["## Whom to call", ""]
      lines +=
        contacts.map { "- \(Playbook.escaped(Playbook.words($0, nil)))\(Playbook.deadlines($0.governance))" } + [""]
    }
    for kind in PlaybookPage.Kind.allCases {
      let pages = pages.filter { $0.kind == kind }
      guard !pages.isEmpty else { continue }
      lines +=
        kind == .finding
        ? ["## What is wrong", ""] : ["## What could not be looked at", "", "It says nothing about the data.", ""]
      for page in pages { lines += section(page) }
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ page: PlaybookPage) -> [String] {
    var lines = ["### `\(page.code)`", ""]
    lines += [(page.severity.map { "*\($0.rawValue)* — " } ?? "") + page.meaning, ""]
    func list(_ title: String, _ items: [String]) {
      guard !items.isEmpty else { return }
      lines += ["**\(title)**", ""] + items.enumerated().map { "\($0 + 1). \($1)" } + [""]
    }
    list(page.kind == .finding ? "Is it real?" : "What is it?", page.confirm)
    list("What to do", page.act)
    lines += ["**It ends with**", "", page.ends, ""]
    let left = notes[page.code] ?? []
    guard !left.isEmpty else { return lines }
    lines += ["**What people noted on it before**", ""]
    lines += left.map { note in
      let place = [note.cluster, note.subject.clipped(to: 200)].filter { !$0.isEmpty }.joined(separator: ", ")
      return
        "- \(Format.time(note.at)), \(Playbook.escaped(note.who)), on \(Playbook.escaped(place)): \(Playbook.escaped(note.why))"
    }
    return lines + [""]
  }

  private static func deadlines(_ governance: Governance) -> String {
    let times = Severity.allCases.compactMap { severity in
      governance.deadlines[severity].map { "\(severity.rawValue) within \(Format.duration(ms: Double($0) * 1000))" }
    }
    return times.isEmpty ? "" : " (\(times.joined(separator: ", ")))"
  }

  /// Foreign text within a line of Markdown: neither mark-up, nor HTML, nor a new line.
  static func escaped(_ text: String) -> String {
    let plain = TerminalText.safe(
      text.split(whereSeparator: \.isNewline).joined(separator: " "))
    return plain.reduce(into: "") { escaped, character in
      switch character {
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "\\", "`", "*", "_", "[", "]", "#", "|", "~", "!": escaped += "\\\(character)"
      default: escaped.append(character)
      }
    }
  }
}
