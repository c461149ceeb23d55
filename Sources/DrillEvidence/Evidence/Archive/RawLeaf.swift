import DrillCrypto
public import DrillModel

/// A leaf of the ledger as it is stored, with what every leaf says.
public struct RawLeaf: Hashable, Sendable {
  public var leaf: Int
  public var kind: LeafKind
  public var time: Instant
  public var details: Digest?
  /// The clusters that it concerns; empty where it concerns none in particular.
  public var clusters: [String]
  /// The leaf's data: canonical JSON.
  public var statement: [UInt8]

  /// Nil where the statement is not a leaf's.
  public init?(leaf: Int, statement: [UInt8]) {
    guard let about = try? CanonicalJSON.decode(About.self, from: statement) else { return nil }
    self.leaf = leaf
    self.statement = statement
    kind = about.kind
    time = about.time
    details = about.details
    clusters = about.body?.cluster.map { [$0] } ?? about.body?.clusters ?? []
  }

  public var hash: Digest { MerkleTree.leafDigest(of: statement) }

  private struct About: Decodable {
    var kind: LeafKind
    var time: Instant
    var details: Digest?
    var body: Body?
    struct Body: Decodable {
      var cluster: String?
      var clusters: [String]?
    }
  }
}
