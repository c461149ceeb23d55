public import DrillModel

/// What a rule would keep and drop of a catalog, why, and what must not be dropped all the same. Nothing is ever deleted.
///
/// A finding stands for each backup that the rule would drop and that something else still needs: the predecessor of a backup that stays, the backup that a
/// migration could still be rolled back to, the newest backup that a drill verified. What cannot be believed stays, and makes the plan inconclusive: nobody
/// knows what it needs.
public struct RetentionPlan: Hashable, Sendable, Codable {
  public struct Line: Hashable, Sendable, Codable {
    public enum Outcome: String, Sendable, Codable, CaseIterable {
      case keep
      /// The rule drops it, and nothing speaks against it.
      case drop
      /// The rule would drop it, and it must stay.
      case refused
      /// Its manifest cannot be believed: it stays.
      case doubtful
    }
    public var backup: String
    public var outcome: Outcome
    public var cluster: String?
    /// The class that it states.
    public var retention: String?
    public var kind: Manifest.Kind?
    public var cut: Instant?
    public var bytes: UInt64?
    public var why: [String]
  }

  public var rule: String
  public var plannedAt: Instant
  /// By cluster and cut; the doubtful ones last.
  public private(set) var lines: [Line] = []
  public private(set) var findings: [Finding] = []
  /// What could not be looked at.
  public private(set) var obstacles: [Run.Obstacle] = []
  /// What was looked at beside the rule, such as whether artifacts can be changed.
  public private(set) var coverage: [Run.StageCoverage] = []
  public private(set) var notes: [String] = []

  /// Inconclusive where there was nothing to plan.
  public var verdict: Verdict {
    .combining(
      lines.filter { $0.outcome != .doubtful }.map { _ in .pass } + findings.map { _ in .fail }
        + obstacles.map { _ in .inconclusive })
  }

  /// - Parameter history: of the ledger that knows the migrations and what was verified; nil: there is none.
  public init(
    _ rule: RetentionRule, of candidates: [RetentionCandidate], history: History?, at now: Instant
  ) {
    self.rule = rule.name
    plannedAt = now
    let doubtful = candidates.filter { $0.stated == nil }
    let believed = candidates.compactMap(\.stated)
    let kept = Self.kept(believed, by: rule, at: now)
    let dropped = believed.filter { kept[$0.backup] == nil }

    var refused: [String: [Finding]] = [:]
    if let history {
      for cluster in Set(believed.map(\.cluster)).sorted() {
        let own = believed.filter { $0.cluster == cluster }
        protectVerified(own, of: cluster, history, dropped, &refused)
        protectCheckpoints(own, of: cluster, history, dropped, &refused, at: now)
      }
    } else if !dropped.isEmpty {
      stopped(
        .referenceUnavailable, "ledger",
        "there is none: nobody knows which backups a migration still needs, and which ones a drill verified")
    }
    protectChains(candidates, dropped, &refused)

    for backup in believed {
      let needed = refused[backup.backup] ?? []
      let outcome: Line.Outcome = kept[backup.backup] != nil ? .keep : needed.isEmpty ? .drop : .refused
      let why =
        outcome == .keep
        ? [kept[backup.backup] ?? ""]
        : [Self.dropping(backup, rule)] + needed.map(\.expected)
      lines.append(
        Line(
          backup: backup.backup, outcome: outcome, cluster: backup.cluster, retention: backup.retention,
          kind: backup.kind, cut: backup.cut, bytes: backup.bytes, why: why))
    }
    lines.sort { ($0.cluster ?? "", $0.cut ?? now, $0.backup) < ($1.cluster ?? "", $1.cut ?? now, $1.backup) }
    findings = lines.flatMap { refused[$0.backup] ?? [] }
    for candidate in doubtful.sorted(by: { $0.backup < $1.backup }) {
      let problem = candidate.problem ?? "its manifest cannot be read"
      lines.append(Line(backup: candidate.backup, outcome: .doubtful, why: [problem]))
      stopped(
        .artifactUnreadable, candidate.backup,
        "\(problem): it stays, and what it may need of other backups is not known")
    }
    if candidates.isEmpty { stopped(.catalogEmpty, "catalog", "it holds no backup: there is nothing to plan") }
  }

  /// Adds what was looked at of the artifacts of what stays.
  public mutating func add(findings: [Finding], obstacles: [Run.Obstacle], coverage: [Run.StageCoverage]) {
    self.findings += findings
    self.obstacles += obstacles
    self.coverage += coverage
  }

  // MARK: The rule

  /// Why each backup is kept by the rule alone.
  private static func kept(_ backups: [RetainedBackup], by rule: RetentionRule, at now: Instant) -> [String: String] {
    struct Group: Hashable {
      var cluster: String
      var retention: String?
    }
    var kept: [String: String] = [:]
    for (group, own) in Dictionary(
      grouping: backups, by: { Group(cluster: $0.cluster, retention: $0.retention) })
    {
      if let keep = group.retention.map({ rule.classes[$0] }) ?? rule.ordinary {
        kept.merge(keep.reasons(own.map { ($0.backup, $0.cut) }, at: now)) { $1 }
      } else {
        let why = group.retention.map { "the rule says nothing of class \($0)" } ?? "the rule says nothing of its kind"
        for backup in own { kept[backup.backup] = why }
      }
    }
    return kept
  }

  private static func dropping(_ backup: RetainedBackup, _ rule: RetentionRule) -> String {
    let keep = backup.retention.flatMap { rule.classes[$0] } ?? rule.ordinary
    return "class \(backup.retention ?? "ordinary") keeps \(keep?.words ?? "nothing")"
  }

  // MARK: What must stay

  private mutating func protectVerified(
    _ own: [RetainedBackup], of cluster: String, _ history: History, _ dropped: [RetainedBackup],
    _ refused: inout [String: [Finding]]
  ) {
    let dropped = dropped.filter { $0.cluster == cluster }
    guard !dropped.isEmpty else { return }
    // The last run that came to a verdict on exactly this manifest decides. One that restored nothing, or a chain up to a
    // point before this backup's cut, did not come to one.
    let byName = Dictionary(own.map { ($0.backup, $0) }, uniquingKeysWith: { first, _ in first })
    var passed: [String: String] = [:]
    for run in history.runs where run.body.cluster == cluster && run.body.verdict != .inconclusive {
      for examined in run.body.backups {
        guard byName[examined.backup]?.manifest == examined.manifest, examined.manifest != nil else { continue }
        if run.body.verdict == .fail {
          passed[examined.backup] = nil
        } else if run.body.level >= .restored, examined.chain?.point ?? .end == .end {
          passed[examined.backup] = run.body.run
        }
      }
    }
    guard
      let newest = own.filter({ passed[$0.backup] != nil }).max(by: { ($0.cut, $0.backup) < ($1.cut, $1.backup) })
    else {
      stopped(
        .referenceUnavailable, cluster,
        "no run has verified any of its backups that are here: which is the last good one is not known")
      return
    }
    guard dropped.contains(newest) else { return }
    refused[newest.backup, default: []].append(
      Self.finding(
        .retentionDropsVerified, newest.backup,
        "the newest verified backup of \(cluster) stays (\(passed[newest.backup] ?? "") passed)"))
  }

  private mutating func protectCheckpoints(
    _ own: [RetainedBackup], of cluster: String, _ history: History, _ dropped: [RetainedBackup],
    _ refused: inout [String: [Finding]], at now: Instant
  ) {
    for migration in history.migrations(of: cluster) where migration.isOpen {
      var needed = migration.checkpoints.map { (backup: $0.backup, stage: $0.stage.rawValue) }
      let preMove = try? migration.checkpoint(named: MigrationCheckpoint.Name.preMove.rawValue)
      if preMove?.backup == nil {
        // Nobody said which one it is: then it is the newest that was taken before anything moved.
        let start = preMove?.time ?? now
        let before = own.filter { $0.cut <= start }.max { ($0.cut, $0.backup) < ($1.cut, $1.backup) }
        if let before { needed.append((before.backup, "before its first move")) }
      }
      for (backup, stage) in needed {
        guard let known = own.first(where: { $0.backup == backup }) else {
          notes.append(
            "migration \(migration.name) names backup \(backup) (\(stage)), which is not believed or not here")
          continue
        }
        guard dropped.contains(known) else { continue }
        refused[backup, default: []].append(
          Self.finding(
            .retentionDropsCheckpoint, backup,
            "migration \(migration.name) (\(migration.stage.rawValue)) can go back to it: \(stage)"))
      }
    }
  }

  /// All that a backup which stays stands on stays, link by link down to the full one.
  private mutating func protectChains(
    _ candidates: [RetentionCandidate], _ dropped: [RetainedBackup], _ refused: inout [String: [Finding]]
  ) {
    let predecessors = Dictionary(
      candidates.compactMap { candidate in candidate.predecessor.map { (candidate.backup, $0) } },
      uniquingKeysWith: { first, _ in first })
    let isHere = Set(candidates.map(\.backup))
    for (backup, predecessor) in predecessors.sorted(by: { $0.key < $1.key }) where !isHere.contains(predecessor) {
      notes.append("\(backup) is an increment on \(predecessor), which is not in this catalog")
    }
    let isDropped = Set(dropped.map(\.backup))
    var staying = candidates.map(\.backup).filter { !isDropped.contains($0) || refused[$0] != nil }.sorted()
    var followed = Set(staying)
    while let backup = staying.popLast() {
      guard let predecessor = predecessors[backup], isDropped.contains(predecessor) else { continue }
      refused[predecessor, default: []].append(
        Self.finding(
          .retentionBreaksChain, predecessor,
          "\(backup), which \(isDropped.contains(backup) ? "must stay" : "is kept"), is an increment on it"))
      if followed.insert(predecessor).inserted { staying.append(predecessor) }
    }
  }

  private static func finding(_ code: FindingCode, _ backup: String, _ expected: String) -> Finding {
    Finding(
      code, stage: .catalog, subject: Finding.Subject(backup: backup), expected: expected,
      observed: "the rule would drop it")
  }

  private mutating func stopped(_ code: DrillError.Code, _ subject: String, _ detail: String) {
    obstacles.append(Run.Obstacle(DrillError(code, subject: subject, detail: detail), stage: .catalog))
  }
}
