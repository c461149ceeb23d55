import DrillModel

/// A decision as Markdown: a table that a ticket or a pull request can hold.
public struct GateMarkdown: Sendable {
  public var decision: GateDecision
  public init(_ decision: GateDecision) { self.decision = decision }

  public var text: String {
    var lines = [
      "# Gate \(safe(decision.policyName)): \(decision.outcome.rawValue)", "",
      "Stage **\(decision.stage.rawValue)**, decided \(Format.time(decision.decidedAt)), stands until \(Format.time(decision.expires)).",
      "", "| | cluster | clause | required | measured | fact |", "|---|---|---|---|---|---|",
    ]
    for status in ClauseStatus.allCases {
      for result in decision.clauses where result.status == status {
        let leaves = result.facts.count > 3 ? [] : result.facts.map { "leaf \($0.leaf)" }
        let fact = result.reason + (leaves.isEmpty ? "" : " (\(leaves.joined(separator: ", ")))")
        let cells = [mark(status), result.cluster, result.clause, result.required, result.measured, fact]
        lines.append("| \(cells.map(safe).joined(separator: " | ")) |")
      }
    }
    if decision.statedClauses == 0 { lines += ["", "The policy states no clause for this stage; that opens nothing."] }
    if !decision.notExamined.isEmpty {
      lines += ["", "## Not examined", "", "| cluster | what | how much | why |", "|---|---|---|---|"]
      for item in decision.notExamined {
        let amount = item.unit.flatMap { unit in item.amount.map { Format.amount($0, unit) } } ?? ""
        lines.append("| \([item.cluster, item.what, amount, item.why].map(safe).joined(separator: " | ")) |")
      }
    }
    let steps = decision.clauses.compactMap { result in result.nextStep.map { "- `\(result.clause)`: \(safe($0))" } }
    if !steps.isEmpty { lines += ["", "## What to do", ""] + steps.uniqued() }
    lines += [
      "", "## Bound to", "",
      "- ledger `\(decision.ledger.origin)`, \(Format.plural(decision.ledger.size, "leaf", "leaves")), root `\(decision.ledger.root)`",
    ]
    for binding in decision.bindings {
      lines.append(
        "- \(safe(binding.cluster)): epoch \(binding.epoch.map(String.init) ?? "not recorded"), cut \(binding.cut.map { Format.time($0.time) } ?? "not recorded"), fingerprint \(binding.fingerprintRoot.map { "`\($0)`" } ?? "not recorded"), run \(binding.run.map(safe) ?? "none")"
      )
    }
    lines.append("- policy sha256 `\(decision.policy)`, decision \(safe(decision.decision))")
    return lines.joined(separator: "\n") + "\n"
  }

  private func mark(_ status: ClauseStatus) -> String {
    switch status {
    case .met: "met"
    case .notMet: "NOT MET"
    case .cannotBeTold: "cannot be told"
    }
  }

  /// Text that is a table's cell and nothing else: no markup, no HTML, one line. Source: CommonMark 0.31, 2.4; GFM, tables.
  private func safe(_ text: String) -> String {
    TerminalText.safe(text).reduce(into: "") { safe, letter in
      switch letter {
      case "&": safe += "&amp;"
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "\\", "|", "`", "*", "_", "[", "]", "#", "!", "~": safe += "\\\(letter)"
      default: safe.append(letter)
      }
    }
  }
}
