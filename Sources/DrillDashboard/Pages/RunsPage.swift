import DrillEvidence
import DrillModel

/// A cluster's runs, 100 to a page, the latest first.
struct RunsPage {
  struct Row {
    let time: String
    let verdict: String
    let symbol: String
    let tone: String
    let drillName: String
    let levelText: String
    let wrong: String
    let restoreText: String
    let name: String
    let link: String
  }

  let clusterName: String
  let clusterLink: String
  let rows: [Row]
  let hasRows: Bool
  let headline: String
  let olderLink: String
  let hasOlder: Bool
  let newestLink: String
  let isFirst: Bool

  init?(_ question: DashboardQuestion, cluster name: String) throws {
    guard let cluster = question.memory.clusters[name] else { return nil }
    clusterName = name
    clusterLink = DashboardPath.cluster(name)
    let before = try question.before()
    let limit = try question.limit(100, most: 500)
    let runs = cluster.runs(before: before, limit: limit)
    let unfinished =
      before == nil
      ? question.memory.unfinished(of: name, since: Instant(millisecondsSince1970: .min)).suffix(limit).map(Self.row)
      : []
    rows = unfinished + runs.map { Self.row($0.body) }
    hasRows = !rows.isEmpty
    headline = "\(Format.plural(cluster.runs.count, "finished run")), the latest first"
    let last = runs.last?.leaf
    let older = last.map { !cluster.runs(before: $0, limit: 1).isEmpty } ?? false
    hasOlder = older
    newestLink = clusterLink + "/runs"
    olderLink = older ? "\(newestLink)?before=\(last ?? 0)" : ""
    isFirst = before == nil
  }

  private static func row(_ run: RunFinished) -> Row {
    let standing = ReportPage.Standing(run.verdict)
    return Row(
      time: Format.time(run.startedAt), verdict: run.verdict.rawValue, symbol: standing.symbol, tone: standing.tone,
      drillName: run.drill, levelText: run.level.rawValue, wrong: Format.count(run.findings.values.reduce(0, +)),
      restoreText: run.restoreMs > 0 ? Format.duration(ms: run.restoreMs) : "–", name: run.run,
      link: DashboardPath.run(run.run))
  }

  private static func row(_ line: ReportPage.RunLine) -> Row {
    let standing: ReportPage.Standing = line.state == .running ? .running : .interrupted
    return Row(
      time: Format.time(line.startedAt), verdict: standing.rawValue, symbol: standing.symbol, tone: standing.tone,
      drillName: line.drill, levelText: "–", wrong: "–", restoreText: "–", name: line.run,
      link: DashboardPath.run(line.run))
  }
}
