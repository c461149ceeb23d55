import DrillEvidence
import DrillModel

/// A ledger's history made of runs by hand, one after the other, over one backup a night of three shards.
struct SampleHistory {
  private(set) var runs: [Run] = []
  private var actions: [(after: Int, FindingAction)] = []
  static let start = Instant(millisecondsSince1970: 1_767_225_600_000)
  static let shards = ["s1", "s2", "s3"]

  static func time(_ day: Double) -> Instant {
    Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(day * 86_400_000))
  }

  static func backup(_ number: Int) -> String { "orders-backup-\(number)" }

  /// A run that looked at everything and found `findings`.
  @discardableResult
  mutating func add(
    _ findings: [Finding] = [], backup: Int = 0, day: Double? = nil, drill: String = "nightly",
    cluster: String = "orders"
  ) -> String {
    add(findings, backup: backup, day: day, drill: drill, cluster: cluster) { _ in }
  }

  /// - Parameter change: says what it looked at less.
  @discardableResult
  mutating func add(
    _ findings: [Finding] = [], backup: Int = 0, day: Double? = nil, drill: String = "nightly",
    cluster: String = "orders", _ change: (inout Run) throws -> Void
  ) rethrows -> String {
    let time = SampleHistory.time(day ?? Double(runs.count))
    var run = Run(
      id: "\(drill)-\(runs.count)", drill: drill, cluster: cluster, engine: "redis",
      files: ["\(drill).yaml": "drill: \(drill)\n"], seed: 1, startedAt: time, finishedAt: time,
      tool: "firedrill 0.1.0", host: "Linux", requiredLevel: .answers)
    run.findings = findings
    run.backups = [Run.BackupExamined(backup: SampleHistory.backup(backup), manifest: nil, cut: nil)]
    run.levels = Level.allCases.dropFirst().map { Run.LevelReached($0, evidence: "looked at") }
    run.examined = Run.Examined(
      stages: Stage.allCases, shards: SampleHistory.shards, slots: .all, references: ["captured", "captured answers"])
    run.governance = Governance(
      owner: "storage on-call", escalation: ["head of storage"], deadlines: [.critical: 86_400, .high: 3 * 86_400])
    try change(&run)
    runs.append(run)
    return run.id
  }

  /// An action that was recorded after the runs that were added so far.
  mutating func act(_ action: FindingAction.Action, on finding: String, who: String = "ada", why: String = "seen") {
    actions.append((runs.count, FindingAction(finding: finding, cluster: "orders", action, who: who, why: why)))
  }

  /// The history as a ledger gives it back.
  func history() throws -> History {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try write(to: ledger)
      return try ledger.history()
    }
  }

  func write(to ledger: Ledger) throws {
    for index in 0...runs.count {
      for (after, action) in actions where after == index {
        try ledger.append(action, at: index == 0 ? SampleHistory.start : runs[index - 1].finishedAt)
      }
      if index < runs.count { try ledger.append(runs[index]) }
    }
  }

  /// All findings, at the time of the last run unless another day is given.
  func findings(day: Double? = nil) throws -> [FollowedFinding] {
    try history().findings(at: day.map(SampleHistory.time) ?? runs.last?.finishedAt ?? SampleHistory.start)
  }
}

extension Finding {
  static func stored(_ code: FindingCode = .checksumMismatch, backup: Int = 0, artifact: String = "s2.rdb") -> Finding {
    Finding(
      code, stage: .integrity, subject: .init(backup: SampleHistory.backup(backup), shard: "s2", artifact: artifact),
      expected: "these bytes", observed: "others")
  }

  static func restored(
    _ code: FindingCode, _ stage: Stage, backup: Int = 0, shard: String? = nil, slot: Int? = nil, key: String? = nil
  )
    -> Finding
  {
    Finding(
      code, stage: stage,
      subject: .init(
        backup: SampleHistory.backup(backup), shard: shard, namespace: key == nil ? nil : "db0",
        slot: slot.map { Slot($0) }, key: key.map { .redacted($0) }), expected: "the same", observed: "another")
  }
}
