/// An event as the ledger holds it after it was published.
public struct PublishedEvent: Hashable, Sendable, Codable {
  public var event: MigrationEvent
  public var leaf: Int
  /// False: an event with this id and this content was recorded before.
  public var isNew: Bool

  public init(event: MigrationEvent, leaf: Int, isNew: Bool) {
    self.event = event
    self.leaf = leaf
    self.isNew = isNew
  }
}
