import DrillEvidence
import DrillModel

/// Open findings of all clusters by cluster and code, overdue ones first.
struct FindingsPage {
  struct Group {
    let code: String
    let times: String
    let severity: String
    let clusterName: String
    let clusterLink: String
    let overdueText: String
    let isOverdue: Bool
    let meaning: String
    let actionMarkup: String
    let ownerText: String
    let rows: [Row]
    let beyond: String
  }

  struct Row {
    let link: String
    let subject: String
    let state: String
    let isLate: Bool
  }

  let groups: [Group]
  let hasGroups: Bool
  let headline: String
  let more: String
  private static let mostGroups = 100
  private static let mostRows = 20

  private struct Key: Hashable {
    let cluster: String
    let code: FindingCode
  }

  init(_ question: DashboardQuestion) {
    let now = question.now
    let open = question.memory.clusterNames.flatMap { question.memory.openFindings(of: $0, at: now) }
    let byKey = Dictionary(grouping: open) { Key(cluster: $0.cluster, code: $0.code) }
    let counted = byKey.map { key, findings in (key, findings, findings.count { $0.isOverdue(at: now) }) }
    let ordered = counted.sorted { a, b in
      if (a.2 > 0) != (b.2 > 0) { return a.2 > 0 }
      if a.0.code.severity != b.0.code.severity { return a.0.code.severity > b.0.code.severity }
      return (a.0.cluster, a.0.code.rawValue) < (b.0.cluster, b.0.code.rawValue)
    }
    groups = ordered.prefix(Self.mostGroups).map { Self.group($0.0, $0.1, overdue: $0.2, at: now) }
    hasGroups = !groups.isEmpty
    let overdue = ordered.reduce(0) { $0 + $1.2 }
    headline = "\(Format.plural(open.count, "open finding")), \(Format.count(overdue)) overdue"
    more =
      ordered.count > Self.mostGroups
      ? "and \(Format.count(ordered.count - Self.mostGroups)) more kinds; /api/v1/findings names every one" : ""
  }

  private static func group(_ key: Key, _ findings: [FollowedFinding], overdue: Int, at now: Instant) -> Group {
    let rows = findings.prefix(mostRows).map { row($0, at: now) }
    let owners = Set(
      findings.compactMap(\.governance).map { ([$0.owner] + $0.escalation).joined(separator: ", then ") })
    return Group(
      code: key.code.rawValue, times: findings.count == 1 ? "" : "×\(Format.count(findings.count))",
      severity: key.code.severity.rawValue, clusterName: key.cluster, clusterLink: DashboardPath.cluster(key.cluster),
      overdueText: "\(Format.count(overdue)) overdue", isOverdue: overdue > 0, meaning: key.code.meaning,
      actionMarkup: MarkupText.withCode(key.code.action),
      ownerText: owners.isEmpty
        ? "the drill names no owner" : "owner \(owners.sorted().prefix(3).joined(separator: "; "))",
      rows: rows,
      beyond: findings.count > mostRows
        ? "and \(Format.count(findings.count - mostRows)) more; the cluster's page and /api/v1/findings name them" : "")
  }

  private static func row(_ finding: FollowedFinding, at now: Instant) -> Row {
    let isLate = finding.isOverdue(at: now)
    let due = finding.deadline.map { (isLate ? "OVERDUE, was due " : "due ") + Format.time($0) } ?? "no deadline"
    let subject = finding.subject.description
    return Row(
      link: DashboardPath.finding(finding.id), subject: clipped(subject.isEmpty ? "the run as a whole" : subject),
      state: "\(finding.state.rawValue) since \(Format.time(finding.openedAt)) · \(due)", isLate: isLate)
  }

  static func clipped(_ text: String) -> String { text.count > 160 ? text.prefix(159) + "…" : text }
}
