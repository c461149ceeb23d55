public import DrillModel

/// A growing RFC 6962 Merkle tree, kept as the roots of its perfect subtrees: 32 bytes per bit of its size.
///
/// Source: RFC 6962, section 2.1 ("Merkle Hash Trees"): leaf = H(0x00 ‖ data), node = H(0x01 ‖ left ‖ right), empty
/// tree = H("").
public struct MerkleTree: Hashable, Sendable {
  /// Leaves so far.
  public private(set) var size: UInt64 = 0
  /// Roots of the perfect subtrees, largest first: as many as `size` has bits that are set.
  public private(set) var peaks: [Digest] = []

  public init() {}

  /// Takes up a tree where it was left; nil where the number of peaks does not belong to the size.
  public init?(size: UInt64, peaks: [Digest]) {
    guard peaks.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.peaks = peaks
  }

  public init(leaves: some Sequence<Digest>) { for leaf in leaves { append(leaf) } }

  /// Adds a leaf by its ``leafDigest(of:)``. Amortised constant time.
  public mutating func append(_ leafDigest: Digest) {
    var node = leafDigest
    for _ in 0..<size.trailingOnes { node = MerkleTree.nodeDigest(peaks.removeLast(), node) }
    peaks.append(node)
    size += 1
  }

  public var root: Digest {
    guard var root = peaks.last else { return SHA256.digest([]) }
    for peak in peaks.dropLast().reversed() { root = MerkleTree.nodeDigest(peak, root) }
    return root
  }

  public static func leafDigest(of data: [UInt8]) -> Digest {
    var hash = SHA256()
    hash.update([0])
    hash.update(data)
    return hash.finalize()
  }

  public static func nodeDigest(_ left: Digest, _ right: Digest) -> Digest {
    SHA256.digest([1] + left.bytes + right.bytes)
  }
}

extension UInt64 {
  fileprivate var trailingOnes: Int { (~self).trailingZeroBitCount }
}
