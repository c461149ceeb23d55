import DrillModel

/// What verifying an archive found, for people: `firedrill evidence verify`.
public struct EvidenceText: Sendable {
  public var verification: EvidenceVerification

  public init(_ verification: EvidenceVerification) { self.verification = verification }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let result = verification
    page.paragraph([
      Span(result.isSound ? "GENUINE" : "REFUSED", result.isSound ? .good : .bad), "  ",
      Span(
        result.isSound
          ? "all \(Format.count(result.files)) files are those that were signed"
          : "\(Format.plural(result.problems.count, "problem")) in an archive of \(Format.plural(result.files, "file"))",
        .strong),
    ])
    for problem in result.problems.prefix(20) {
      page.paragraph([Span(problem.code.rawValue, .bad), "  \(problem.detail)"], indent: 2, hanging: 6)
    }
    if result.problems.count > 20 {
      page.paragraph([Span("… and \(result.problems.count - 20) more (--json lists all)", .dim)], indent: 2)
    }
    page.gap()
    if let manifest = result.manifest { facts(manifest, &page) }
    signers(&page)
    for text in result.notExamined { page.field("Not seen", [Span(text, .unsure)]) }
    return page.text
  }

  private func facts(_ manifest: EvidenceManifest, _ page: inout Page) {
    let result = verification
    page.field(
      "Period",
      ["\(Format.time(manifest.from)) up to \(Format.time(manifest.to)), exported \(Format.time(manifest.exportedAt))"])
    page.field(
      "Clusters", [Span(manifest.clusters.isEmpty ? "all of the ledger" : manifest.clusters.joined(separator: ", "))])
    page.field(
      "Ledger", ["\(manifest.log), \(Format.plural(manifest.size, "leaf", "leaves")), root \(manifest.root.short)"])
    guard result.leavesShown > 0 || result.statements > 0 else { return }
    let runs = result.runs
    page.field(
      "Runs",
      [
        "\(runs.pass) passed, \(runs.fail) failed, \(runs.inconclusive) inconclusive; \(Format.plural(runs.missed, "drill")) missed"
      ])
    page.field(
      "Says",
      ["\(Format.plural(result.statements, "statement")), \(Format.plural(result.leavesShown, "leaf", "leaves")) shown"]
    )
    page.field(
      "Goes on",
      [
        result.heads.isEmpty
          ? Span("from no earlier head that was given or named: what was dropped before would not be seen", .unsure)
          : Span(
            "from the trees of \(Set(result.heads).sorted().map(Format.count).joined(separator: ", ")) leaves: nothing of them was dropped or changed"
          )
      ])
  }

  private func signers(_ page: inout Page) {
    let result = verification
    if let signer = result.signers.first { page.field("Signed", ["by \(signer)"]) }
    for signOff in result.signOffs {
      page.field("Reviewed", ["by \(signOff.who), \(signOff.role), at \(Format.time(signOff.at)), with \(signOff.key)"])
    }
    if let certificate = result.certificate {
      let word = certificate.isTrusted.map { $0 ? "trusted" : "not trusted" } ?? "not followed to a root"
      page.field(
        "CMS",
        [
          Span(word, certificate.isTrusted == true ? .good : .unsure),
          ": \(certificate.holder), issued by \(certificate.issuer)",
        ])
    }
    if let stamp = result.timeStamp {
      let word = stamp.isTrusted.map { $0 ? "trusted" : "not trusted" } ?? "not followed to a root"
      page.field("Stamped", [Span(word, stamp.isTrusted == true ? .good : .unsure), ": \(Format.time(stamp.time))"])
    }
  }
}
