import DrillModel

/// A backup of a catalog, as a rule may look at it: what its manifest states decides only where it may be believed.
public struct RetentionCandidate: Hashable, Sendable {
  /// The name of its folder.
  public var backup: String
  /// What a manifest states that may be believed; nil: nobody knows what this is.
  public var stated: RetainedBackup?
  /// Why its manifest may not be believed.
  public var problem: String?
  /// The predecessor that its manifest names, believed or not: a claim that can only keep more.
  public var predecessor: String?

  public init(backup: String, stated: RetainedBackup?, problem: String? = nil, predecessor: String? = nil) {
    self.backup = backup
    self.stated = stated
    self.problem = problem
    self.predecessor = predecessor
  }
}
