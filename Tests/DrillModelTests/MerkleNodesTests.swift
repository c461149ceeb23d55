import DrillCrypto
import DrillModel
import Testing

@Suite("All nodes of a tree")
struct MerkleNodesTests {
  @Test("give the root and every inclusion proof that the tree gives leaf by leaf", arguments: 1...40)
  func likeTheTree(size: Int) {
    let leaves = (0..<size).map { MerkleTree.leafDigest(of: [UInt8($0)]) }
    let nodes = MerkleNodes(leaves: leaves)
    #expect(nodes.root == MerkleTree(leaves: leaves).root)
    #expect(nodes.size == size)
    for index in 0..<size {
      let proof = nodes.inclusion(of: index)
      #expect(proof == MerkleProof.inclusion(of: index, in: leaves))
      #expect(
        MerkleProof.verifies(
          inclusionOf: leaves[index], at: UInt64(index), size: UInt64(size), root: nodes.root, proof: proof))
      let sided = nodes.steps(from: index).reduce(leaves[index]) {
        $1.isLeft ? MerkleTree.nodeDigest($1.sibling, $0) : MerkleTree.nodeDigest($0, $1.sibling)
      }
      #expect(sided == nodes.root)
    }
  }

  @Test("of no leaves are the empty tree")
  func empty() {
    #expect(MerkleNodes(leaves: []).root == MerkleTree().root)
  }
}
