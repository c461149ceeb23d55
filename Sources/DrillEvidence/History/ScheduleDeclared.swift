/// States by which schedule a drill should run from now on.
public struct ScheduleDeclared: LeafBody, Hashable {
  public static var kind: LeafKind { .schedule }

  public var drill: String
  public var cluster: String
  /// The schedule in the words in which it was given; nil ends it.
  public var calendar: String?
  /// Seconds after a due time within which a run must have begun.
  public var grace: Int64

  public init(drill: String, cluster: String, calendar: String?, grace: Int64) {
    self.drill = drill
    self.cluster = cluster
    self.calendar = calendar
    self.grace = grace
  }
}
