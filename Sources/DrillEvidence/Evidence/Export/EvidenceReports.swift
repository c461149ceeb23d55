import DrillModel

/// The pages for people in an archive: a report for each cluster, and where there are several, one that leads to them.
struct EvidenceReports {
  var manifest: EvidenceManifest
  var history: History
  var gaps: [EvidenceGap]
  var controls: [ControlRow]
  /// A run with what the ledger still holds of it.
  var run: (String) throws -> RecordedRun

  /// By file name.
  func pages() throws -> [String: [UInt8]] {
    let clusters = manifest.clusters.isEmpty ? history.clusters : manifest.clusters
    if clusters.count == 1 { return [EvidenceFile.report: try report(clusters[0])] }
    var pages = [EvidenceFile.report: overview(clusters)]
    for (index, cluster) in clusters.enumerated() { pages[EvidenceFile.report(index + 1)] = try report(cluster) }
    return pages
  }

  private func report(_ cluster: String) throws -> [UInt8] {
    let scope = EvidenceScope(from: manifest.from, to: manifest.to, clusters: [cluster])
    let history = history.within(scope)
    let latest = history.runs.last { $0.time >= manifest.from }
    let page = ReportPage(
      cluster: cluster, since: manifest.from, history: history, latest: try latest.map { try run($0.body.run) },
      at: manifest.to)
    return Array(ReportHTML(page).text().utf8)
  }

  private func overview(_ clusters: [String]) -> [UInt8] {
    let rows = clusters.enumerated().map { index, cluster in
      let runs = history.runs.filter { $0.body.cluster == cluster && $0.time >= manifest.from }.map(\.body.verdict)
      func count(_ verdict: Verdict) -> String { "<td>\(runs.filter { $0 == verdict }.count)</td>" }
      let missed = gaps.filter { $0.kind == .missedDrill && $0.cluster == cluster }.count
      return "<tr><td><a href=\"\(EvidenceFile.report(index + 1))\">\(EvidenceReports.escaped(cluster))</a></td>"
        + count(.pass) + count(.fail) + count(.inconclusive) + "<td>\(missed)</td></tr>"
    }
    let matrix = controls.map { row in
      "<tr><td>\(EvidenceReports.escaped(row.control))</td><td>\(row.supportedBy.count)</td>"
        + "<td>\(row.contradictedBy.count)</td><td>\(row.missing.map(EvidenceReports.escaped).joined(separator: "<br>"))</td></tr>"
    }
    return Array(
      """
      <!doctype html>
      <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>Restore drills</title>
      <style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
      table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border-bottom:1px solid #8886;padding:.3rem .8rem;text-align:left;vertical-align:top}</style>
      <h1>Restore drills</h1>
      <p>\(Format.time(manifest.from)) up to \(Format.time(manifest.to)).</p>
      <table><tr><th>cluster</th><th>passed</th><th>failed</th><th>inconclusive</th><th>missed</th></tr>
      \(rows.joined(separator: "\n"))
      </table>
      <h2>Gaps</h2>
      <p>\(Format.plural(gaps.count, "gap")); see gaps.csv.</p>
      <h2>Controls</h2>
      <p>How many statements support each, and speak against it; whether it is satisfied is for the auditor to say. See controls.csv.</p>
      <table><tr><th>control</th><th>support</th><th>against</th><th>missing</th></tr>
      \(matrix.joined(separator: "\n"))
      </table>
      </html>

      """.utf8)
  }

  /// Source: OWASP, "Cross Site Scripting Prevention", rule 1.
  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }
}
