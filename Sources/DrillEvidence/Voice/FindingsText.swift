public import DrillModel

/// Findings outside of a run, in words.
public enum FindingsText {
  /// Why nothing was sealed: each finding, and what to do once for each kind.
  public static func refused(_ findings: [Finding]) -> String {
    "nothing was sealed: \(Format.plural(findings.count, "finding"))\n" + listed(findings)
  }

  /// Each finding, and what to do once for each kind; foreign text in it is harmless on a terminal.
  public static func listed(_ findings: [Finding]) -> String {
    var lines: [String] = []
    for finding in findings.prefix(20) {
      lines.append(
        "\(finding.code.rawValue)  \(finding.subject): expected \(finding.expected); observed \(finding.observed)")
    }
    if findings.count > 20 { lines.append("and \(findings.count - 20) more") }
    for code in findings.map(\.code).uniqued() { lines.append("→ \(code.rawValue): \(code.action)") }
    return lines.map(TerminalText.safe).joined(separator: "\n")
  }
}
