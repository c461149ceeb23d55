public import DrillModel

/// A leaf of the ledger: one statement, of which the canonical JSON is the data of a leaf of the Merkle tree.
public struct Leaf<Body: LeafBody>: Codable, Sendable {
  public var kind: LeafKind
  /// When it was appended.
  public var time: Instant
  /// SHA-256 of the details; nil where there are none.
  public var details: Digest?
  public var body: Body

  init(_ body: Body, details: Digest?, time: Instant) {
    kind = Body.kind
    self.time = time
    self.details = details
    self.body = body
  }
}

/// What every leaf says, whatever its kind.
struct LeafHeader: Codable {
  var kind: LeafKind
  var time: Instant
  var details: Digest?
}
