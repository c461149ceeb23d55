public import DrillCrypto
public import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// The whole history, and the place of the ledger at which it stands.
  public func positionedHistory() throws -> (History, LedgerPosition) {
    var history = try history()
    // What is appended between two readings is read again until both agree.
    while true {
      guard let head = try head() else {
        return (history, LedgerPosition(origin: origin, size: 0, root: MerkleTree().root))
      }
      if Int(head.size) == history.size {
        return (history, LedgerPosition(origin: origin, size: history.size, root: head.root))
      }
      try extend(&history)
    }
  }

  /// Records a decision; its leaf's details are the envelope.
  ///
  /// - Returns: the leaf.
  /// - Throws: `DrillError` with `ledger-unwritable`; then nothing was recorded.
  @discardableResult
  public func append(_ decision: GateDecision, envelope: Envelope) throws -> Int {
    try append(decision.leaf, details: try envelope.encoded(), at: decision.decidedAt)
  }

  /// The root of the tree over the first `size` leaves, computed from what they state; nil where there are not so many.
  ///
  /// - Complexity: linear in `size`.
  public func computedRoot(size: Int) throws -> Digest? {
    try read { db in
      var tree = MerkleTree()
      let rows = try Row.fetchCursor(
        db, sql: "SELECT leaf, CAST(statement AS BLOB) AS statement FROM leaves WHERE leaf < ? ORDER BY leaf",
        arguments: [size])
      while let row = try rows.next() {
        guard row["leaf"] as Int? == Int(tree.size) else { return nil }
        tree.append(MerkleTree.leafDigest(of: [UInt8](row["statement"] as Data? ?? Data())))
      }
      return Int(tree.size) == size ? tree.root : nil
    }
  }
}
