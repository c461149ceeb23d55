/// A record to be looked for in catalogs.
public struct LocateRequest: Sendable {
  /// The key as text, as `key:` and 16 digits (the redacted form that findings show), or in hexadecimal where ``isHex``.
  public var key: String
  public var isHex: Bool
  public var catalogs: [String]
  /// Only backups of this cluster, and those that do not say whose they are.
  public var cluster: String?
  /// Paths of trusted public keys.
  public var trust: [String]
  public var showsKeys: Bool
  /// The ledger whose secret redacts keys, and whose findings may name the key.
  public var ledger: String

  public init(
    key: String, isHex: Bool = false, catalogs: [String], cluster: String? = nil, trust: [String] = [],
    showsKeys: Bool = false, ledger: String
  ) {
    self.key = key
    self.isHex = isHex
    self.catalogs = catalogs
    self.cluster = cluster
    self.trust = trust
    self.showsKeys = showsKeys
    self.ledger = ledger
  }
}
