/// A migration as one HTML file: nothing is fetched, nothing runs, every value is escaped.
public struct MigrationHTML: Sendable {
  public var timeline: MigrationTimeline

  public init(_ timeline: MigrationTimeline) { self.timeline = timeline }

  private struct Whole {
    let policy: String
    let title: String
    let css: String
    let view: MigrationView
  }

  public func text() -> String {
    PageTemplates().render(
      Whole(
        policy: PageTemplates.securityPolicy,
        title: "\(timeline.migration) of \(timeline.cluster) · firedrill", css: PageStyle.css,
        view: MigrationView(timeline)),
      "migration")
  }
}
