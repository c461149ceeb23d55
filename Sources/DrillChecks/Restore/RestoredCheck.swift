public import DrillModel

/// Judges whether the server that loaded a shard's artifact holds exactly the artifact's records.
///
/// Expiries are held against each other to the millisecond: the sandbox's clock stands at the cut, and loading moves
/// none.
public struct RestoredCheck: Sendable {
  public var backup: String
  /// 2 where the artifact was read by our reader and the sandbox through its server; 1 where the same reader read both.
  public var independentReaders: Int

  public init(backup: String, independentReaders: Int) {
    self.backup = backup
    self.independentReaders = independentReaders
  }

  /// - Parameters:
  ///   - artifact: what the artifact's reader folded.
  ///   - sandbox: what the sandbox's reader folded.
  ///   - facts: the sandbox reader's facts. Values of modules that it could not see are compared by number alone and not
  ///     counted as examined.
  ///   - leftOut: records that the artifact's reader left out, and that are in neither fold.
  ///   - keys: the keys of differing slots (left: artifact, right: sandbox); nil where they were not looked up.
  public func check(
    shard: String, artifact: FoldedRecords, sandbox: FoldedRecords, facts: ReadFacts, leftOut: UInt64 = 0,
    keys: KeyDiff? = nil
  ) throws -> Judgement {
    var judgement = Judgement()
    let subject = Finding.Subject(backup: backup, shard: shard)
    var found: [Finding] = []
    let opaque = facts.opaqueRecords
    let modules = ModuleComparison(artifact.modules, sandbox.modules, opaque: opaque, keys: keys)
    let left = artifact.fingerprint.subtracting(modules.artifactUnseen)
    let right = sandbox.fingerprint.subtracting(modules.sandboxUnseen)
    found += CellFindings(code: .restoredDiffers, stage: .fingerprint, subject: subject)
      .findings(SlotDiff(left, right), keys: modules.keys)
    if modules.isCountWrong {
      found.append(
        Finding(
          .restoredDiffers, stage: .fingerprint, subject: subject,
          expected: Wording.count(artifact.modules.recordCount, "module value"),
          observed: Wording.count(opaque + sandbox.modules.recordCount, "module value") + " in the server"))
    }
    found += facts.problems.map {
      Finding(
        .restoredDiffers, stage: .fingerprint, subject: subject, expected: "records that the server can show",
        observed: $0.detail)
    }
    if sandbox.brokenRecords > 0 {
      found.append(
        Finding(
          .restoredDiffers, stage: .fingerprint, subject: subject, expected: "whole records from the server",
          observed: "\(Wording.count(sandbox.brokenRecords, "record")) broken off"))
    }
    judgement.addLimited(found)
    let declared = artifact.records
    let unseen = min(modules.unseen, declared)
    judgement.coverage.append(
      Run.StageCoverage(
        .fingerprint, of: "records restored of shard \(shard)",
        try Coverage(
          .records, declared: declared + leftOut, examined: declared - unseen,
          skipped: [.opaqueModule: unseen, .notModelled: leftOut])))
    judgement.comparisons.append(
      Run.Comparison(
        .fingerprint, left: "artifact", right: "sandbox", independentReaders: independentReaders, isEqual: found.isEmpty
      ))
    return judgement
  }

  /// Values of modules, which the server writes anew: equal bytes are equal values. Other bytes may be another version's
  /// way to write the same value, and are no finding; lost and added keys are.
  private struct ModuleComparison {
    /// What was not compared, on either side.
    private(set) var artifactUnseen = Fingerprint()
    private(set) var sandboxUnseen = Fingerprint()
    /// The differing keys, without those whose values were only written otherwise.
    private(set) var keys: KeyDiff?
    let isCountWrong: Bool

    var unseen: UInt64 { artifactUnseen.recordCount }

    init(_ artifact: Fingerprint, _ sandbox: Fingerprint, opaque: UInt64, keys: KeyDiff?) {
      self.keys = keys
      isCountWrong = opaque > 0 && artifact.recordCount != sandbox.recordCount + opaque
      guard opaque == 0 else {
        // Which of them the server could not show is not known by slot.
        (artifactUnseen, sandboxUnseen) = (artifact, sandbox)
        return
      }
      var rewritten: Set<[UInt8]> = []
      for cell in SlotDiff(artifact, sandbox).cells {
        let here = keys?.differences.filter { $0.namespace == cell.namespace && $0.slot == cell.slot } ?? []
        guard cell.part == .content, cell.left.count == cell.right.count, cell.left.expiry == cell.right.expiry,
          here.allSatisfy({ $0.kind == .changed })
        else { continue }
        artifactUnseen.add(cell.left, namespace: cell.namespace, slot: cell.slot)
        sandboxUnseen.add(cell.right, namespace: cell.namespace, slot: cell.slot)
        rewritten.formUnion(here.map(\.key))
      }
      guard !rewritten.isEmpty else { return }
      self.keys = keys.map { KeyDiff(differences: $0.differences.filter { !rewritten.contains($0.key) }) }
    }
  }

  /// A shard that was not restored: its records were declared and not examined.
  public func skipped(shard: String, records: UInt64, reason: SkipReason) throws -> Judgement {
    var judgement = Judgement()
    judgement.coverage.append(
      Run.StageCoverage(
        .fingerprint, of: "records restored of shard \(shard)",
        try Coverage(.records, declared: records, examined: 0, skipped: [reason: records])))
    return judgement
  }
}

extension Fingerprint {
  func subtracting(_ other: Fingerprint) -> Fingerprint {
    var rest = self
    for (namespace, slots) in other.cells {
      for (slot, cell) in slots { rest.subtract(cell, namespace: namespace, slot: slot) }
    }
    return rest
  }
}
