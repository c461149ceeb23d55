public import DrillModel

/// Judges whether a backup is complete against an expected distribution of shards, before anything of it is restored.
public enum ReadinessCheck {
  /// - Parameter source: where the expected topology comes from, for people.
  /// - Returns: `coverage-hole` for each expected shard without an artifact whose slots no other covers, and for slots beside
  ///   them; `topology-stale` where the backup is of another epoch or distribution.
  public static func check(_ manifest: Manifest, against expected: Topology, source: String) throws -> Judgement {
    let artifacts = Set(manifest.artifacts.filter { $0.role == .data }.compactMap(\.shard))
    let readiness = Readiness(expected: expected, topology: manifest.topology, artifacts: artifacts)
    var judgement = Judgement()
    var left = readiness.missingSlots
    func hole(_ shard: String?, _ slots: SlotSet) {
      judgement.findings.append(
        Finding(
          .coverageHole, stage: .manifest,
          subject: Finding.Subject(backup: manifest.backup, shard: shard, slot: slots.slots.first),
          expected: "an artifact for every slot of the topology that is expected (\(source))",
          observed: slots.isEmpty
            ? "no artifact holds the shard" : "\(Wording.count(slots.count, "slot")) (\(Excerpt.of(slots))) without"))
    }
    for shard in readiness.missingShards {
      let lost = left.intersection(expected.shard(named: shard)?.slots ?? SlotSet())
      guard !lost.isEmpty || !expected.mapsSlots else { continue }
      hole(shard, lost)
      left = left.subtracting(lost)
    }
    if !left.isEmpty { hole(nil, left) }
    if !readiness.isOfExpectedEpoch {
      let moved =
        readiness.movedSlots.isEmpty
        ? "with the same distribution"
        : "\(Wording.count(readiness.movedSlots.count, "slot")) (\(Excerpt.of(readiness.movedSlots))) moved or in flight"
      judgement.findings.append(
        Finding(
          .topologyStale, stage: .manifest,
          subject: Finding.Subject(
            backup: manifest.backup, shard: readiness.otherSlots.count == 1 ? readiness.otherSlots[0] : nil),
          expected: "a backup of the expected topology (\(source))\(stated(readiness.expectedEpoch))",
          observed: "epoch \(readiness.epoch): \(moved)"))
    }
    let declared = UInt64(expected.mapsSlots ? expected.slots.count : Slot.count)
    judgement.coverage.append(
      Run.StageCoverage(
        .manifest, of: "slots of the expected topology",
        try Coverage(.slots, declared: declared, examined: declared, skipped: [:])))
    return judgement
  }

  private static func stated(_ epoch: UInt64) -> String { epoch == 0 ? "" : ", epoch \(epoch)" }
}
