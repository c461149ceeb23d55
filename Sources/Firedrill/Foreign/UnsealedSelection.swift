public import DrillModel

/// A backup that nobody sealed, as a drill names it.
public struct UnsealedSelection: Hashable, Sendable {
  /// A file or folder: relative to the catalog, or absolute. Nil: the newest entry of the catalog that is not sealed.
  public var path: String?
  var statement = ShardStatement()
  /// When it was begun, where its files do not tell.
  public var cut: Instant?
  /// The list and its signature are relative to the backup's folder; the key is absolute.
  public var digests: DigestsSource?

  public init(path: String?) { self.path = path }
}
