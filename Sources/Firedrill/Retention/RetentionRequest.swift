public import DrillModel

/// A catalog to be held against a retention rule.
public struct RetentionRequest: Sendable {
  /// A folder, or a remote one.
  public var catalog: String
  /// Path of the rule.
  public var rule: String
  /// Paths of trusted public keys.
  public var trust: [String]
  public var requiresSignature: Bool
  /// Path of the ledger that knows migrations and verified backups.
  public var ledger: String
  /// The time that ages are told against.
  public var at: Instant

  public init(
    catalog: String, rule: String, trust: [String], requiresSignature: Bool, ledger: String, at: Instant = .now
  ) {
    self.catalog = catalog
    self.rule = rule
    self.trust = trust
    self.requiresSignature = requiresSignature
    self.ledger = ledger
    self.at = at
  }
}
