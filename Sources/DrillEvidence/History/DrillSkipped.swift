/// States that a drill did not run, since a recent run had verified the same.
public struct DrillSkipped: LeafBody, Hashable {
  public static var kind: LeafKind { .skipped }

  public var drill: String
  public var cluster: String
  /// The run that is relied on.
  public var reliesOn: String
  /// Seconds within which that run had to lie.
  public var maxAge: Int64

  public init(drill: String, cluster: String, reliesOn: String, maxAge: Int64) {
    self.drill = drill
    self.cluster = cluster
    self.reliesOn = reliesOn
    self.maxAge = maxAge
  }
}
