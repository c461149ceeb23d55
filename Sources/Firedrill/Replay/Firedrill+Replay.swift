import DrillCrypto
public import DrillModel
import DrillReplay

extension Firedrill {
  /// Puts a workload's questions to a store behind a URL, reading only, and says how fast it answered.
  ///
  /// - Throws: `DrillError`: `bad-file`, `usage`, what the store says; `CancellationError`.
  public static func replay(
    _ request: ReplayRequest, events: @escaping DrillEventHandler = { _ in }
  ) async throws -> ReplayReport {
    var profile = try WorkloadFile.read(path: Workplace.absolute(request.workload)).profile
    if let rate = request.rate {
      profile.rate = profile.rate ?? OfferedRate(rate)
      profile.rate?.operationsPerSecond = rate
      profile.thinkTime = nil
    }
    if let operations = request.operations { (profile.operations, profile.duration) = (operations, nil) }
    profile.connections = request.connections ?? profile.connections
    profile.pipelining = request.pipelining ?? profile.pipelining
    profile.duration = request.duration ?? profile.duration
    if let problem = profile.problems.first {
      throw DrillError(.usage, subject: profile.name, detail: "'\(problem.field)' \(problem.detail)")
    }
    guard case .live(var cluster, _) = try RecordSide(request.store, catalog: nil, via: .commands) else {
      throw DrillError(
        .usage, subject: request.store, detail: "a replay needs a running store: redis://… or redis+unix://…")
    }
    guard cluster.engine == profile.engine else {
      throw DrillError(.usage, subject: profile.name, detail: "the workload is for \(profile.engine)")
    }
    cluster.isUnpaced = request.isAtFullSpeed
    let engine = try Engines().named(cluster.engine)
    let seed = request.seed
    return try await engine.withLive(cluster) { [profile] live in
      guard let sampler = live as? any KeySampling else {
        throw DrillError(.usage, subject: request.store, detail: "this store cannot name keys to ask about")
      }
      let sample = try await sampler.sampleKeys(seed: seed, size: DrillRunner.sampleSize)
      let stream = try OperationStream(profile, over: sample.keys, seed: seed) { engine.slot(ofKey: $0) }
      events(.started(.replay, detail: "asking \(stream.operations.count) questions"))
      var driver = ReplayDriver(profile, seed: seed)
      let progress = AnswerProgress(of: stream.operations.count, events)
      driver.progress = { progress.count($0) }
      let result = try await driver.replay(stream.operations, on: live)
      events(.finished(.replay, elapsed: result.elapsed))
      return ReplayReport(result, of: stream, profile: profile, seed: seed)
    }
  }
}

extension ReplayReport {
  fileprivate init(_ result: ReplayResult, of stream: OperationStream, profile: WorkloadProfile, seed: UInt64) {
    workload = profile.name
    self.seed = seed
    operations = UInt64(result.operations.count)
    indeterminate = UInt64(result.indeterminate)
    unasked = UInt64(result.unasked)
    elapsedMs = result.elapsed.milliseconds
    ratePerSecond = result.elapsed > .zero ? Double(result.latency.count) / result.elapsed.seconds : 0
    latency = result.summary(side: "store")
    operationsDigest = stream.digest
    if result.unasked == 0, result.indeterminate == 0, !result.answers.isEmpty {
      var hash = SHA256()
      for answer in result.answers { if let digest = answer.digest { hash.update(digest.bytes) } }
      answersDigest = hash.finalize()
    }
    notes =
      stream.omitted.isEmpty
      ? [] : ["not asked, since no key is of their kind: \(stream.omitted.joined(separator: ", "))"]
  }
}
