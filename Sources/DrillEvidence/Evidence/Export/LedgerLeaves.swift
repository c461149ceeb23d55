public import DrillCrypto
public import DrillModel
import Foundation
import GRDB

/// A ledger's tree with the leaves that were asked for.
public struct LedgerLeaves: Sendable {
  public var origin: String
  public var nodes: MerkleNodes
  /// By number.
  public var leaves: [Int: RawLeaf]

  public init(origin: String, nodes: MerkleNodes, leaves: [Int: RawLeaf]) {
    self.origin = origin
    self.nodes = nodes
    self.leaves = leaves
  }
}

extension Ledger {
  /// Reads the first `size` leaves, hashes each anew, and keeps those that `isWanted` names.
  ///
  /// - Throws: `DrillError` with `ledger-damaged` where a leaf is missing, is not what was recorded, or the tree is not the recorded one.
  public func leaves(upTo size: Int, where isWanted: (RawLeaf) -> Bool) throws -> LedgerLeaves {
    func damaged(_ detail: String) -> DrillError { DrillError(.ledgerDamaged, subject: path, detail: detail) }
    return try read { db in
      var hashes: [Digest] = []
      var kept: [Int: RawLeaf] = [:]
      let rows = try Row.fetchCursor(
        db,
        sql:
          "SELECT leaf, CAST(statement AS BLOB) AS statement, CAST(hash AS BLOB) AS hash FROM leaves WHERE leaf < ? ORDER BY leaf",
        arguments: [size])
      while let row = try rows.next() {
        let number: Int = row["leaf"]
        let statement = [UInt8](row["statement"] as Data? ?? Data())
        guard number == hashes.count else { throw damaged("leaf \(hashes.count) is missing") }
        let hash = MerkleTree.leafDigest(of: statement)
        guard Data(hash.bytes) == row["hash"] as Data?, let leaf = RawLeaf(leaf: number, statement: statement) else {
          throw damaged("leaf \(number) is not what was recorded")
        }
        hashes.append(hash)
        if isWanted(leaf) { kept[number] = leaf }
      }
      let last = try Int.fetchOne(db, sql: "SELECT max(size) FROM tree_heads") ?? 0
      let end = try Int.fetchOne(db, sql: "SELECT count(*) FROM leaves") ?? 0
      guard last == end else { throw damaged("tree heads reach to \(last) leaves, but there are \(end)") }
      let nodes = MerkleNodes(leaves: hashes)
      let recorded = try Row.fetchOne(
        db, sql: "SELECT size, CAST(peaks AS BLOB) AS peaks FROM tree_heads WHERE size = ?", arguments: [size])
      let head = recorded.flatMap { MerkleTree(size: $0["size"], storedPeaks: $0["peaks"] as Data? ?? Data()) }
      guard size == 0 || (head?.size == UInt64(hashes.count) && head?.root == nodes.root) else {
        throw damaged("the leaves do not make the tree that was recorded")
      }
      return LedgerLeaves(origin: origin, nodes: nodes, leaves: kept)
    }
  }

  /// The details of a leaf; nil where there are none any more.
  ///
  /// - Throws: `DrillError` with `ledger-damaged` where they are not the ones that were recorded.
  public func details(of digest: Digest) throws -> [UInt8]? {
    let body = try read { db in
      try Data.fetchOne(db, sql: "SELECT CAST(body AS BLOB) FROM details WHERE digest = ?", arguments: [digest.hex])
    }
    guard let body else { return nil }
    guard SHA256.digest([UInt8](body)) == digest else {
      throw DrillError(
        .ledgerDamaged, subject: path, detail: "the details \(digest.short) are not the ones that were recorded")
    }
    return [UInt8](body)
  }
}
