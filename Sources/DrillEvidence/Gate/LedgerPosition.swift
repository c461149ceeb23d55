public import DrillModel

/// A ledger as it stood: which one, with how many leaves, and their root.
public struct LedgerPosition: Hashable, Sendable, Codable {
  public var origin: String
  public var size: Int
  public var root: Digest

  public init(origin: String, size: Int, root: Digest) {
    self.origin = origin
    self.size = size
    self.root = root
  }
}
