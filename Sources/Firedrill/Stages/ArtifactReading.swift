import DrillChecks
import DrillModel
import Synchronization

/// One data artifact, read in full by our reader.
struct DecodedArtifact: Sendable {
  /// Its name in the manifest.
  var name: String
  var file: ArtifactFile
  var facts: ReadFacts
  /// Records that were there at the cut.
  var folded: FoldedRecords
  /// Records that had expired at the cut and were still in the file: no server loads them.
  var expired: FoldedRecords

  /// All records of the file.
  var whole: FoldedRecords {
    var sum = folded
    sum += expired
    return sum
  }
}

/// Reads artifacts and folds their records; judges nothing.
struct ArtifactReading: Sendable {
  var engine: any Engine
  var seed: UInt64
  var sampleSize: Int
  /// The cut: records that had expired before are kept apart. Nil: none are.
  var clock: Instant?
  var events: DrillEventHandler

  /// - Parameter allowed: the slots of which the shard may hold records; nil: any.
  func read(_ named: NamedFile, allowed: SlotSet?) async throws -> DecodedArtifact {
    let (engine, clock, plan) = (
      engine, clock, FoldPlan(allowedSlots: allowed, seed: seed, sampleSize: sampleSize, workers: processorCount - 1)
    )
    let report = RecordProgress(events)
    return try await onThread {
      let fold = FingerprintFold(plan)
      var alone = plan
      alone.workers = 0
      let expiredFold = FingerprintFold(alone)
      let facts = try engine.readArtifact(named.file, selection: .all) { batch in
        report.count(batch)
        var batch = batch
        if let clock, let expired = batch.takeExpired(at: clock) { expiredFold.consume(expired) }
        fold.consume(batch)
        if report.isCancelled { throw CancellationError() }
      }
      return DecodedArtifact(
        name: named.name, file: named.file, facts: facts, folded: fold.finish(), expired: expiredFold.finish())
    } onCancel: {
      report.cancel()
    }
  }

  /// The keys of `slots` in the files, with their digests.
  func keys(of slots: SlotSet, in files: [ArtifactFile]) async throws -> KeyDigests {
    let (engine, clock) = (engine, clock)
    return try await onThread {
      var digests = KeyDigests(slots: slots)
      for file in files {
        _ = try engine.readArtifact(file, selection: .slots(slots)) { batch in
          var batch = batch
          if let clock { _ = batch.takeExpired(at: clock) }
          digests.consume(batch)
        }
      }
      return digests
    }
  }
}

/// Counts records on their way and tells whoever listens; carries a cancellation to a thread that no task runs on.
final class RecordProgress: Sendable {
  private let counted = Atomic<UInt64>(0)
  private let cancelled = Atomic<Bool>(false)
  private let stage: Stage
  private let events: DrillEventHandler

  init(_ events: @escaping DrillEventHandler, stage: Stage = .decode) {
    self.events = events
    self.stage = stage
  }

  func count(_ batch: RecordBatch) {
    let (_, total) = counted.add(UInt64(batch.pieces.count), ordering: .relaxed)
    events(.progress(stage, done: total, total: nil, unit: .records))
  }

  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
  func cancel() { cancelled.store(true, ordering: .relaxed) }
}
