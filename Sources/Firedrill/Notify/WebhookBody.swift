import DrillModel

/// What a webhook is sent: `drills/README.md` documents it. Counts, codes and names of backups; no key, no value, no text that could hold one.
struct WebhookBody: Encodable, Hashable {
  var version = 1
  var verdict: Verdict
  /// One line for people.
  var summary: String
  var run: String
  var drill: String
  var cluster: String
  var engine: String
  var level: Level
  var requiredLevel: Level
  var startedAt: Instant
  var finishedAt: Instant
  var restoreMs: Double
  var backups: [String]
  var findings: [Count]
  /// What could not be looked at.
  var obstacles: [Count]
  /// Whether the run is in the ledger.
  var recorded: Bool
  var link: String?

  struct Count: Encodable, Hashable {
    var code: String
    var stage: Stage
    /// Of findings only.
    var severity: Severity?
    var count: Int
  }

  init(_ outcome: DrillOutcome, link: String?) {
    let run = outcome.run
    verdict = run.verdict
    self.run = run.id
    drill = run.drill
    cluster = run.cluster
    engine = run.engine
    level = run.level
    requiredLevel = run.requiredLevel
    startedAt = run.startedAt
    finishedAt = run.finishedAt
    restoreMs = run.restoreMs
    backups = run.backups.map(\.backup)
    findings = WebhookBody.counts(run.findings.map { ($0.code.rawValue, $0.stage, $0.code.severity) })
    obstacles = WebhookBody.counts(run.obstacles.map { ($0.code.rawValue, $0.stage, nil) })
    recorded = outcome.recordingProblem == nil
    self.link = link?.replacing("{run}", with: run.id)
    summary = WebhookBody.summary(of: run)
  }

  static func summary(of run: Run) -> String {
    let codes = run.findings.map(\.code.rawValue) + run.obstacles.map(\.code.rawValue)
    let doubtful = run.selfTest.map { !$0.isSound } ?? false ? ["self-test"] : []
    let different = (codes + doubtful).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let reasons = different.isEmpty ? "" : ": " + different.prefix(5).joined(separator: ", ")
    return
      "drill \(run.drill) of cluster \(run.cluster): \(run.verdict.rawValue) at level \(run.level.rawValue)\(run.isUnsealed ? ", unsealed" : "")\(reasons)"
  }

  /// In the order in which they come first.
  private static func counts(_ items: [(code: String, stage: Stage, severity: Severity?)]) -> [Count] {
    items.reduce(into: []) { counts, item in
      if let index = counts.firstIndex(where: { $0.code == item.code && $0.stage == item.stage }) {
        counts[index].count += 1
      } else {
        counts.append(Count(code: item.code, stage: item.stage, severity: item.severity, count: 1))
      }
    }
  }
}
