import DrillModel

/// The findings that a report shows: those of the run in focus, and those that are followed.
enum ReportFindings {
  static func lines(
    run source: RunSource?, followed: [FollowedFinding], at now: Instant
  ) -> [ReportPage.FindingLine] {
    let byID = Dictionary(followed.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var lines: [ReportPage.FindingLine] = []
    var used: Set<String> = []
    if let source {
      let recorded = source.entry.outcome?.subjects
      if let run = source.run {
        for (index, finding) in run.findings.enumerated() {
          // The leaf names them in the order of the run, up to its limit.
          let id = recorded.flatMap { $0.count > index && $0[index].code == finding.code ? $0[index].id : nil }
          lines.append(line(finding, id: id, followed: id.flatMap { byID[$0] }, source, now))
          if let id { used.insert(id) }
        }
      } else {
        for finding in recorded ?? [] where used.insert(finding.id).inserted {
          lines.append(line(finding, followed: byID[finding.id], source, now))
        }
      }
    }
    lines += followed.filter { !used.contains($0.id) }.map { line($0, isInRun: false, now) }
    return sorted(lines)
  }

  /// Overdue ones first, closed ones last; each by severity, stage and code.
  static func sorted(_ lines: [ReportPage.FindingLine]) -> [ReportPage.FindingLine] {
    lines.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      if x.isOverdue != y.isOverdue { return x.isOverdue }
      if x.isClosed != y.isClosed { return y.isClosed }
      if x.isInRun != y.isInRun { return x.isInRun }
      if x.severity != y.severity { return x.severity > y.severity }
      if x.stage != y.stage { return x.stage < y.stage }
      if x.code != y.code { return x.code.rawValue < y.code.rawValue }
      return a.offset < b.offset
    }.map(\.element)
  }

  private static func line(
    _ finding: Finding, id: String?, followed: FollowedFinding?, _ source: RunSource, _ now: Instant
  ) -> ReportPage.FindingLine {
    var line = base(
      id: id, code: finding.code, stage: finding.stage, subject: finding.subject, followed: followed,
      governance: followed?.governance ?? source.run?.governance, now)
    line.expected = finding.expected
    line.observed = finding.observed
    line.isInRun = true
    return line
  }

  private static func line(
    _ finding: RecordedFinding, followed: FollowedFinding?, _ source: RunSource, _ now: Instant
  ) -> ReportPage.FindingLine {
    var line = base(
      id: finding.id, code: finding.code, stage: finding.stage, subject: finding.subject, followed: followed,
      governance: followed?.governance ?? source.entry.outcome?.governance, now)
    line.isInRun = true
    return line
  }

  static func line(_ finding: FollowedFinding, isInRun: Bool, _ now: Instant) -> ReportPage.FindingLine {
    var line = base(
      id: finding.id, code: finding.code, stage: finding.stage, subject: finding.subject, followed: finding,
      governance: finding.governance, now)
    line.isInRun = isInRun
    return line
  }

  private static func base(
    id: String?, code: FindingCode, stage: Stage, subject: Finding.Subject, followed: FollowedFinding?,
    governance: Governance?, _ now: Instant
  ) -> ReportPage.FindingLine {
    ReportPage.FindingLine(
      id: id, code: code, severity: code.severity, stage: stage, subject: subject, isInRun: false,
      state: followed?.state, openedAt: followed?.openedAt, lastSeenAt: followed?.lastSeenAt,
      deadline: followed?.deadline, isOverdue: followed?.isOverdue(at: now) ?? false, owner: governance?.owner,
      escalation: governance?.escalation ?? [], seen: followed?.runs.count ?? 0, reopened: followed?.reopened ?? 0,
      meaning: code.meaning, action: code.action,
      lastWord: followed?.actions.last.map { "\($0.who), \($0.action.rawValue): \($0.why)" })
  }
}
