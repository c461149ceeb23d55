/// What verifying a ledger found, for people: `firedrill ledger verify`.
public struct VerificationText: Sendable {
  public var verification: LedgerVerification

  public init(_ verification: LedgerVerification) { self.verification = verification }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let result = verification
    page.paragraph([
      Span(result.isSound ? "SOUND" : "DAMAGED", result.isSound ? .good : .bad), "  ",
      Span(
        result.isSound
          ? "the tree of \(Format.count(result.size)) leaves is what was recorded"
          : "\(Format.plural(result.problems.count, "problem")) in a ledger of \(Format.count(result.size)) leaves",
        .strong),
    ])
    for problem in result.problems {
      page.paragraph([Span(problem.code.rawValue, .bad), "  \(problem.detail)"], indent: 2, hanging: 6)
    }
    if !result.isSound {
      page.paragraph(
        [
          "→ Keep this file as it is. Look for a copy of the ledger that an anchored tree head confirms, and find out who could write here."
        ], indent: 2,
        hanging: 4)
    }
    page.gap()
    page.field("Ledger", ["\(result.origin)"])
    page.field("Tree", [Span(result.root.map { "root \($0)" } ?? "no root: it cannot be computed past the damage")])
    page.field("Heads", ["\(Format.count(result.headsExamined)) recomputed"])
    page.field(
      "Details",
      [
        "\(Format.count(result.detailsExamined)) read and compared with their digests, \(Format.count(result.detailsDropped)) dropped by age"
      ])
    anchors(&page)
    return page.text
  }

  private func anchors(_ page: inout Page) {
    for anchor in verification.anchors {
      let size = anchor.size.map { Format.plural($0, "leaf", "leaves") } ?? "no head"
      let (word, tone): (String, Span.Tone) =
        switch anchor.outcome {
        case .confirmed: ("confirmed", .good)
        case .refuted: ("refuted", .bad)
        case .foreign: ("another ledger's", .unsure)
        case .notCompared: ("not compared", .unsure)
        }
      page.field("Anchor", [Span(word, tone), ": \(size), \(signed(anchor)) in \(anchor.place)"])
    }
    let open = verification.size - verification.anchoredSize
    if verification.anchoredSize == 0 {
      page.field("Anchor", [Span("none of this ledger was given: that its end was cut off would not be seen", .unsure)])
    } else if open > 0 {
      page.field(
        "", ["the last \(Format.plural(open, "leaf", "leaves")) \(open == 1 ? "is" : "are") anchored nowhere yet"])
    }
  }

  private func signed(_ anchor: AnchorCheck) -> String {
    switch anchor.signature {
    case .none: "not signed"
    case .trusted: "signed by \(anchor.key ?? "a trusted key")"
    case .untrusted: "signed, but no key that is trusted here verifies it"
    }
  }
}
