import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Report on a recorded run, or on a cluster over a time.",
    discussion: """
      A report repeats what was recorded, what was not examined included. The exit status says whether it could be made, not what it says.

      EXAMPLE
        firedrill report latest -o report.html
        firedrill report --cluster shop --since 30d --format md
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case html, md, json, junit }

  @Argument(
    help: ArgumentHelp("A run's id, a beginning of it that only one run has, or 'latest'.", valueName: "run"))
  var runID: String?

  @Option(name: .long, help: "Report on this cluster instead of on one run.")
  var cluster: String?

  @Option(
    name: .long, help: "With --cluster: from when on; 2026-01-31, 2026-01-31T04:00:00Z, or how long ago (30d, 12h).")
  var since: String?

  @Option(name: .long, help: "html (one file, readable offline and without scripts), md, json or junit.")
  var format: Format?

  @Option(name: [.customShort("o"), .long], help: "Write it here instead of to standard output.", completion: .file())
  var output: String?

  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (runID == nil) != (cluster == nil) else { throw ValidationError("Name a run, or --cluster with its name.") }
    if since != nil, cluster == nil { throw ValidationError("--since goes with --cluster.") }
    if common.json, let format, format != .json { throw ValidationError("--json and --format contradict each other.") }
  }

  func run() async throws {
    let now = Instant.now
    let page =
      if let cluster {
        try Firedrill.report(
          cluster: cluster, since: try Firedrill.time(since ?? "30d", before: now), ledger: ledger.path, at: now)
      } else {
        try Firedrill.report(run: runID ?? "latest", ledger: ledger.path, at: now)
      }
    let text =
      switch format ?? (common.json ? .json : .html) {
      case .html: ReportHTML(page).text()
      case .md: ReportMarkdown(page).text()
      case .json: try CanonicalJSON.text(page) + "\n"
      case .junit: ReportJUnit(page).text()
      }
    guard let output else { return Terminal.say(text) }
    try Firedrill.write(text, to: Workplace.absolute(output))
    if !common.quiet { Terminal.note("report: \(output)") }
  }
}
