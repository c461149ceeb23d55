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
  ///   - facts: the sandbox reader's facts. Where it could not see into records, modules are compared by number alone
  ///     and not counted as examined.
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
    let isOpaque = opaque > 0
    let left = isOpaque ? artifact.fingerprint.subtracting(artifact.modules) : artifact.fingerprint
    let right = isOpaque ? sandbox.fingerprint.subtracting(sandbox.modules) : sandbox.fingerprint
    found += CellFindings(code: .restoredDiffers, stage: .fingerprint, subject: subject)
      .findings(SlotDiff(left, right), keys: keys)
    let modules = artifact.modules.recordCount
    if isOpaque, modules != opaque {
      found.append(
        Finding(
          .restoredDiffers, stage: .fingerprint, subject: subject, expected: Wording.count(modules, "module value"),
          observed: Wording.count(opaque, "record") + " that the server cannot show"))
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
    let unseen = isOpaque ? min(modules, declared) : 0
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
