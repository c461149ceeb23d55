import DrillEvidence
import DrillModel

/// One finding across all runs that saw it.
struct FindingPage {
  struct Fact {
    let term: String
    let value: String
  }

  struct Seen {
    let name: String
    let link: String
  }

  struct Word {
    let who: String
    let what: String
    let why: String
  }

  let code: String
  let state: String
  let tone: String
  let isLate: Bool
  let severity: String
  let meaning: String
  let actionMarkup: String
  let subject: String
  let facts: [Fact]
  let seen: [Seen]
  let seenText: String
  let words: [Word]
  let hasWords: Bool
  let clusterName: String
  let clusterLink: String

  init?(_ question: DashboardQuestion, id: String) {
    guard let finding = question.memory.finding(id) else { return nil }
    code = finding.code.rawValue
    isLate = finding.isOverdue(at: question.now)
    state = isLate ? "OVERDUE" : finding.state.rawValue.uppercased()
    tone = isLate || finding.state == .open ? "bad" : finding.state == .acknowledged ? "unsure" : "good"
    severity = finding.severity.rawValue
    meaning = finding.code.meaning
    actionMarkup = MarkupText.withCode(finding.code.action)
    subject = finding.subject.description.isEmpty ? "the run as a whole" : finding.subject.description
    clusterName = finding.cluster
    clusterLink = DashboardPath.cluster(finding.cluster)
    var facts = [
      Fact(term: "Id", value: finding.id), Fact(term: "Stage", value: finding.stage.rawValue),
      Fact(term: "Opened", value: Format.time(finding.openedAt)),
      Fact(term: "Last seen", value: Format.time(finding.lastSeenAt)),
      Fact(term: "Deadline", value: finding.deadline.map { Format.time($0) } ?? "none is set for \(severity) findings"),
    ]
    if finding.reopened > 0 { facts.append(Fact(term: "Came back", value: Format.plural(finding.reopened, "time"))) }
    if let governance = finding.governance {
      facts.append(Fact(term: "Owner", value: governance.owner))
      if !governance.escalation.isEmpty {
        facts.append(Fact(term: "Then call", value: governance.escalation.joined(separator: ", then ")))
      }
    } else {
      facts.append(Fact(term: "Owner", value: "the drill names nobody"))
    }
    if let closed = finding.closedAt {
      facts.append(Fact(term: "Closed", value: "\(Format.time(closed)) by \(finding.closedBy ?? "?")"))
    }
    self.facts = facts
    seen = finding.runs.suffix(50).reversed().map { Seen(name: $0, link: DashboardPath.run($0)) }
    seenText =
      "Seen by \(Format.plural(finding.runs.count, "run"))\(finding.runs.count > 50 ? ", the latest 50 of them" : "")"
    words = finding.actions.suffix(100).reversed().map { Word(who: $0.who, what: $0.action.rawValue, why: $0.why) }
    hasWords = !words.isEmpty
  }
}
