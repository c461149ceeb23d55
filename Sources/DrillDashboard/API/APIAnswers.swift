import DrillEvidence
import DrillModel
import HTTPTypes

/// The JSON API under `/api/v1`: stable; keys may be added, and none changes its meaning. drills/README.md lists it.
struct APIAnswers {
  private let question: DashboardQuestion
  private var memory: LedgerMemory { question.memory }

  init(_ question: DashboardQuestion) { self.question = question }

  func answer() throws -> DashboardAnswer {
    let segments = question.path.segments
    guard segments.count >= 2, segments[1] == "v1" else { return Self.missing("the API is /api/v1") }
    switch (segments.dropFirst(2).first, segments.count) {
    case (nil, _): return try .json(Index())
    case ("clusters", 3): return try .json(Clusters(clusters: memory.summaries(at: question.now)))
    case ("clusters", 4): return try found(memory.summary(of: segments[3], at: question.now))
    case ("clusters", 5) where segments[4] == "report": return try found(question.report(cluster: segments[3]))
    case ("clusters", 5) where segments[4] == "runs": return try found(runs(of: segments[3]))
    case ("clusters", 5) where segments[4] == "missed":
      return try found(memory.clusters[segments[3]].map { Missed(missed: $0.missed) })
    case ("runs", 4): return try found(question.report(run: segments[3]))
    case ("findings", 3): return try .json(findings())
    case ("findings", 4): return try found(memory.finding(segments[3]).map { FindingDocument($0, at: question.now) })
    default: return Self.missing("there is no such resource; /api/v1 lists them")
    }
  }

  static func missing(_ why: String) -> DashboardAnswer {
    (try? .json(Problem(error: why), status: .notFound)) ?? .text(why, status: .notFound)
  }

  private func found(_ value: (some Encodable)?) throws -> DashboardAnswer {
    guard let value else { return Self.missing("the ledger knows nothing of this name") }
    return try .json(value)
  }

  private func runs(of name: String) throws -> Runs? {
    guard let cluster = memory.clusters[name] else { return nil }
    let runs = cluster.runs(before: try question.before(), limit: try question.limit(100, most: 1000))
    let next = runs.last.flatMap { cluster.runs(before: $0.leaf, limit: 1).isEmpty ? nil : $0.leaf }
    return Runs(
      runs: runs.map(\.body), unfinished: memory.unfinished(of: name, since: Instant(millisecondsSince1970: .min)),
      before: next)
  }

  private func findings() throws -> Findings {
    let names = question.query["cluster"].map { [$0] } ?? memory.clusterNames
    let all: [FollowedFinding]
    switch question.query["state"] ?? "open" {
    case "open": all = names.flatMap { memory.openFindings(of: $0, at: question.now) }
    case "all":
      let start = Instant(millisecondsSince1970: .min)
      all = names.flatMap { memory.findings(of: $0, since: start, at: question.now) }
    case "overdue":
      all = names.flatMap { memory.openFindings(of: $0, at: question.now) }.filter { $0.isOverdue(at: question.now) }
    default: throw DrillError(.usage, subject: "state", detail: "open, overdue or all")
    }
    let limit = try question.limit(1000, most: 10_000)
    return Findings(count: all.count, findings: all.prefix(limit).map { FindingDocument($0, at: question.now) })
  }

  // MARK: Forms

  private struct Index: Encodable {
    let api = "firedrill/v1"
    let resources = [
      "/api/v1/clusters", "/api/v1/clusters/{cluster}", "/api/v1/clusters/{cluster}/report?days=30",
      "/api/v1/clusters/{cluster}/runs?limit=100&before={leaf}", "/api/v1/clusters/{cluster}/missed",
      "/api/v1/runs/{run}",
      "/api/v1/findings?state=open|overdue|all&cluster={cluster}&limit=1000", "/api/v1/findings/{id}",
    ]
  }

  private struct Problem: Encodable { let error: String }
  private struct Clusters: Encodable { let clusters: [ClusterSummary] }
  private struct Missed: Encodable { let missed: [MissedDrill] }

  private struct Runs: Encodable {
    /// Leaves of finished runs, the latest first.
    let runs: [RunFinished]
    let unfinished: [ReportPage.RunLine]
    /// For the next page; absent on the last.
    let before: Int?
  }

  private struct Findings: Encodable {
    /// How many there are, beyond the limit too.
    let count: Int
    let findings: [FindingDocument]
  }
}
