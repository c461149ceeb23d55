public import DrillModel

/// Findings below each other, the overdue ones first: `firedrill findings list`.
public struct FindingListing: Sendable {
  public var findings: [FollowedFinding]
  public var now: Instant

  public init(_ findings: [FollowedFinding], at now: Instant) {
    self.findings = findings
    self.now = now
  }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let open = findings.filter(\.isOpen)
    let overdue = open.filter { $0.isOverdue(at: now) }
    page.paragraph([
      Span(open.isEmpty ? "no finding is open" : "\(Format.plural(open.count, "finding")) open", .strong),
      overdue.isEmpty ? "" : ", ", Span(overdue.isEmpty ? "" : "\(Format.count(overdue.count)) overdue", .bad),
      open.count == findings.count ? "" : ", \(Format.count(findings.count - open.count)) closed",
    ])
    for finding in findings {
      page.gap()
      let words = FindingWords(finding, at: now)
      page.paragraph(
        [words.state, "  ", Span(finding.severity.rawValue, finding.severity >= .high ? .bad : .unsure), "  "]
          + [Span(finding.code.rawValue, .strong), "  ", Span(finding.id, .dim)], hanging: 4)
      page.paragraph(
        [Span([words.place, words.life, words.owner].compactMap { $0 }.joined(separator: " · "))], indent: 4)
      if let last = finding.actions.last { page.paragraph([Span(FindingWords.action(last))], indent: 4, hanging: 6) }
    }
    return page.text
  }
}

/// One finding with all that is known of it: `firedrill findings show`.
public struct FindingDetails: Sendable {
  public var finding: FollowedFinding
  public var now: Instant

  public init(_ finding: FollowedFinding, at now: Instant) {
    self.finding = finding
    self.now = now
  }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let words = FindingWords(finding, at: now)
    page.paragraph([words.state, "  ", Span(finding.code.rawValue, .strong), "  ", Span(finding.id, .dim)])
    page.paragraph([Span(finding.code.meaning)])
    page.gap()
    page.field("About", [Span(words.place)])
    page.field("Severity", [Span(finding.severity.rawValue)])
    page.field("Seen", [Span(words.life ?? "")])
    page.field("Runs", [Span(FindingDetails.ends(finding.runs))])
    if let deadline = finding.deadline {
      let isOverdue = finding.isOverdue(at: now)
      page.field("Deadline", [Span(Format.time(deadline), isOverdue ? .bad : .plain)])
    } else {
      page.field("Deadline", ["none was set"])
    }
    if let governance = finding.governance {
      page.field("Call", [Span(([governance.owner] + governance.escalation).joined(separator: ", then "))])
    } else {
      page.field("Call", ["the drill names nobody (`governance:`)"])
    }
    for (index, action) in finding.actions.enumerated() {
      page.field(index == 0 ? "Notes" : "", [Span(FindingWords.action(action))])
    }
    page.gap()
    page.field("To do", [Span(finding.code.action)])
    page.field("Next", [Span("firedrill explain \(finding.code.rawValue)", .strong)])
    return page.text
  }

  private static func ends(_ runs: [String]) -> String {
    guard runs.count > 4 else { return runs.joined(separator: ", ") }
    return "\(runs[0]), … \(Format.count(runs.count - 3)) more …, \(runs.suffix(2).joined(separator: ", "))"
  }
}

/// What is said of a finding wherever it stands.
struct FindingWords {
  private let finding: FollowedFinding
  private let now: Instant

  init(_ finding: FollowedFinding, at now: Instant) {
    self.finding = finding
    self.now = now
  }

  var state: Span {
    if finding.isOverdue(at: now), let deadline = finding.deadline {
      return Span("OVERDUE by \(FindingWords.time(from: deadline, to: now))", .bad)
    }
    switch finding.state {
    case .open: return Span("open", .bad)
    case .acknowledged: return Span("acknowledged", .unsure)
    case .resolved: return Span("resolved", .good)
    case .withdrawn: return Span("withdrawn", .plain)
    }
  }

  var place: String {
    // A key may be of any length; a line is not.
    let subject = finding.subject.description.clipped(to: 300)
    let cluster = finding.cluster.isEmpty ? "no cluster named" : finding.cluster
    return subject.isEmpty ? cluster : "\(cluster): \(subject)"
  }

  var life: String? {
    let again = finding.reopened == 0 ? "" : ", back for the \(FindingWords.ordinal(finding.reopened)) time"
    let seen = "seen by \(Format.plural(finding.runs.count, "run"))\(again)"
    if let closed = finding.closedAt, let who = finding.closedBy {
      return "\(seen), \(finding.state.rawValue) \(Format.time(closed)) by \(who)"
    }
    let due = finding.deadline.flatMap {
      $0 >= now ? ", due in \(FindingWords.time(from: now, to: $0))" : nil
    }
    return "open since \(Format.time(finding.openedAt))\(due ?? ""), \(seen)"
  }

  var owner: String? { finding.governance.map { "owner \($0.owner)" } }

  static func action(_ action: FindingAction) -> String {
    let what: String =
      switch action.action {
      case .acknowledge: "acknowledged"
      case .note: "noted"
      case .withdraw: "withdrawn"
      }
    return "\(what) by \(action.who): \(action.why)"
  }

  private static func time(from: Instant, to: Instant) -> String {
    Format.duration(ms: Double(to.millisecondsSince1970) - Double(from.millisecondsSince1970))
  }

  private static func ordinal(_ number: Int) -> String {
    switch number {
    case 1: "first"
    case 2: "second"
    case 3: "third"
    default: "\(number)th"
    }
  }
}
