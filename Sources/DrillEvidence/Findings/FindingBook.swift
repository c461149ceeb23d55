import DrillModel

/// Follows findings while runs and actions are read in the ledger's order.
///
/// A finding stays open until everything that showed it was looked at again: each way of looking that saw it is a ``Sighting``, and a run takes away those
/// that it repeated without seeing it. Only the sightings that a run can concern are visited, so that findings which nobody looks at again cost nothing.
struct FindingBook {
  private struct Entry {
    var finding: FollowedFinding
    /// What has yet to be looked at again; empty once the finding is closed.
    var outstanding: [Sighting]
  }

  /// Where a run has to look so that it can take away a sighting.
  private enum Place: Hashable {
    case selection(drill: String)
    case stored(cluster: String, backup: String?)
    case restored(cluster: String)
  }

  private var entries: [Entry] = []
  private var indices: [String: Int] = [:]
  private var open: [Place: Set<Int>] = [:]

  var findings: [FollowedFinding] { entries.map(\.finding) }

  // MARK: Runs

  mutating func add(_ recorded: Recorded<RunFinished>) {
    let run = recorded.body
    var seen = Set<Int>()
    for subject in run.subjects ?? [] {
      let index = index(of: subject, in: recorded)
      if seen.insert(index).inserted { see(subject, at: index, in: recorded) }
    }
    let report = ReportedFindings(run)
    for place in FindingBook.places(of: run) {
      for index in open[place] ?? [] where !seen.contains(index) {
        let left = entries[index].outstanding.filter { !($0.isRepeated(by: run) && report.clears($0)) }
        if !left.contains(where: { FindingBook.place(of: $0) == place }) { open[place]?.remove(index) }
        guard left.count < entries[index].outstanding.count else { continue }
        entries[index].outstanding = left
        if left.isEmpty { close(index, .resolved, at: recorded.time, by: run.run) }
      }
    }
  }

  private mutating func index(of subject: RecordedFinding, in recorded: Recorded<RunFinished>) -> Int {
    if let known = indices[subject.id] { return known }
    let finding = FollowedFinding(
      id: subject.id, code: subject.code, cluster: recorded.body.cluster, stage: subject.stage,
      subject: subject.subject, state: .open, openedAt: recorded.time, lastSeenAt: recorded.time, runs: [],
      reopened: 0, closedAt: nil, closedBy: nil, governance: nil, actions: [])
    entries.append(Entry(finding: finding, outstanding: []))
    indices[subject.id] = entries.count - 1
    return entries.count - 1
  }

  private mutating func see(_ subject: RecordedFinding, at index: Int, in recorded: Recorded<RunFinished>) {
    let run = recorded.body
    if !entries[index].finding.isOpen {
      entries[index].finding.state = .open
      entries[index].finding.openedAt = recorded.time
      entries[index].finding.reopened += 1
      entries[index].finding.closedAt = nil
      entries[index].finding.closedBy = nil
    }
    entries[index].finding.stage = subject.stage
    entries[index].finding.subject = subject.subject
    entries[index].finding.lastSeenAt = recorded.time
    entries[index].finding.runs.append(run.run)
    // A drill that names nobody takes away no deadline that another one set.
    if let governance = run.governance { entries[index].finding.governance = governance }

    // What this run looked at as well stands for the earlier looks.
    let sighting = Sighting(subject, in: run)
    entries[index].outstanding.removeAll { $0.isRepeated(by: run, withAnySeed: true) }
    entries[index].outstanding.append(sighting)
    open[FindingBook.place(of: sighting), default: []].insert(index)
  }

  private mutating func close(_ index: Int, _ state: FollowedFinding.State, at time: Instant, by who: String) {
    for sighting in entries[index].outstanding { open[FindingBook.place(of: sighting)]?.remove(index) }
    entries[index].outstanding = []
    entries[index].finding.state = state
    entries[index].finding.closedAt = time
    entries[index].finding.closedBy = who
  }

  private static func place(of sighting: Sighting) -> Place {
    if sighting.code == .backupMissing { return .selection(drill: sighting.drill) }
    return sighting.isAboutStoredBytes
      ? .stored(cluster: sighting.cluster, backup: sighting.subject.backup) : .restored(cluster: sighting.cluster)
  }

  /// A run of a drill that names no cluster, over a backup whose manifest could not be read, stands under no cluster's name.
  private static func places(of run: RunFinished) -> Set<Place> {
    let compared = (run.examined?.references ?? []).filter { $0.hasPrefix(Sighting.backupPrefix) }
      .map { String($0.dropFirst(Sighting.backupPrefix.count)) }
    var places: Set<Place> = [.selection(drill: run.drill), .restored(cluster: run.cluster)]
    let links = run.backups.flatMap { $0.chain?.links.map(\.backup) ?? [] }
    for backup in run.backups.map(\.backup) + links + compared {
      places.insert(.stored(cluster: run.cluster, backup: backup))
      places.insert(.stored(cluster: "", backup: backup))
    }
    return places
  }

  // MARK: Actions

  /// An action on a finding that no run named is passed over: there is nothing that it could be about.
  mutating func add(_ recorded: Recorded<FindingAction>) {
    let action = recorded.body
    guard let index = indices[action.finding] else { return }
    entries[index].finding.actions.append(action)
    guard entries[index].finding.isOpen else { return }
    switch action.action {
    case .acknowledge: entries[index].finding.state = .acknowledged
    case .withdraw: close(index, .withdrawn, at: recorded.time, by: action.who)
    case .note: break
    }
  }
}

/// What a run says about findings that it does not name: a list that was cut short, or that names what they lie in, clears nothing there.
private struct ReportedFindings {
  private var subjects: [FindingCode: [Finding.Subject]] = [:]
  private var cutShort: Set<FindingCode> = []

  init(_ run: RunFinished) {
    guard !run.findings.isEmpty else { return }
    for subject in run.subjects ?? [] { subjects[subject.code, default: []].append(subject.subject) }
    for (name, count) in run.findings {
      if let code = FindingCode(rawValue: name), count > (subjects[code]?.count ?? 0) { cutShort.insert(code) }
    }
  }

  func clears(_ sighting: Sighting) -> Bool {
    guard !cutShort.contains(sighting.code) else { return false }
    return !(subjects[sighting.code] ?? []).contains { sighting.mayBePart(of: $0) }
  }
}
