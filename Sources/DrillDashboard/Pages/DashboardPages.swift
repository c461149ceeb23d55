import DrillEvidence
import DrillModel

/// The dashboard's pages, by their paths.
struct DashboardPages: Sendable {
  private let templates = PageTemplates(DashboardTemplates.all)
  private static let links = ReportView.Links(run: { DashboardPath.run($0) }, finding: { DashboardPath.finding($0) })

  func answer(_ question: DashboardQuestion) throws -> DashboardAnswer {
    let segments = question.path.segments
    switch (segments.first, segments.count) {
    case (nil, _): return page(question, "Clusters", OverviewPage(question), "overview")
    case ("findings", 1): return page(question, "Open findings", FindingsPage(question), "open-findings")
    case ("findings", 2):
      guard let found = FindingPage(question, id: segments[1]) else {
        return missing(question, "no finding has this id")
      }
      return page(question, found.code, found, "finding-page")
    case ("clusters", 2):
      guard let report = try question.report(cluster: segments[1]) else {
        return missing(question, "the ledger knows no such cluster")
      }
      return page(question, segments[1], ClusterPage(report, question, days: try question.days()), "cluster-page")
    case ("clusters", 3) where segments[2] == "runs":
      guard let runs = try RunsPage(question, cluster: segments[1]) else {
        return missing(question, "the ledger knows no such cluster")
      }
      return page(question, "Runs of \(segments[1])", runs, "runs-page")
    case ("clusters", 4) where segments[2] == "migrations":
      guard
        let timeline = question.memory.clusters[segments[1]]?.timeline(of: segments[3], at: question.now)
      else { return missing(question, "the ledger knows no such migration") }
      return page(question, "\(segments[3]) of \(segments[1])", MigrationPage(timeline), "migration-page")
    case ("runs", 2):
      guard let report = try question.report(run: segments[1]) else {
        return missing(question, "the ledger knows no run of this name")
      }
      return page(
        question, report.run?.run ?? segments[1], RunPage(view: ReportView(report, links: Self.links), report),
        "run-page")
    default: return missing(question, "there is no such page")
    }
  }

  func missing(_ question: DashboardQuestion, _ why: String) -> DashboardAnswer {
    page(question, "Not found", MissingPage(why: why), "missing", status: .notFound)
  }

  private struct Frame<Content> {
    let title: String
    let css: String
    let ledgerText: String
    let problem: String
    let content: Content
  }

  private func page<Content>(
    _ question: DashboardQuestion, _ title: String, _ content: Content, _ template: String,
    status: DashboardStatus = .ok
  ) -> DashboardAnswer {
    let view = question.view
    let frame = Frame(
      title: "\(title) · firedrill", css: PageStyle.css,
      ledgerText: "\(Format.count(view.memory.size)) leaves, \(Format.time(question.now))",
      problem: view.problem == nil
        ? ""
        : "The ledger cannot be read now: this is what it said \(view.readAt.map { Format.time($0) } ?? "at the start").",
      content: content)
    return .html(templates.render(frame, template), status: status.code)
  }

  struct MissingPage { let why: String }

  /// A run's page is its report.
  struct RunPage {
    let view: ReportView
    let clusterName: String
    let clusterLink: String

    init(view: ReportView, _ report: ReportPage) {
      self.view = view
      clusterName = report.cluster
      clusterLink = DashboardPath.cluster(report.cluster)
    }
  }

  struct MigrationPage {
    let view: MigrationView
    let clusterName: String
    let clusterLink: String

    init(_ timeline: MigrationTimeline) {
      view = MigrationView(timeline, runLink: { DashboardPath.run($0) })
      clusterName = timeline.cluster
      clusterLink = DashboardPath.cluster(timeline.cluster)
    }
  }

  struct ClusterPage {
    struct Choice {
      let label: String
      let link: String
      let isChosen: Bool
    }

    let view: ReportView
    let choices: [Choice]
    let runsLink: String
    let readiness: ReadinessPart
    let migrations: [MigrationLink]

    init(_ report: ReportPage, _ question: DashboardQuestion, days: Int) {
      let memory = question.memory.clusters[report.cluster]
      readiness = ReadinessPart(
        memory?.readiness(at: question.now)
          ?? ClusterReadiness(latest: nil, topologies: [], migrations: [], at: question.now))
      migrations = (memory?.migrations ?? []).map { MigrationLink($0) }
      view = ReportView(report, links: DashboardPages.links)
      let path = DashboardPath.cluster(report.cluster)
      choices = [7, 30, 90, 365].map { Choice(label: "\($0) days", link: "\(path)?days=\($0)", isChosen: $0 == days) }
      runsLink = path + "/runs"
    }
  }
}
