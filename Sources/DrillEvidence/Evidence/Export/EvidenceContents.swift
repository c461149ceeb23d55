import DrillCrypto
import DrillModel

/// All that an archive says, before any of it is signed.
public struct EvidenceContents: Sendable {
  public private(set) var manifest: EvidenceManifest
  public private(set) var statements: [EvidenceStatement]
  public private(set) var gaps: [EvidenceGap]
  public private(set) var controls: [ControlRow]
  /// The history of the scope's clusters up to the end of the period.
  public private(set) var history: History
  /// The ledger's tree, with the leaves that are shown.
  private(set) var ledger: LedgerLeaves
  /// Shows that the previous export's tree is a beginning of this one; empty where there was none.
  private(set) var consistency: [Digest]
  /// Signed gate decisions by leaf, as far as they are kept.
  private(set) var decisions: [Int: [UInt8]]
  /// Pages for people, by file name.
  private(set) var reports: [String: [UInt8]]

  /// Concludes what there is to say of the period.
  ///
  /// - Parameter redactor: redacts keys that runs recorded in clear, unless they are asked for.
  /// - Throws: `DrillError`: `usage` where the period is empty or there is no leaf; `ledger-damaged` where the ledger is not what was recorded, or does not
  ///   begin with the tree of an earlier export.
  public init(of ledger: Ledger, _ request: EvidenceRequest) throws {
    // What has not happened yet was not missed.
    let end = min(request.to, request.exportedAt)
    guard request.from < end else {
      throw DrillError(.usage, subject: "\(request.from)", detail: "the period's beginning must lie before its end")
    }
    let whole = try ledger.history()
    guard whole.size > 0 else { throw DrillError(.usage, subject: ledger.path, detail: "the ledger is empty") }
    for cluster in request.clusters where !whole.clusters.contains(cluster) {
      throw DrillError(
        .usage, subject: cluster,
        detail: "the ledger knows no such cluster; it knows \(whole.clusters.prefix(10).joined(separator: ", "))")
    }
    let previous = request.head(before: whole)
    let scope = EvidenceScope(
      from: request.from, to: end, clusters: Set(request.clusters), previousSize: previous?.size)
    let keys = request.showsKeys ? nil : RecordedKeys(redactor: ledger.redactor)
    let recorded = whole.within(scope)
    let history = keys?.redacted(recorded) ?? recorded
    let conclusions = EvidenceConclusions(history, whole: whole, scope: scope)

    var withheld = EvidenceManifest.Withheld(otherClusters: 0, outsidePeriod: 0, showingKeys: 0)
    var redacted: [Int: RawLeaf] = [:]
    let leaves = try ledger.leaves(upTo: whole.size) { leaf in
      guard scope.concerns(leaf) else {
        withheld.otherClusters += 1
        return false
      }
      guard scope.shows(leaf) || conclusions.supporting.contains(leaf.leaf) else {
        withheld.outsidePeriod += 1
        return false
      }
      if !request.showsKeys, RecordedKeys.areShown(by: leaf) {
        withheld.showingKeys += 1
        redacted[leaf.leaf] = leaf
        return false
      }
      return true
    }
    try EvidenceContents.hold(leaves.nodes.leaves, against: whole.exports, previous, path: ledger.path)

    let all = leaves.leaves.merging(redacted) { first, _ in first }.values.sorted { $0.leaf < $1.leaf }
    let writer = StatementWriter(
      log: leaves.origin, nodes: leaves.nodes, scope: scope, shown: leaves.leaves, keys: keys,
      details: ledger.details(of:))
    var statements: [EvidenceStatement] = []
    for leaf in all where scope.states(leaf) { statements.append(try writer.statement(of: leaf)) }
    statements += try conclusions.missed.map { try writer.statement(of: $0, schedules: history.schedules) }
    statements += try conclusions.findings.map { try writer.statement(of: $0, in: conclusions) }
    statements += try conclusions.policyChanges.map { try writer.statement(of: $0) }

    gaps =
      GapReport.uncovered(before: scope, previous: previous, whole.exports)
      + GapReport.gaps(scope, history: history, leaves: all, missed: conclusions.missed)
    controls = EvidenceContents.matrix(statements, conclusions, history, request).rows()
    manifest = EvidenceManifest(
      exportedAt: request.exportedAt, tool: request.tool, from: request.from, to: end,
      clusters: request.clusters.sorted(), log: leaves.origin, size: leaves.nodes.size, root: leaves.nodes.root,
      previous: previous, statements: statements.count, withheld: withheld, showsKeys: request.showsKeys)
    consistency = previous.map { MerkleProof.consistency(from: $0.size, in: leaves.nodes.leaves) } ?? []
    self.statements = statements
    self.history = history
    self.ledger = leaves
    // A decision's facts may name what findings are about.
    decisions =
      history.runs == recorded.runs
      ? try leaves.leaves.filter { $0.value.kind == .gateDecision && $0.value.clusters.allSatisfy(scope.concerns) }
        .compactMapValues { try $0.details.flatMap { try ledger.details(of: $0) } } : [:]
    reports = [:]
    reports = try EvidenceReports(
      manifest: manifest, history: history, gaps: gaps, controls: controls,
      run: { id in
        var recorded = try ledger.run(id)
        if let keys { recorded.run = recorded.run.map { keys.redacted($0) } }
        return recorded
      }
    ).pages()
  }

  /// What the ledger is to be told of this export.
  public var record: EvidenceExported {
    EvidenceExported(
      from: manifest.from, to: manifest.to, clusters: manifest.clusters, size: manifest.size, root: manifest.root)
  }

  /// Every tree that was exported before must be a beginning of this one.
  private static func hold(
    _ leaves: [Digest], against exports: [Recorded<EvidenceExported>], _ previous: EvidenceManifest.Head?, path: String
  ) throws {
    var heads = exports.map { EvidenceManifest.Head(size: $0.body.size, root: $0.body.root) }
    if let previous { heads.append(previous) }
    for head in Set(heads) {
      guard head.size >= 0, head.size <= leaves.count else {
        throw DrillError(
          .ledgerDamaged, subject: path,
          detail:
            "an earlier export stood on \(head.size) leaves, the ledger has \(leaves.count): its end was cut off, or an old copy was put back"
        )
      }
      guard MerkleTree(leaves: leaves.prefix(head.size)).root == head.root else {
        throw DrillError(
          .ledgerDamaged, subject: path,
          detail:
            "the ledger's first \(head.size) leaves are not those that an earlier export stood on: something was dropped or changed"
        )
      }
    }
  }

  private static func matrix(
    _ statements: [EvidenceStatement], _ conclusions: EvidenceConclusions, _ history: History,
    _ request: EvidenceRequest
  ) -> ControlMatrix {
    var matrix = ControlMatrix()
    let runs = Dictionary(history.runs.map { ($0.leaf, $0.body) }, uniquingKeysWith: { first, _ in first })
    let open = conclusions.findings.map(\.isOpen)
    var findings = 0
    for (index, statement) in statements.enumerated() {
      let number = index + 1
      matrix.statements.append((number, statement.kind, statement.cluster))
      if let leaf = statement.leaf, let run = runs[leaf] { matrix.runs.append((number, run)) }
      if statement.kind == EvidenceConclusions.findingKind {
        if open[findings] { matrix.openFindings.append(number) } else { matrix.closedFindings.append(number) }
        findings += 1
      }
    }
    matrix.clusters = request.clusters.isEmpty ? history.clusters : request.clusters.sorted()
    let last = Dictionary(history.schedules.map { ($0.body.drill, $0.body) }, uniquingKeysWith: { _, last in last })
    matrix.scheduledClusters = Set(last.values.filter { $0.calendar != nil }.map(\.cluster))
    return matrix
  }
}
