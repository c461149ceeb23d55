import DrillChecks
import DrillModel

extension DrillRunner {
  /// Every record of every data artifact, by our reader, in a shard that may hold it.
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
    result.judgement += try DecodeCheck(manifest).check(
      artifacts.map { DecodeCheck.Reading(artifact: $0.name, facts: $0.facts, records: $0.whole) })
    result.judgement.findings += doubles(in: artifacts, of: stored.backup)
    result.phases = [PhaseTiming(.decode, elapsed: start.duration(to: .now))]
    result.notes = artifacts.flatMap { artifact in artifact.facts.notes.map { "\(artifact.name): \($0)" } }
    if result.judgement.isClean {
      let records = artifacts.reduce(0) { $0 + $1.whole.records }
      result.levels = [.init(.decoded, evidence: "\(records) records decoded, each in a shard that may hold it")]
    }
    return (Decoded(backup: stored.backup, artifacts: artifacts), result)
  }
}
