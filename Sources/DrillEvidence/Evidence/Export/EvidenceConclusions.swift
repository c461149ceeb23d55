import DrillModel

/// What is concluded from the history rather than recorded in it, as of the end of the period.
struct EvidenceConclusions {
  static let missedKind = "missed-drill"
  static let findingKind = "finding"
  static let policyKind = "policy-change"

  /// Drills whose absence became a fact within the period.
  var missed: [MissedDrill]
  /// Findings that were open, seen or closed in the period.
  var findings: [FollowedFinding]
  var policyChanges: [PolicyChange]
  /// Leaves on which these rest, wherever they lie.
  var supporting: Set<Int>
  /// Leaf by run, of finished runs.
  var leaves: [String: Int]

  init(_ history: History, whole: History, scope: EvidenceScope) {
    // What had become a fact when the period began was told then, and what had not is told now: a due time whose grace reaches over the border is
    // in neither otherwise.
    var start = scope
    start.to = scope.from
    let before = Set(whole.within(start).missedDrills(at: scope.from))
    missed = history.missedDrills(at: scope.to).filter { !before.contains($0) }
    findings = history.findings(at: scope.to).filter { finding in
      finding.isOpen || finding.lastSeenAt >= scope.from || finding.closedAt.map { $0 >= scope.from } ?? false
    }
    policyChanges = history.policyChanges().filter { change in
      change.at >= scope.from || scope.previousSize.map { change.leaf >= $0 } ?? false
    }
    leaves = Dictionary(history.runs.map { ($0.body.run, $0.leaf) }, uniquingKeysWith: { first, _ in first })
    supporting = Set(history.schedules.map(\.leaf))
    for finding in findings { supporting.formUnion(basis(of: finding, history)) }
    for change in policyChanges { supporting.formUnion([change.leaf] + [leaves[change.before]].compactMap { $0 }) }
  }

  /// The leaves of the first and the last run that saw a finding, of the one that resolved it, and of what people said of it.
  func basis(of finding: FollowedFinding, _ history: History? = nil) -> [Int] {
    let runs = [finding.runs.first, finding.runs.last, finding.closedBy].compactMap { $0 }.compactMap { leaves[$0] }
    let actions = history?.findingActions.filter { $0.body.finding == finding.id }.map(\.leaf) ?? []
    return Set(runs + actions).sorted()
  }
}
