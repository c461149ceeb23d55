import DrillModel

/// A report as Markdown (CommonMark with tables), for an issue, a pull request or a wiki.
public struct ReportMarkdown: Sendable {
  public var page: ReportPage

  public init(_ page: ReportPage) { self.page = page }

  public func text() -> String {
    let words = ReportWords(page)
    let parts = ReportViewParts(page, links: nil)
    var text = "# \(words.standing): \(escaped(words.subject))\n\n\(escaped(page.headline))\n\n"
    for alarm in words.alarms { text += "**\(escaped(alarm))**\n\n" }
    text += "\(escaped(words.kicker)) · \(Format.time(page.generatedAt))\n\n"
    text += table(["", "", ""], parts.tiles.map { [$0.name, $0.value, $0.sub] })
    text += findings(parts, words)
    if !words.focus.isEmpty { text += "\(escaped(words.focus))\n\n" }
    text += "## Level, and why\n\n"
    text += table(
      ["level", "", "evidence, or what is missing"],
      parts.steps.map { step in
        [
          step.name + (step.required.isEmpty ? "" : " (required)"), step.tone == "good" ? "reached" : "not reached",
          ([step.claimText] + step.evidenceLines + [step.missingText]).filter { !$0.isEmpty }.joined(separator: "; "),
        ]
      })
    text += "## What was not examined\n\n"
    text +=
      parts.gaps.isEmpty
      ? "Everything that was declared was examined, and nothing stood in the way.\n\n"
      : table(["", "what", "how much", "why"], parts.gaps.map { [$0.sort, $0.what, $0.howMuch, $0.because] })
    text += "## Coverage\n\n"
    text +=
      page.coverage.isEmpty
      ? "Nothing was examined, or it is not recorded.\n\n"
      : table(
        ["part", "examined", "of", "skipped"],
        page.coverage.map(parts.coverage).map {
          [$0.part, $0.share, $0.amount, $0.skippedLines.joined(separator: "; ")]
        })
    text += times(parts) + content(parts, words)
    text += cadence()
    text += "## Runs\n\n\(escaped(words.counts))\n\n"
    if !parts.runs.isEmpty {
      text += table(
        ["started", "verdict", "level", "findings", "restore", "drift", "run"],
        parts.runs.map { [$0.time, $0.verdict, $0.levelText, $0.wrong, $0.restoreText, $0.driftText, $0.name] })
    }
    text += "## Where this comes from\n\n"
    text += table(["", ""], parts.facts.map { [$0.term, $0.lines.joined(separator: "; ")] })
    for note in page.notes { text += "- \(escaped(note))\n" }
    return text
  }

  private func findings(_ parts: ReportViewParts, _ words: ReportWords) -> String {
    var text = "## Findings\n\n"
    if parts.groups.isEmpty { text += "\(escaped(words.noFindings))\n\n" }
    for group in parts.groups {
      let times = [group.times, group.overdueText].filter { !$0.isEmpty }.map { " \($0)" }.joined()
      text += "### \(escaped(group.code))\(escaped(times)) (\(group.severity))\n\n"
      text += "\(escaped(group.meaning))\n\n→ \(group.action)\n\n\(escaped(group.ownerText))\n\n"
      for row in group.rows + group.moreRows {
        let status = row.status.isEmpty ? "" : "; \(row.status)"
        text += "- \(escaped(row.whole)): \(escaped(row.facts + status))\n"
      }
      text += group.beyond.isEmpty ? "\n" : "- \(escaped(group.beyond))\n\n"
    }
    if !parts.closed.isEmpty {
      text += "### \(escaped(parts.closedText))\n\n"
      for row in parts.closed { text += "- \(escaped("\(row.closedCode) \(row.subject): \(row.closedText)"))\n" }
      text += "\n"
    }
    return text
  }

  private func times(_ parts: ReportViewParts) -> String {
    var text = "## Restore time\n\n"
    if !page.restore.phases.isEmpty {
      text += table(
        ["phase", "time"],
        page.restore.phases.map { [$0.phase.rawValue, Format.duration(ms: $0.elapsedMs)] }
          + [["together", page.restore.totalMs.map { Format.duration(ms: $0) } ?? "–"]])
    }
    for note in parts.timeNotes { text += "\(escaped(note))\n\n" }
    guard !page.objectives.isEmpty else { return text + "The drill sets no objectives.\n\n" }
    return text
      + table(
        ["objective", "allowed", "measured", "outcome"],
        page.objectives.map(parts.objective).map { [$0.goal, $0.bound, $0.measuredText, $0.outcome] })
  }

  private func content(_ parts: ReportViewParts, _ words: ReportWords) -> String {
    var text = "## Content, answers, drift\n\n"
    for line in parts.slotLines { text += "- \(escaped(line))\n" }
    text += "\n\(escaped(words.answers))\n\n"
    if !page.latencies.isEmpty {
      text += table(
        ["latency", "operations", "p50", "p99", "p99.9", "longest"],
        page.latencies.map {
          [$0.side, Format.count($0.operations)]
            + [$0.latencyP50Us, $0.latencyP99Us, $0.latencyP999Us, $0.latencyMaxUs].map {
              Format.duration(ms: $0 / 1000)
            }
        })
      for latency in page.latencies {
        guard let offered = latency.offered else { continue }
        text += "\(escaped("\(latency.side), \(OfferedWords.latency(offered)); \(OfferedWords.rate(offered))"))\n\n"
      }
    }
    text += "\(escaped(words.drift))\n\n"
    guard !parts.drift.isEmpty else { return text }
    return text
      + table(
        ["count", "standing", "kind", "cause"], parts.drift.map { [$0.count, $0.attribution, $0.kindText, $0.cause] })
  }

  private func cadence() -> String {
    guard let words = page.cadence.map(CadenceWords.init) else { return "" }
    return "## Backup windows, and what they would lose\n\n"
      + words.lines.map { "\(escaped($0))\n\n" }.joined()
      + table(
        ["from one verified cut to the next", "length", "lost at its end", "backup", "why, and what happened in it"],
        words.rows.map {
          [
            $0.span, $0.length, $0.lostText, $0.backupName,
            ([$0.rationaleText] + $0.milestoneLines).joined(separator: "; "),
          ]
        })
  }

  private func table(_ heading: [String], _ rows: [[String]]) -> String {
    guard !rows.isEmpty else { return "" }
    let lines = [heading.map(escaped), heading.map { _ in "---" }] + rows.map { $0.map(escaped) }
    return lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined() + "\n"
  }

  /// Nothing of a value is markup, in text and in a table's cell. Source: CommonMark 0.31, section 2.4 (backslash escapes).
  private func escaped(_ text: String) -> String { ReportMarkdown.escaped(text) }

  static func escaped(_ text: String) -> String {
    TerminalText.safe(text).unicodeScalars.reduce(into: "") { escaped, scalar in
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "#", "!": escaped += "\\\(scalar)"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
  }
}
