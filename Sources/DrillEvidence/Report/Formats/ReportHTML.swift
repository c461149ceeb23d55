/// A report as one HTML file: nothing is fetched, nothing runs, every value is escaped.
public struct ReportHTML: Sendable {
  public var page: ReportPage

  public init(_ page: ReportPage) { self.page = page }

  public func text() -> String {
    let view = ReportView(page)
    return PageTemplates().standalone(view, titled: view.pageTitle, "report")
  }
}
