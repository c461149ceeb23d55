public import DrillModel

/// All nodes of an RFC 6962 tree, kept level by level: made in one pass, after which each inclusion proof costs its own length.
///
/// A node without a right neighbour is carried up as it is, which gives the same tree as splitting at the largest power of two.
/// Source: RFC 6962, section 2.1; RFC 9162, section 2.1.1.
public struct MerkleNodes: Sendable {
  /// Leaf digests first, the root alone at the end; empty for the empty tree.
  private let levels: [[Digest]]

  /// - Parameter leaves: digests made by ``MerkleTree/leafDigest(of:)``. Takes twice their memory.
  public init(leaves: [Digest]) {
    var levels: [[Digest]] = leaves.isEmpty ? [] : [leaves]
    while let last = levels.last, last.count > 1 {
      levels.append(
        stride(from: 0, to: last.count, by: 2).map { left in
          left + 1 < last.count ? MerkleTree.nodeDigest(last[left], last[left + 1]) : last[left]
        })
    }
    self.levels = levels
  }

  public var leaves: [Digest] { levels.first ?? [] }
  public var size: Int { leaves.count }
  public var root: Digest { levels.last?.first ?? MerkleTree().root }

  /// The digests beside the path from leaf `index` to the root, lowest first, as ``MerkleProof/inclusion(of:in:)``.
  ///
  /// - Precondition: `index` lies in the tree.
  public func inclusion(of index: Int) -> [Digest] { steps(from: index).map(\.sibling) }

  /// The same, with the side on which each digest stands.
  public func steps(from index: Int) -> [(isLeft: Bool, sibling: Digest)] {
    precondition(leaves.indices.contains(index), "no such leaf")
    var index = index
    var steps: [(isLeft: Bool, sibling: Digest)] = []
    for level in levels.dropLast() {
      let sibling = index ^ 1
      if sibling < level.count { steps.append((sibling < index, level[sibling])) }
      index >>= 1
    }
    return steps
  }
}
