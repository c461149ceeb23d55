public import DrillCrypto
import DrillModel
import Foundation
import GRDB

extension Ledger {
  /// Recomputes the tree from its rows, compares it with every recorded head, checks every detail's digest, and holds anchored heads against it.
  ///
  /// Linear in the ledger. The leaves are read within one transaction, the details after it one by one, so that writers are not kept waiting.
  ///
  /// - Parameter anchors: heads that were anchored elsewhere (``AnchoredHead/read(in:)``); without them a cut-off end cannot be seen.
  /// - Parameter trusted: keys of which one must have signed each anchored head of this ledger; empty: heads count without a signature too.
  /// - Throws: `DrillError` where the ledger cannot be read at all. What is wrong with it is in the returned problems.
  public func verify(anchors: [AnchoredHead] = [], trusted: [PublicKey] = []) throws -> LedgerVerification {
    var check = LedgerCheck(origin: origin, anchors: anchors)
    do {
      let complaints = try read { db in try String.fetchAll(db, sql: "PRAGMA integrity_check(3)") }.filter {
        $0 != "ok"
      }
      for complaint in complaints { check.report(.databaseCorrupt, detail: complaint) }
      try read { db in
        try check.schema(db)
        try check.leaves(db)
        try check.unreferencedDetails(db)
      }
      try check.details { digest in
        try read { db in
          let body = try Data.fetchOne(
            db, sql: "SELECT CAST(body AS BLOB) FROM details WHERE digest = ?", arguments: [digest.hex])
          if let body { return .kept([UInt8](body)) }
          return .gone(droppedBefore: try LedgerCheck.droppedBefore(db))
        }
      }
    } catch let error as DrillError where error.code == .ledgerDamaged {
      check.report(.databaseCorrupt, detail: error.detail)
      check.isBroken = true
    }
    check.anchors(trusted: trusted)
    return check.result
  }
}

/// The state of a verification under way.
private struct LedgerCheck {
  enum Details {
    case kept([UInt8])
    case gone(droppedBefore: Int)
  }

  private(set) var result: LedgerVerification
  /// The tree could not be recomputed to its end.
  var isBroken = false
  private let anchored: [AnchoredHead]
  /// Roots at the sizes that anchors state.
  private var roots: [Int: Digest] = [:]
  /// Details with the last leaf that names them.
  private var named: [Digest: Int] = [:]

  init(origin: String, anchors: [AnchoredHead]) {
    anchored = anchors
    result = LedgerVerification(origin: origin)
  }

  mutating func report(
    _ code: LedgerProblem.Code, leaf: Int? = nil, size: Int? = nil, subject: String? = nil, detail: String
  ) {
    result.problems.append(LedgerProblem(code, leaf: leaf, size: size, subject: subject, detail: detail))
  }

  mutating func schema(_ db: Database) throws {
    let expected = try LedgerSchema.expectedDefinitions()
    let found = try LedgerSchema.definitions(in: db)
    for name in Set(expected.keys).union(found.keys).sorted() where expected[name] != found[name] {
      let what =
        expected[name] == nil ? "is not of the ledger's schema" : found[name] == nil ? "is gone" : "was changed"
      report(.schemaAltered, subject: name, detail: "\(name) \(what)")
    }
  }

  mutating func leaves(_ db: Database) throws {
    var tree = MerkleTree()
    let sizes = Set(anchored.compactMap { $0.head.map { Int(clamping: $0.size) } })
    if sizes.contains(0) { roots[0] = tree.root }
    var differing: [Int] = []
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT leaf, CAST(statement AS BLOB) AS statement, CAST(hash AS BLOB) AS hash, CAST(peaks AS BLOB) AS peaks
        FROM leaves LEFT JOIN tree_heads ON size = leaf + 1 ORDER BY leaf
        """)
    while let row = try rows.next() {
      let leaf: Int = row["leaf"]
      let statement = [UInt8](row["statement"] as Data? ?? Data())
      let computed = MerkleTree.leafDigest(of: statement)
      result.size += 1
      guard leaf == Int(tree.size) || isBroken else {
        report(
          .leafMissing, leaf: Int(tree.size),
          detail: "after leaf \(Int(tree.size) - 1) comes leaf \(leaf); the tree cannot be computed past the gap")
        isBroken = true
        continue
      }
      let recorded = MerkleTree.digests(row["hash"])?.first
      if recorded != computed {
        report(
          .leafEdited, leaf: leaf, detail: "leaf \(leaf)'s statement does not have the hash that was recorded for it")
      }
      if let header = try? CanonicalJSON.decode(LeafHeader.self, from: statement), let details = header.details {
        named[details] = leaf
      }
      guard !isBroken else { continue }
      tree.append(recorded ?? computed)
      let size = Int(tree.size)
      if sizes.contains(size) { roots[size] = tree.root }
      guard let peaks = row["peaks"] as Data? else {
        report(.headMissing, size: size, detail: "no head was recorded for the tree of \(size) leaves")
        continue
      }
      result.headsExamined += 1
      if peaks != Data(tree.peaks.flatMap(\.bytes)) { differing.append(size) }
    }
    if let first = differing.first {
      report(
        .headDiffers, leaf: first - 1, size: first,
        detail:
          "\(differing.count) recorded tree heads, the first of size \(first), are not what the leaves make: see leaf \(first - 1) first"
      )
    }
    let last = try Int.fetchOne(db, sql: "SELECT max(size) FROM tree_heads") ?? 0
    let end = try Int.fetchOne(db, sql: "SELECT max(leaf) + 1 FROM leaves") ?? 0
    if last > end {
      report(
        .tailCut, leaf: end, size: last, detail: "heads are recorded up to \(last) leaves, but the leaves end at \(end)"
      )
    }
    if !isBroken { result.root = tree.root }
  }

  mutating func unreferencedDetails(_ db: Database) throws {
    let digests = try String.fetchAll(
      db,
      sql:
        "SELECT CAST(digest AS TEXT) FROM details WHERE digest NOT IN (SELECT details FROM leaves WHERE details IS NOT NULL)"
    )
    for digest in digests {
      report(.detailsUnreferenced, subject: digest, detail: "no leaf names the details \(digest.prefix(12))")
    }
  }

  mutating func details(_ read: (Digest) throws -> Details) throws {
    for (digest, leaf) in named.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      switch try read(digest) {
      case .kept(let body):
        result.detailsExamined += 1
        guard SHA256.digest(body) != digest else { continue }
        report(
          .detailsEdited, leaf: leaf, subject: digest.hex,
          detail: "leaf \(leaf)'s details are not the ones that were recorded")
      case .gone(let boundary):
        guard leaf >= boundary else {
          result.detailsDropped += 1
          continue
        }
        report(
          .detailsMissing, leaf: leaf, subject: digest.hex,
          detail: "leaf \(leaf)'s details are gone, and no leaf says that they were dropped")
      }
    }
  }

  /// The leaf before which details may be gone.
  static func droppedBefore(_ db: Database) throws -> Int {
    try Int.fetchOne(
      db,
      sql:
        "SELECT max(CAST(json_extract(statement, '$.body.before') AS INTEGER)) FROM leaves WHERE kind = 'details-dropped'"
    ) ?? 0
  }

  mutating func anchors(trusted: [PublicKey]) {
    for anchor in anchored {
      let head = anchor.head
      let size = head.map { Int(clamping: $0.size) }
      let signer = anchor.signer(among: trusted)
      result.anchors.append(
        AnchorCheck(
          place: anchor.place, origin: head?.origin, size: size, root: head?.root,
          outcome: outcome(anchor, head, size, isAccepted: trusted.isEmpty || signer != nil),
          signature: signer != nil ? .trusted : anchor.isSigned ? .untrusted : .none, key: signer?.description))
    }
  }

  private mutating func outcome(
    _ anchor: AnchoredHead, _ head: TreeHead?, _ size: Int?, isAccepted: Bool
  ) -> AnchorCheck.Outcome {
    guard let head, let size else {
      report(.anchorUnreadable, subject: anchor.place, detail: "\(anchor.place) is not a tree head")
      return .refuted
    }
    guard head.origin == result.origin else { return .foreign }
    guard isAccepted else {
      report(
        .anchorUntrusted, size: size, subject: anchor.place,
        detail: "no trusted key verifies the head in \(anchor.place)")
      return .notCompared
    }
    if let root = roots[size] {
      if root == head.root { return .confirmed }
      report(
        .anchorDiffers, size: size, subject: anchor.place,
        detail: "the tree of \(size) leaves does not have the root that is anchored in \(anchor.place)")
      return .refuted
    }
    if isBroken { return .notCompared }
    report(
      .anchorBeyond, size: size, subject: anchor.place,
      detail:
        "\(anchor.place) anchors \(size) leaves, the ledger has \(result.size): its end was cut off, or an old copy was put back"
    )
    return .refuted
  }
}
