package import DrillModel

/// The checks that a run is composed of: all of them. Only tests leave one out, to see what it alone finds; nothing that a user can set
/// leads here.
package struct CheckSet: Sendable {
  private let omitted: Check?

  package static let all = CheckSet(omitted: nil)

  package static func without(_ check: Check) -> CheckSet { CheckSet(omitted: check) }

  package func contains(_ code: FindingCode) -> Bool { omitted.map { Check(code) != $0 } ?? true }

  package func judged(_ findings: [Finding]) -> [Finding] {
    omitted == nil ? findings : findings.filter { contains($0.code) }
  }

  /// What the checks of the set conclude. Where one is left out that found something, nothing was compared by it either.
  package func judged(_ judgement: Judgement) -> Judgement {
    guard omitted != nil else { return judgement }
    var kept = judgement
    kept.findings = judged(judgement.findings)
    if kept.findings.count < judgement.findings.count { kept.comparisons.removeAll { !$0.isEqual } }
    return kept
  }
}
