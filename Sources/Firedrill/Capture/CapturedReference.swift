import DrillChecks
import DrillModel
import DrillReplay

/// What is read from the live servers at the cut: counts, answers and, where reading all is cheap, the fingerprint of the source.
struct CapturedReference: Sendable {
  private(set) var counts: SlotCounts?
  private(set) var fingerprint: Fingerprint?
  private(set) var answers: AnswerSheet?
  private(set) var keySample: String?
  private var sample: SampledKeys?

  /// Draws the keys before anything is held, for a store whose hold is too short to look for them.
  mutating func prepare(_ cluster: ClusterFile, live: any LiveCluster, engine: any Engine) async throws {
    guard cluster.answers != nil, let sampler = live as? any KeySampling else { return }
    let sample = try await sampler.sampleKeys(seed: cluster.answersSeed, size: CaptureRunner.sampleSize)
    keySample =
      "the \(sample.keys.entries.count) keys with the smallest seeded hashes among \(sample.seen) seen on the live servers just before the cut"
    self.sample = sample
  }

  mutating func take(from held: any HeldStore, cluster: ClusterFile, engine: any Engine) async throws {
    // What the pause is short for comes first.
    counts = try await held.slotCounts()
    if held.isFingerprintable {
      var folded = FoldedRecords(seed: cluster.answersSeed, sampleSize: CaptureRunner.sampleSize)
      for shard in held.shards {
        let fold = FingerprintFold(
          FoldPlan(seed: cluster.answersSeed, sampleSize: CaptureRunner.sampleSize, workers: processorCount - 1))
        _ = try await held.readRecords(shard: shard, selection: .all) { fold.consume($0) }
        folded += fold.finish()
      }
      fingerprint = folded.fingerprint
      let drawn = folded.sampledKeys
      keySample =
        "the \(drawn.keys.entries.count) keys with the smallest seeded hashes of each kind among all \(drawn.seen) records at the cut"
      sample = drawn
    }
    guard let workload = cluster.answers, let sample, !sample.keys.entries.isEmpty else { return }
    let stream = try OperationStream(workload.profile, over: sample.keys, seed: cluster.answersSeed) {
      engine.slot(ofKey: $0)
    }
    let budget = min(workload.budget ?? .seconds(3600), held.remaining * 0.8)
    guard budget > .zero else { return }
    answers = try await ReplayDriver(workload.profile, seed: cluster.answersSeed, budget: budget).replayTwice(
      stream.operations, on: held
    )
    .sheet(workload: workload.profile.name, seed: cluster.answersSeed)
  }
}
