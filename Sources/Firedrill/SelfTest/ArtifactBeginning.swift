import DrillChecks
import DrillModel

/// The first records of an artifact, as its reader hands them on.
struct ArtifactBeginning: Sendable {
  var artifact: DecodedArtifact
  var batches: [RecordBatch]
  /// Folded without a fault.
  var folded: FoldedRecords

  /// Where reading stops, after the batch that reaches one of them.
  private static let mostRecords = 4096
  private static let mostBytes = 8 << 20

  private struct IsEnough: Error {}

  /// - Parameter clock: records that had expired before are left out.
  static func read(_ artifact: DecodedArtifact, by engine: any Engine, clock: Instant) async throws -> ArtifactBeginning
  {
    let file = artifact.file
    let batches = try await onThread {
      var batches: [RecordBatch] = []
      var records = 0
      var bytes = 0
      do {
        _ = try engine.readArtifact(file, selection: .all) { batch in
          var batch = batch
          _ = batch.takeExpired(at: clock)
          records += batch.pieces.count
          bytes += batch.bytes.count
          batches.append(batch)
          if records >= mostRecords || bytes >= mostBytes { throw IsEnough() }
        }
      } catch is IsEnough {}
      return batches
    }
    return ArtifactBeginning(
      artifact: artifact, batches: batches,
      folded: fold(batches, FoldPlan(seed: artifact.folded.sample.seed)))
  }

  static func fold(_ batches: [RecordBatch], _ plan: FoldPlan) -> FoldedRecords {
    let fold = FingerprintFold(plan)
    for batch in batches { fold.consume(batch) }
    return fold.finish()
  }
}
