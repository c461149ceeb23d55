/// What became of events that were published, for people.
public struct PublishedText: Sendable {
  public var events: [PublishedEvent]

  public init(_ events: [PublishedEvent]) { self.events = events }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    for published in events {
      page.paragraph(
        [
          Span(published.isNew ? "recorded" : "known already", published.isNew ? .good : .dim),
          Span("  \(published.event.id): \(published.event.words), leaf \(published.leaf)"),
        ], hanging: 2)
    }
    return page.text
  }
}
