/// One question put to a store. Deterministic data: the same seed gives the same bytes.
public struct Operation: Hashable, Sendable, Codable {
  /// The profile's name for it: `get`, `orders-of-customer`.
  public var name: String
  /// The slot that routes it to a shard.
  public var slot: Slot
  /// The key that it is about, for findings.
  public var key: [UInt8]
  /// The database of the key where an engine has several (Redis: `db3`); nil: the first, or the only one.
  public var namespace: String?
  public var statement: Statement

  public init(name: String, slot: Slot, key: [UInt8], namespace: String? = nil, statement: Statement) {
    self.name = name
    self.slot = slot
    self.key = key
    self.namespace = namespace
    self.statement = statement
  }

  public enum Statement: Hashable, Sendable, Codable {
    /// A command and its arguments (Redis).
    case command([[UInt8]])
    /// Parameterised SQL (SQLite). The order of rows is part of the answer only where the SQL says ORDER BY, which `isOrdered` repeats.
    case query(String, [Scalar], isOrdered: Bool)
  }
}

/// A typed scalar: a parameter or a column.
public enum Scalar: Hashable, Sendable, Codable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}
