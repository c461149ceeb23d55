import DrillModel

/// At most so many findings are open past their deadline.
public struct OverdueFindingsClause: GateClause {
  public static var name: String { "overdue_findings" }
  public var atMost: Int
  public init(atMost: Int) { self.atMost = atMost }

  public var required: String { "at most \(Format.count(atMost))" }
  public var nextStep: String { "`firedrill findings list` names them and who answers for them." }

  public func evaluate(_ facts: ClusterFacts) -> ClauseOutcome {
    guard !facts.allRuns.isEmpty else { return .cannotBeTold(facts.nothingRan) }
    let open = facts.findings.filter(\.isOpen)
    let overdue = open.filter { $0.isOverdue(at: facts.now) }
    // Where nobody set a deadline nothing is ever overdue: that says nothing of what is open.
    let unlimited = open.filter { $0.deadline == nil }
    let named = overdue.prefix(3).map { "\($0.id) \($0.code.rawValue)" }
    let reason =
      overdue.isEmpty
      ? "\(Format.plural(open.count, "finding")) open, none past its deadline"
      : "overdue: \(named.joined(separator: ", "))\(overdue.count > 3 ? " and \(overdue.count - 3) more" : "")"
    let runs = Set((overdue.isEmpty ? unlimited : overdue).compactMap(\.runs.last))
    let cited = facts.allRuns.filter { runs.contains($0.body.run) }.map { RecordedFact($0) }
    if overdue.count <= atMost, !unlimited.isEmpty, overdue.count + unlimited.count > atMost {
      return .cannotBeTold(
        "\(Format.plural(unlimited.count, "open finding")) without a deadline: the drill's governance: sets none",
        measured: Format.plural(unlimited.count, "finding"), facts: cited)
    }
    return .decided(
      overdue.count <= atMost, measured: Format.count(overdue.count), reason: reason, facts: cited,
      quantity: ComparedQuantity(required: Double(atMost), measured: Double(overdue.count), unit: "findings"))
  }
}
