public import DrillModel

/// A decision for people at a terminal: what keeps the gate shut first, what to do about it last.
public struct GateText: Sendable {
  public var decision: GateDecision
  /// Why the ledger does not hold it.
  public var recordingError: DrillError?

  public init(_ decision: GateDecision, recordingError: DrillError? = nil) {
    self.decision = decision
    self.recordingError = recordingError
  }

  /// How much of what was not examined is listed; JSON and Markdown have all of it.
  private static let most = 12

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    header(&page)
    page.gap()
    clauses(&page)
    notExamined(&page)
    page.gap()
    page.field(
      "Stands", ["until \(Format.time(decision.expires)), while no newer epoch, cut or failing run is recorded"])
    for binding in decision.bindings { page.field("", [Span(words(binding))]) }
    page.field("Ledger", ["\(decision.ledger.origin), \(Format.plural(decision.ledger.size, "leaf", "leaves"))"])
    page.field("Policy", ["\(decision.policyName), sha256 \(decision.policy.short)"])
    page.field("Decision", ["\(decision.decision)"])
    next(&page)
    return page.text
  }

  private func header(_ page: inout Page) {
    let (word, tone): (String, Span.Tone) =
      switch decision.outcome {
      case .open: ("OPEN", .good)
      case .closed: ("CLOSED", .bad)
      case .inconclusive: ("INCONCLUSIVE", .unsure)
      }
    page.paragraph([
      Span(word, tone), "  ",
      Span(
        "\(decision.policyName), stage \(decision.stage.rawValue): \(decision.clusters.joined(separator: ", "))",
        .strong),
    ])
    page.paragraph([Span(sentence)], indent: 2)
  }

  private var sentence: String {
    func count(_ status: ClauseStatus) -> Int { decision.clauses.count { $0.status == status } }
    if decision.statedClauses == 0 { return "the policy states no clause for this stage; that opens nothing" }
    let parts = [
      count(.notMet) > 0 ? "\(Format.plural(count(.notMet), "clause")) not met" : nil,
      count(.cannotBeTold) > 0 ? "\(Format.plural(count(.cannotBeTold), "clause")) cannot be told" : nil,
      "\(Format.count(count(.met))) met",
    ]
    return parts.compactMap { $0 }.joined(separator: ", ") + " at \(Format.time(decision.decidedAt))"
  }

  private func clauses(_ page: inout Page) {
    for cluster in decision.clusters {
      if decision.clusters.count > 1 { page.paragraph([Span(cluster, .strong)]) }
      let results = decision.clauses.filter { $0.cluster == cluster }
      let width = results.map { $0.clause.count }.max() ?? 0
      for status in ClauseStatus.allCases {
        for result in results where result.status == status { line(&page, result, name: width) }
      }
    }
  }

  /// Mark, name, what is required, what is so, and the fact: one line where there is room.
  private func line(_ page: inout Page, _ result: ClauseResult, name width: Int) {
    let (mark, tone): (String, Span.Tone) =
      switch result.status {
      case .met: ("✓", .good)
      case .notMet: ("✗", .bad)
      case .cannotBeTold: ("?", .unsure)
      }
    let leaf = result.facts.count == 1 ? " (leaf \(result.facts[0].leaf))" : ""
    page.paragraph(
      [
        Span(mark, tone), " ", Span(result.clause.padded(to: width), result.status == .met ? .plain : .strong), "  ",
        "\(result.required): ", Span(result.measured, result.status == .met ? .strong : tone), ". ",
        Span(result.reason + leaf, .dim),
      ], hanging: width + 4)
  }

  private func notExamined(_ page: inout Page) {
    guard !decision.notExamined.isEmpty else { return }
    page.gap()
    page.paragraph([Span("Not examined", .strong)])
    for item in decision.notExamined.prefix(GateText.most) {
      let amount = item.unit.flatMap { unit in item.amount.map { ", \(Format.amount($0, unit))" } } ?? ""
      page.paragraph(["\(item.cluster): \(item.what)\(amount): \(item.why)"], indent: 2, hanging: 4)
    }
    let more = decision.notExamined.count - GateText.most
    if more > 0 { page.paragraph([Span("… and \(more) more (--format json)", .dim)], indent: 2) }
  }

  private func words(_ binding: ClusterBinding) -> String {
    let parts = [
      binding.epoch.map { "epoch \($0)" }, binding.cut.map { "cut of \(Format.time($0.time))" },
      binding.fingerprintRoot.map { "fingerprint \($0.short)" }, binding.run,
    ]
    let known = parts.compactMap { $0 }
    return "\(binding.cluster): \(known.isEmpty ? "nothing is recorded" : known.joined(separator: ", "))"
  }

  private func next(_ page: inout Page) {
    var steps = ClauseStatus.allCases.filter { $0 != .met }.flatMap { status in
      decision.clauses.filter { $0.status == status }.compactMap { result in
        result.nextStep.map { "\(result.clause): \($0)" }
      }
    }.uniqued()
    if decision.statedClauses == 0 {
      steps = ["Give the policy clauses under \(decision.stage == .final ? "readiness: or final:" : "readiness:")."]
    }
    if let recordingError { steps.insert("This decision is NOT recorded: \(recordingError)", at: 0) }
    guard !steps.isEmpty else { return }
    page.gap()
    for step in steps.prefix(5) { page.paragraph(["→ \(step)"], hanging: 2) }
  }
}
