internal import DrillCrypto
public import DrillModel

extension Fingerprint {
  /// One digest over all cells and libraries: what evidence publishes, since a single cell with one record would
  /// expose that record's hash.
  ///
  /// The root of an RFC 6962 tree whose leaves are, in this order (numbers little-endian, `len4` a length as 4 bytes,
  /// sums big-endian):
  ///
  ///     cells, by the bytes of their namespace, then slot:
  ///       01 ‖ len4 namespace ‖ namespace ‖ slot (2) ‖ count (8) ‖ content sum (32) ‖ expiry sum (32)
  ///     libraries, by the bytes of their name, then digest:
  ///       02 ‖ len4 name ‖ name ‖ digest (32)
  ///
  /// The empty fingerprint has the root of the empty tree.
  public var root: Digest { root { $0 } }

  /// ``root`` over contents alone, every sum of expiries taken as zero: equal before, in and after a move of slots, which
  /// shifts expiries and nothing else.
  public var contentRoot: Digest {
    root { Cell(count: $0.count, content: $0.content) }
  }

  private func root(_ part: (Cell) -> Cell) -> Digest {
    var tree = MerkleTree()
    for (namespace, slots) in cells.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      for (slot, cell) in slots.sorted(by: { $0.key < $1.key }) {
        let cell = part(cell)
        var leaf = Fingerprint.leaf(1, namespace)
        leaf.appendLittleEndian(slot.rawValue)
        leaf.appendLittleEndian(cell.count)
        leaf += cell.content.digest.bytes + cell.expiry.digest.bytes
        tree.append(MerkleTree.leafDigest(of: leaf))
      }
    }
    for (name, digests) in libraries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      for digest in digests.sorted() {
        tree.append(MerkleTree.leafDigest(of: Fingerprint.leaf(2, name) + digest.bytes))
      }
    }
    return tree.root
  }

  private static func leaf(_ domain: UInt8, _ name: String) -> [UInt8] {
    var leaf = [domain]
    leaf.appendLittleEndian(UInt32(name.utf8.count))
    leaf.append(contentsOf: name.utf8)
    return leaf
  }
}
