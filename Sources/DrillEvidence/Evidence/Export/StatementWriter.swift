import DrillCrypto
import DrillModel

/// Writes statements about leaves and conclusions.
struct StatementWriter {
  var log: String
  var nodes: MerkleNodes
  var scope: EvidenceScope
  var shown: [Int: RawLeaf]
  /// Nil where keys may be shown.
  var keys: RecordedKeys?
  /// The details of a leaf by their digest; nil where they were dropped.
  var details: (Digest) throws -> [UInt8]?

  /// Repeats a leaf to the byte; where it shows a key, with the keys redacted.
  func statement(of leaf: RawLeaf) throws -> EvidenceStatement {
    let isShown = shown[leaf.leaf] != nil
    var subjects = [subject(leaf.leaf)]
    var members = [
      "hash": CanonicalObject.text(leaf.hash.hex), "late": Array("\(scope.isLate(leaf))".utf8),
      "leaf": Array("\(leaf.leaf)".utf8), "log": CanonicalObject.text(log),
      "recorded": isShown ? leaf.statement : try keys?.redacted(leaf) ?? leaf.statement,
      "redacted": Array("\(!isShown)".utf8),
    ]
    if let digest = leaf.details { subjects.append(("details of leaf \(leaf.leaf)", digest)) }
    if leaf.kind == .run {
      let run = try CanonicalJSON.decode(Leaf<RunFinished>.self, from: leaf.statement).body
      for backup in run.backups {
        if let manifest = backup.manifest { subjects.append(("backup \(backup.backup)", manifest)) }
      }
      if let digest = leaf.details, let bytes = try details(digest) {
        members["account"] = try CanonicalJSON.encode(RunAccount(try CanonicalJSON.decode(Run.self, from: bytes)))
      }
    }
    return EvidenceStatement(
      kind: leaf.kind.rawValue, cluster: leaf.clusters.first, leaf: leaf.leaf, subjects: subjects,
      predicate: CanonicalObject.encode(members))
  }

  func statement(of missed: MissedDrill, schedules: [Recorded<ScheduleDeclared>]) throws -> EvidenceStatement {
    let declared = schedules.last { $0.body.drill == missed.drill && $0.time <= missed.due }
    return try concluded(
      EvidenceConclusions.missedKind, missed.cluster, from: declared.map { [$0.leaf] } ?? [], missed)
  }

  func statement(of finding: FollowedFinding, in conclusions: EvidenceConclusions) throws -> EvidenceStatement {
    try concluded(
      EvidenceConclusions.findingKind, finding.cluster, from: conclusions.basis(of: finding), finding)
  }

  func statement(of change: PolicyChange) throws -> EvidenceStatement {
    try concluded(EvidenceConclusions.policyKind, change.cluster, from: [change.leaf], change)
  }

  private func concluded(
    _ kind: String, _ cluster: String, from leaves: [Int], _ body: some Encodable
  ) throws -> EvidenceStatement {
    let basis = leaves.filter { nodes.leaves.indices.contains($0) }
    return EvidenceStatement(
      kind: kind, cluster: cluster, leaf: nil,
      // A conclusion from what is absent rests on the whole tree.
      subjects: basis.map(subject) + [("tree of \(nodes.size) leaves", nodes.root)],
      predicate: CanonicalObject.encode([
        "concluded": try CanonicalJSON.encode(body), "asOf": CanonicalObject.text("\(scope.to)"),
        "from": Array("[\(basis.map(String.init).joined(separator: ","))]".utf8), "log": CanonicalObject.text(log),
      ]))
  }

  /// The leaf's file where it is shown, else its hash in the tree.
  private func subject(_ number: Int) -> (name: String, digest: Digest) {
    if let leaf = shown[number] { return (EvidenceFile.leaf(number), SHA256.digest(leaf.statement)) }
    return ("hash of leaf \(number)", nodes.leaves[number])
  }
}
