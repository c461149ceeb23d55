public import DrillCrypto
import DrillModel

extension Ledger {
  /// Writes the tree's head into `folder`, a catalog, over the one that was anchored there before.
  ///
  /// What stands there is held against the ledger first: a head that the ledger no longer confirms is the trace of a cut-off or exchanged
  /// ledger, and stays.
  ///
  /// - Parameter key: the key that signs it; nil: it is not signed, which shows a cut-off end but not who wrote the anchor. A head that is signed is
  ///   never replaced by one that is not: it goes on bearing witness to the leaves that it counts.
  /// - Returns: the head that stands there now; nil where the ledger is empty.
  /// - Throws: `DrillError`: `ledger-damaged` where the old head refutes the ledger; `catalog-unwritable`.
  @discardableResult
  public func writeAnchor(to folder: String, signedBy key: SigningKey? = nil) throws -> TreeHead? {
    guard let head = try head() else { return nil }
    let place = AnchoredHead.place(of: origin, in: folder)
    if let old = try AnchoredHead.read(at: place) {
      guard let stated = old.head, stated.origin == origin else {
        throw DrillError(
          .ledgerDamaged, subject: place,
          detail: "what stands here is not a tree head of this ledger; move it away once you know why")
      }
      guard try recordedRoot(size: Int(clamping: stated.size)) == stated.root else {
        throw DrillError(
          .ledgerDamaged, subject: path,
          detail:
            "the ledger does not hold the \(stated.size) leaves whose head is anchored in \(place); was it cut off, or an old copy put back?"
        )
      }
      if key == nil, old.isSigned { return stated }
    }
    try AnchoredHead(place: place, bytes: key.map { try head.signed(with: $0) } ?? Array(head.text.utf8)).write()
    return head
  }
}
