/// A migration as one HTML file: nothing is fetched, nothing runs, every value is escaped.
public struct MigrationHTML: Sendable {
  public var timeline: MigrationTimeline

  public init(_ timeline: MigrationTimeline) { self.timeline = timeline }

  public func text() -> String {
    PageTemplates().standalone(
      MigrationView(timeline), titled: "\(timeline.migration) of \(timeline.cluster)", "migration")
  }
}
