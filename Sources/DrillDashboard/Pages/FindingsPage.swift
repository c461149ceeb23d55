import DrillEvidence
import DrillModel

/// Open findings of all clusters, overdue ones first.
struct FindingsPage {
  struct Row {
    let code: String
    let link: String
    let severity: String
    let clusterName: String
    let clusterLink: String
    let subject: String
    let state: String
    let opened: String
    let due: String
    let isLate: Bool
    let owner: String
  }

  let rows: [Row]
  let hasRows: Bool
  let headline: String
  let more: String
  private static let most = 200

  init(_ question: DashboardQuestion) {
    let memory = question.memory
    let open = memory.clusterNames.flatMap { memory.openFindings(of: $0, at: question.now) }
    let sorted = open.map { ($0.isOverdue(at: question.now) ? 0 : 1, $0) }.sorted { a, b in
      if a.0 != b.0 { return a.0 < b.0 }
      if a.1.severity != b.1.severity { return a.1.severity > b.1.severity }
      return (a.1.openedAt, a.1.id) < (b.1.openedAt, b.1.id)
    }.map(\.1)
    rows = sorted.prefix(Self.most).map { Self.row($0, at: question.now) }
    hasRows = !rows.isEmpty
    let overdue = open.count { $0.isOverdue(at: question.now) }
    headline = "\(Format.plural(open.count, "open finding")), \(Format.count(overdue)) overdue"
    more =
      open.count > Self.most ? "and \(Format.count(open.count - Self.most)) more; /api/v1/findings names every one" : ""
  }

  private static func row(_ finding: FollowedFinding, at now: Instant) -> Row {
    let isLate = finding.isOverdue(at: now)
    return Row(
      code: finding.code.rawValue, link: DashboardPath.finding(finding.id), severity: finding.severity.rawValue,
      clusterName: finding.cluster, clusterLink: DashboardPath.cluster(finding.cluster),
      subject: clipped(finding.subject.description), state: finding.state.rawValue,
      opened: Format.time(finding.openedAt),
      due: finding.deadline.map { (isLate ? "OVERDUE, was due " : "due ") + Format.time($0) } ?? "no deadline",
      isLate: isLate,
      owner: finding.governance?.owner ?? "nobody named")
  }

  static func clipped(_ text: String) -> String { text.count > 160 ? text.prefix(159) + "…" : text }
}
