public import DrillModel

/// A leaf's statement with its place in the ledger.
public struct Recorded<Body: LeafBody & Hashable>: Hashable, Sendable {
  public var leaf: Int
  /// When it was appended.
  public var time: Instant
  /// SHA-256 of the details, kept or dropped; nil where there never were any.
  public var details: Digest?
  public var body: Body

  public init(leaf: Int, time: Instant, details: Digest? = nil, body: Body) {
    self.leaf = leaf
    self.time = time
    self.details = details
    self.body = body
  }
}
