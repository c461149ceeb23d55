import DrillModel

/// A decision as JUnit XML: a test case per clause and cluster; not met is a failure, what cannot be told an error.
///
/// Source: the schema of Jenkins' xUnit plugin, `junit-10.xsd`.
public struct GateJUnit: Sendable {
  public var decision: GateDecision
  public init(_ decision: GateDecision) { self.decision = decision }

  public var text: String {
    let cases = decision.clusters.map { cluster in (cluster, decision.clauses.filter { $0.cluster == cluster }) }
    var lines = [
      #"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites\(counts(decision.clauses + bare.map(\.result)))>",
    ]
    for (cluster, results) in cases {
      lines += suite("\(decision.policyName).\(decision.stage.rawValue).\(cluster)", results)
    }
    // A policy without a clause has nothing that fails, and is not open.
    for (name, result) in bare { lines += suite(name, [result]) }
    lines.append("</testsuites>")
    return lines.joined(separator: "\n") + "\n"
  }

  private var bare: [(name: String, result: ClauseResult)] {
    guard decision.statedClauses == 0 else { return [] }
    let result = ClauseResult(
      NoClause(), stage: decision.stage, cluster: "",
      .cannotBeTold("a policy without a clause opens nothing", measured: "none"))
    return [("\(decision.policyName).\(decision.stage.rawValue)", result)]
  }

  private struct NoClause: GateClause {
    static var name: String { "clauses" }
    var required: String { "at least one clause" }
    var nextStep: String { "Give the policy clauses." }
    func evaluate(_ facts: ClusterFacts) -> ClauseOutcome { .cannotBeTold("") }
  }

  private func suite(_ name: String, _ results: [ClauseResult]) -> [String] {
    let time = decision.decidedAt.description.prefix(19)
    return [
      #"  <testsuite name="\#(safe("gate \(name)"))"\#(counts(results)) skipped="0" timestamp="\#(time)">"#
    ] + results.flatMap { testCase($0, of: name) } + ["  </testsuite>"]
  }

  private func counts(_ results: [ClauseResult]) -> String {
    let failures = results.count { $0.status == .notMet }
    let errors = results.count { $0.status == .cannotBeTold }
    return #" tests="\#(results.count)" failures="\#(failures)" errors="\#(errors)" time="0""#
  }

  private func testCase(_ result: ClauseResult, of suite: String) -> [String] {
    let open =
      #"    <testcase name="\#(safe("\(result.clause): \(result.required)"))" classname="\#(safe("gate.\(suite)"))" time="0""#
    let element: String
    switch result.status {
    case .met: return [open + "/>"]
    case .notMet: element = "failure"
    case .cannotBeTold: element = "error"
    }
    let leaves = result.facts.prefix(20).map { fact in "leaf \(fact.leaf)\(fact.run.map { " \($0)" } ?? "")" }
    let body = [
      "required: \(result.required)", "measured: \(result.measured)", result.reason, result.nextStep ?? "",
      leaves.joined(separator: ", "),
    ].filter { !$0.isEmpty }.joined(separator: "\n")
    return [
      open + ">",
      #"      <\#(element) type="\#(safe(result.clause))" message="\#(safe(result.reason))">\#(safe(body))</\#(element)>"#,
      "    </testcase>",
    ]
  }

  /// Text as XML 1.0 may hold it: markup escaped, characters that it has no form for left out, and controls that it merely discourages too.
  ///
  /// Source: XML 1.0 (Fifth Edition), production [2] Char.
  private func safe(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { safe, scalar in
      switch scalar {
      case "&": safe += "&amp;"
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "\"": safe += "&quot;"
      case "'": safe += "&#39;"
      case "\n": safe += "&#10;"
      case "\t": safe += " "
      default:
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0xFFFE...0xFFFF: break
        // Marks that hide text or turn its direction, as on a terminal.
        case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF: break
        default: safe.unicodeScalars.append(scalar)
        }
      }
    }
  }
}
