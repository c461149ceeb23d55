/// A report as one HTML file: nothing is fetched, nothing runs, every value is escaped.
public struct ReportHTML: Sendable {
  public var page: ReportPage

  public init(_ page: ReportPage) { self.page = page }

  private struct Whole {
    let policy: String
    let title: String
    let css: String
    let view: ReportView
  }

  public func text() -> String {
    let view = ReportView(page)
    return PageTemplates().render(
      Whole(
        policy: PageTemplates.securityPolicy, title: "\(view.pageTitle) · firedrill", css: PageStyle.css, view: view),
      "report")
  }
}
