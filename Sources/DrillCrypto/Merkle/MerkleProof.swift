public import DrillModel

/// Proofs about RFC 6962 trees, made from all leaves and verified from a few digests.
///
/// Source: RFC 6962, sections 2.1.1 and 2.1.2; verification as in RFC 9162, sections 2.1.3.2 and 2.1.4.2.
public enum MerkleProof {
  /// The digests beside the path from leaf `index` to the root, lowest first; empty for a tree of one leaf. Linear in
  /// the number of leaves.
  ///
  /// - Precondition: `index` lies in `leaves`.
  public static func inclusion(of index: Int, in leaves: [Digest]) -> [Digest] {
    precondition(leaves.indices.contains(index), "no such leaf")
    return path(index, leaves[...])
  }

  /// Shows that the tree over the first `oldSize` leaves is a beginning of the tree over all; empty where the sizes
  /// are equal or the old one is 0.
  ///
  /// - Precondition: `oldSize` is not above the number of leaves.
  public static func consistency(from oldSize: Int, in leaves: [Digest]) -> [Digest] {
    precondition((0...leaves.count).contains(oldSize), "the old tree is larger than the new one")
    return oldSize == 0 || oldSize == leaves.count ? [] : subproof(oldSize, leaves[...], isWhole: true)
  }

  /// Whether `leaf` is leaf number `index` of the tree of `size` leaves with this root.
  public static func verifies(
    inclusionOf leaf: Digest, at index: UInt64, size: UInt64, root: Digest, proof: [Digest]
  ) -> Bool {
    guard index < size else { return false }
    var fn = index
    var sn = size - 1
    var node = leaf
    for step in proof {
      guard sn != 0 else { return false }
      if fn & 1 == 1 || fn == sn {
        node = MerkleTree.nodeDigest(step, node)
        while fn & 1 == 0 && fn != 0 {
          fn >>= 1
          sn >>= 1
        }
      } else {
        node = MerkleTree.nodeDigest(node, step)
      }
      fn >>= 1
      sn >>= 1
    }
    return sn == 0 && node == root
  }

  /// Whether the tree of `oldSize` leaves is a beginning of the tree of `newSize` leaves. The empty tree is a
  /// beginning of every tree.
  public static func verifies(
    consistencyFrom oldSize: UInt64, oldRoot: Digest, to newSize: UInt64, newRoot: Digest, proof: [Digest]
  ) -> Bool {
    guard oldSize <= newSize else { return false }
    if oldSize == newSize { return proof.isEmpty && oldRoot == newRoot }
    if oldSize == 0 { return proof.isEmpty && oldRoot == MerkleTree().root }
    var steps = proof[...]
    if oldSize.nonzeroBitCount == 1 { steps = ([oldRoot] + proof)[...] }
    guard let first = steps.popFirst() else { return false }
    var fn = oldSize - 1
    var sn = newSize - 1
    while fn & 1 == 1 {
      fn >>= 1
      sn >>= 1
    }
    var old = first
    var new = first
    for step in steps {
      guard sn != 0 else { return false }
      if fn & 1 == 1 || fn == sn {
        old = MerkleTree.nodeDigest(step, old)
        new = MerkleTree.nodeDigest(step, new)
        while fn & 1 == 0 && fn != 0 {
          fn >>= 1
          sn >>= 1
        }
      } else {
        new = MerkleTree.nodeDigest(new, step)
      }
      fn >>= 1
      sn >>= 1
    }
    return sn == 0 && old == oldRoot && new == newRoot
  }

  private static func path(_ index: Int, _ leaves: ArraySlice<Digest>) -> [Digest] {
    guard leaves.count > 1 else { return [] }
    let split = splitPoint(leaves.count)
    let left = leaves.prefix(split)
    let right = leaves.dropFirst(split)
    return index < split
      ? path(index, left) + [MerkleTree(leaves: right).root]
      : path(index - split, right) + [MerkleTree(leaves: left).root]
  }

  private static func subproof(_ size: Int, _ leaves: ArraySlice<Digest>, isWhole: Bool) -> [Digest] {
    if size == leaves.count { return isWhole ? [] : [MerkleTree(leaves: leaves).root] }
    let split = splitPoint(leaves.count)
    let left = leaves.prefix(split)
    let right = leaves.dropFirst(split)
    return size <= split
      ? subproof(size, left, isWhole: isWhole) + [MerkleTree(leaves: right).root]
      : subproof(size - split, right, isWhole: false) + [MerkleTree(leaves: left).root]
  }

  /// The largest power of two below `count`.
  private static func splitPoint(_ count: Int) -> Int { 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
