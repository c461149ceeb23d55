import DrillEvidence
import DrillModel

/// One request with all that it is answered from.
struct DashboardQuestion: Sendable {
  var path: DashboardPath
  var query: [String: String]
  var view: LedgerWatch.View
  var ledger: Ledger
  var now: Instant

  var memory: LedgerMemory { view.memory }

  /// How many days a page looks back: `?days=`, 30 by default.
  func days() throws -> Int {
    guard let text = query["days"] else { return ClusterSummary.windowDays }
    guard let days = Int(text), (1...3660).contains(days) else {
      throw DrillError(.usage, subject: "days", detail: "a whole number from 1 to 3660")
    }
    return days
  }

  func since() throws -> Instant {
    Instant(millisecondsSince1970: now.millisecondsSince1970 - Int64(try days()) * 86_400_000)
  }

  /// How many entries a list has: `?limit=`.
  func limit(_ usual: Int, most: Int) throws -> Int {
    guard let text = query["limit"] else { return usual }
    guard let limit = Int(text), (1...most).contains(limit) else {
      throw DrillError(.usage, subject: "limit", detail: "a whole number from 1 to \(most)")
    }
    return limit
  }

  /// Only runs recorded before this leaf: `?before=`, as the previous page says.
  func before() throws -> Int? {
    guard let text = query["before"] else { return nil }
    guard let before = Int(text), before >= 0 else {
      throw DrillError(.usage, subject: "before", detail: "the number of a leaf")
    }
    return before
  }

  /// A run whose whole name is known; the report is made of what the ledger still holds.
  func report(run: String) throws -> ReportPage? {
    guard memory.cluster(ofRun: run) != nil else { return nil }
    return memory.report(try ledger.run(run), at: now)
  }

  func report(cluster: String) throws -> ReportPage? {
    guard let known = memory.clusters[cluster] else { return nil }
    let since = try since()
    let name = known.latestRun(since: since)
    return memory.report(cluster: cluster, since: since, latest: try name.map { try ledger.run($0) }, at: now)
  }
}
