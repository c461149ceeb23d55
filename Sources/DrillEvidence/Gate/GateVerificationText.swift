import DrillModel

/// What became of a decision, for people: `firedrill gate verify`.
public struct GateVerificationText: Sendable {
  public var verification: GateVerification
  public init(_ verification: GateVerification) { self.verification = verification }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let accepted = verification.isAccepted
    let name = verification.decision?.decision ?? "this file"
    page.paragraph([
      Span(accepted ? "STANDS" : "REFUSED", accepted ? .good : .bad), "  ",
      Span(accepted ? "\(name) is open" : "\(name) lets nobody cut over", .strong),
    ])
    for refusal in verification.refusals {
      page.paragraph([Span(refusal.code.rawValue, .bad), "  \(refusal.detail)"], indent: 2, hanging: 6)
    }
    if !accepted { page.paragraph(["→ Decide again: `firedrill gate POLICY.yaml --key KEY`."], indent: 2, hanging: 4) }
    page.gap()
    if let decision = verification.decision {
      page.field(
        "Policy", ["\(decision.policyName), stage \(decision.stage.rawValue), sha256 \(decision.policy.short)"])
      page.field("Clusters", ["\(decision.clusters.joined(separator: ", "))"])
      page.field("Decided", ["\(Format.time(decision.decidedAt)), stands until \(Format.time(decision.expires))"])
    }
    page.field(
      "Signed by",
      [
        verification.signers.isEmpty
          ? Span("no key that is trusted here", .bad) : Span(verification.signers.joined(separator: ", "))
      ])
    page.field(
      "Ledger",
      [
        verification.isHeldAgainstLedger
          ? "held against it" : Span("not held against one: nothing newer was looked for", .unsure)
      ])
    return page.text
  }
}
