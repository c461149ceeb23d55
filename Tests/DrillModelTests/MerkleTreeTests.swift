import DrillCrypto
import DrillModel
import Testing

@Suite("RFC 6962 trees")
struct MerkleTreeTests {
  /// Source: google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc (inputs and roots of sizes 1 to 8).
  static let inputs: [[UInt8]] = [
    [], [0], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57), Array(0x60...0x6f),
  ]
  static let roots = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]

  @Test("the empty root and the roots of one to eight leaves are the published ones")
  func published() {
    var tree = MerkleTree()
    #expect(tree.root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    for (input, root) in zip(MerkleTreeTests.inputs, MerkleTreeTests.roots) {
      tree.append(MerkleTree.leafDigest(of: input))
      #expect(tree.root.hex == root)
      #expect(MerkleTree(size: tree.size, peaks: tree.peaks) == tree)
    }
    #expect(MerkleTree(size: 5, peaks: []) == nil)
  }

  private func leaves(_ count: Int) -> [Digest] { (0..<count).map { MerkleTree.leafDigest(of: [UInt8($0)]) } }

  @Test("every inclusion proof verifies, and not for another leaf, place, size or root")
  func inclusion() {
    for size in 1...20 {
      let leaves = leaves(size)
      let root = MerkleTree(leaves: leaves).root
      for index in 0..<size {
        let proof = MerkleProof.inclusion(of: index, in: leaves)
        func verifies(_ leaf: Digest, _ index: Int, _ size: Int, _ root: Digest, _ proof: [Digest]) -> Bool {
          MerkleProof.verifies(inclusionOf: leaf, at: UInt64(index), size: UInt64(size), root: root, proof: proof)
        }
        #expect(verifies(leaves[index], index, size, root, proof))
        #expect(!verifies(MerkleTree.leafDigest(of: [99]), index, size, root, proof))
        #expect(!verifies(leaves[index], index, size, MerkleTree().root, proof))
        #expect(!verifies(leaves[index], index, size, root, proof + [root]))
        if size > 1 {
          #expect(!verifies(leaves[index], (index + 1) % size, size, root, proof))
          #expect(!verifies(leaves[index], index, size, root, Array(proof.dropLast())))
        }
        #expect(!verifies(leaves[index], size, size, root, proof))
      }
    }
  }

  @Test("every consistency proof verifies, and not for a changed beginning")
  func consistency() {
    for size in 0...20 {
      let leaves = leaves(size)
      let root = MerkleTree(leaves: leaves).root
      for old in 0...size {
        let oldRoot = MerkleTree(leaves: leaves.prefix(old)).root
        let proof = MerkleProof.consistency(from: old, in: leaves)
        func verifies(_ oldRoot: Digest, _ newRoot: Digest, _ proof: [Digest]) -> Bool {
          MerkleProof.verifies(
            consistencyFrom: UInt64(old), oldRoot: oldRoot, to: UInt64(size), newRoot: newRoot, proof: proof)
        }
        #expect(verifies(oldRoot, root, proof))
        let stranger = MerkleTree.leafDigest(of: [99])
        #expect(!verifies(stranger, root, proof))
        #expect(!verifies(oldRoot, root, proof + [stranger]))
        if old > 0 { #expect(!verifies(oldRoot, stranger, proof)) }
        if !proof.isEmpty { #expect(!verifies(oldRoot, root, Array(proof.dropLast()))) }
      }
    }
    #expect(
      !MerkleProof.verifies(
        consistencyFrom: 2, oldRoot: MerkleTree().root, to: 1, newRoot: MerkleTree().root, proof: []))
  }
}
