import DrillChecks
import DrillModel

extension DrillRunner {
  /// Every record of every data artifact, by our reader, in a shard that may hold it, and on one side of a move.
  func decode(_ stored: StoredBackup) async throws -> (Decoded?, StageResult) {
    let manifest = stored.manifest
    let reading = ArtifactReading(
      engine: engine, seed: drill.seed, sampleSize: DrillRunner.sampleSize, clock: manifest.cut.time, events: events)
    let start = ContinuousClock.now
    var artifacts: [DecodedArtifact] = []
    var result = StageResult()
    for named in stored.data {
      do {
        artifacts.append(
          try await reading.read(named, allowed: DecodeCheck.allowedSlots(of: named.file.shard, in: manifest.topology)))
      } catch let error as DrillError {
        result.judgement.obstacles.append(Run.Obstacle(error, stage: .decode))
      }
    }
    let placement = try await placement(of: artifacts, in: manifest, by: reading)
    result.judgement += checks.judged(
      try DecodeCheck(manifest).check(
        artifacts.map { DecodeCheck.Reading(artifact: $0.name, facts: $0.facts, records: $0.whole) },
        strays: placement.strays))
    result.judgement.findings += checks.judged(placement.findings() + doubles(in: artifacts, of: stored.backup))
    result.phases = [PhaseTiming(.decode, elapsed: start.duration(to: .now))]
    result.notes = artifacts.flatMap { artifact in artifact.facts.notes.map { "\(artifact.name): \($0)" } }
    if result.judgement.isClean {
      let records = artifacts.reduce(0) { $0 + $1.whole.records }
      let moves = manifest.topology.moves.count
      result.levels = [
        .init(
          .decoded,
          evidence: "\(records) records decoded, each in a shard that may hold it"
            + (moves == 0 ? "" : ", and on one side of \(moves == 1 ? "the move" : "the \(moves) moves") in flight"))
      ]
    }
    return (
      Decoded(backup: stored.backup, artifacts: artifacts, doubles: placement.doubledPerSlot, opened: stored.opened),
      result
    )
  }

  /// Where records lie of which more than one artifact has some of the slot: their keys are read again, and only those.
  private func placement(
    of artifacts: [DecodedArtifact], in manifest: Manifest, by reading: ArtifactReading
  ) async throws -> PlacementCheck {
    var check = PlacementCheck(
      backup: manifest.backup, topology: manifest.topology, stage: .decode, seed: drill.seed)
    let held = Dictionary(artifacts.map { ($0.file.shard, $0.folded.fingerprint) }) { first, _ in first }
    for chunk in PlacementCheck.contested(held, in: manifest.topology) {
      var keys: [String: KeyDigests] = [:]
      for artifact in artifacts where held[artifact.file.shard]?.holds(anyOf: chunk) == true {
        keys[artifact.file.shard] = try await reading.keys(of: chunk, in: [artifact.file])
      }
      check.add(keys)
    }
    return check
  }
}

extension Fingerprint {
  func holds(anyOf slots: SlotSet) -> Bool { countsPerSlot.keys.contains { slots.contains($0) } }
}
