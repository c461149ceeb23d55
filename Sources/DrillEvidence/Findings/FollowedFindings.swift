public import DrillModel

extension History {
  /// All findings, followed; overdue ones first, then open ones, each by severity and by how long they have been open.
  ///
  /// The ledger's order decides what came after what, never a clock. Leaves of versions that did not record what a run found one by one, or what it looked
  /// at, open nothing and resolve nothing.
  public func findings(at now: Instant) -> [FollowedFinding] {
    var book = FindingBook()
    var actions = findingActions[...]
    for run in runs {
      while let action = actions.first, action.leaf < run.leaf {
        book.add(action)
        actions.removeFirst()
      }
      book.add(run)
    }
    for action in actions { book.add(action) }
    return FollowedFinding.sorted(book.findings, at: now)
  }
}

extension FollowedFinding {
  /// Overdue ones first, then open ones, each by severity and by how long they have been open.
  static func sorted(_ findings: [FollowedFinding], at now: Instant) -> [FollowedFinding] {
    func rank(_ finding: FollowedFinding) -> Int { finding.isOverdue(at: now) ? 0 : finding.isOpen ? 1 : 2 }
    return findings.map { (rank($0), $0) }.sorted { a, b in
      if a.0 != b.0 { return a.0 < b.0 }
      if a.1.severity != b.1.severity { return a.1.severity > b.1.severity }
      return (a.1.openedAt, a.1.id) < (b.1.openedAt, b.1.id)
    }.map(\.1)
  }
}
