public import DrillModel

/// Pages of the playbook with what this ledger adds to them: whom to call, and what people noted on earlier findings of the code.
public struct Playbook: Sendable {
  public var pages: [PlaybookPage]
  public var contacts: [Contact]
  /// By code.
  public var notes: [String: [Note]]

  /// Who answers for a drill's findings, as its latest run that says so does.
  public struct Contact: Hashable, Sendable, Codable {
    public var drill: String
    public var cluster: String
    public var governance: Governance
  }

  /// What somebody left on a finding.
  public struct Note: Hashable, Sendable, Codable {
    public var at: Instant
    public var cluster: String
    public var finding: String
    public var subject: String
    public var action: FindingAction.Action
    public var who: String
    public var why: String
  }

  public init(_ pages: [PlaybookPage] = PlaybookPage.all, from history: History = History()) {
    self.pages = pages
    contacts = history.contacts
    notes = history.notes
  }
}

extension History {
  fileprivate var contacts: [Playbook.Contact] {
    var latest: [String: Playbook.Contact] = [:]
    for run in runs {
      if let governance = run.body.governance {
        latest[run.body.drill + "\u{0}" + run.body.cluster] = Playbook.Contact(
          drill: run.body.drill, cluster: run.body.cluster, governance: governance)
      }
    }
    return latest.values.sorted { ($0.drill, $0.cluster) < ($1.drill, $1.cluster) }
  }

  fileprivate var notes: [String: [Playbook.Note]] {
    var subjects: [String: RecordedFinding] = [:]
    let wanted = Set(findingActions.map(\.body.finding))
    guard !wanted.isEmpty else { return [:] }
    for run in runs {
      for subject in run.body.subjects ?? [] where wanted.contains(subject.id) { subjects[subject.id] = subject }
    }
    var notes: [String: [Playbook.Note]] = [:]
    for action in findingActions {
      guard let subject = subjects[action.body.finding] else { continue }
      notes[subject.code.rawValue, default: []].append(
        Playbook.Note(
          at: action.time, cluster: action.body.cluster, finding: subject.id, subject: subject.subject.description,
          action: action.body.action, who: action.body.who, why: action.body.why))
    }
    return notes
  }
}
