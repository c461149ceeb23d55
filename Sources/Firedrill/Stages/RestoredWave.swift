import DrillChecks
import DrillModel
import DrillReplay
import Foundation

/// What one wave of sandboxes held and answered.
struct RestoredWave: Sendable {
  var facts: SandboxFacts
  var held: [String: FoldedRecords] = [:]
  /// What of that the artifact's reader can tell: of the shards of which it left records out.
  var comparable: [String: FoldedRecords] = [:]
  var read: [String: ReadFacts] = [:]
  /// Differing keys (left: artifact, right: sandbox) of the shards that differ.
  var keyDiffs: [String: KeyDiff] = [:]
  /// Records that two servers of the wave hold.
  var doubled: [Finding] = []
  var phases: [PhaseTiming] = []
  var sheet: ReplayResult?
  var live: ReplayResult?
  var load: LoadPart?
  var loadObstacle: DrillError?
  /// Nil where the drill asks nothing about users.
  var access: AccessPart?

  /// Slots of which keys are looked up one by one when a sandbox holds something else than its artifact.
  private static let chunksLocalised = 20

  static func make(
    _ wave: [DecodedArtifact], number: Int, questions: Questions, access: AccessPart?, in runner: DrillRunner,
    manifest: Manifest
  ) async throws -> RestoredWave {
    let (engine, events, sandbox) = (runner.engine, runner.events, runner.drill.sandbox)
    let slots = manifest.topology.slotsWhole(in: Set(wave.map(\.file.shard)))
    var request = SandboxRequest(
      files: wave.map(\.file), topology: manifest.topology, clock: manifest.cut.time,
      folder: "\(runner.folder)/s\(number)",
      isolation: sandbox.isolation, memoryLimitBytes: nil, servers: sandbox.servers, modules: sandbox.modules,
      loadTimeout: sandbox.loadTimeout, events: events)
    request.requiredProof = sandbox.proof
    request.liveEndpoints = runner.cluster?.description.endpoints ?? []
    request.mayConnectToLive = runner.drill.touchesLive || sandbox.proof.contains(.liveEndpoint)
    try FileManager.default.createDirectory(
      atPath: request.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return try await engine.withSandbox(request) { store in
      var outcome = RestoredWave(facts: store.facts)
      outcome.phases = store.facts.phases
      if let seconds = try await firstAnswer(questions, slots: slots, on: store) {
        outcome.phases.append(PhaseTiming(.firstAnswer, elapsed: seconds))
      }
      try await outcome.readBack(wave, of: manifest, from: store, engine: engine, events: events)
      try await outcome.place(wave, of: manifest, from: store)
      try await outcome.replay(questions, slots: slots, on: store, events: events)
      // From here on the sandbox holds more than the backup.
      try await outcome.putUnderLoad(questions, slots: slots, on: store, events: events)
      // Last: from here on it lets in whom the backup says.
      outcome.access = try await access?.tried(on: store)
      return outcome
    }
  }

  /// Time to the first answer that is what the reference answered; nil where nothing can be asked, or nothing answers so.
  private static func firstAnswer(
    _ questions: Questions, slots: SlotSet, on store: any Sandbox
  ) async throws -> Duration? {
    guard let sheet = questions.sheet else { return nil }
    let asked = zip(sheet.operations, sheet.answers).filter { slots.contains($0.0.slot) && $0.1.digest != nil }.prefix(
      16)
    guard !asked.isEmpty else { return nil }
    let start = ContinuousClock.now
    let driver = ReplayDriver(connections: 1, pipelining: 1, timeout: questions.driver.timeout)
    for (operation, expected) in asked {
      let result = try await driver.replay([operation], on: store)
      if result.answers.first?.digest == expected.digest { return start.duration(to: .now) }
    }
    return nil
  }

  /// Every record of every shard, through its server; where that is not what the artifact holds, down to the keys.
  private mutating func readBack(
    _ wave: [DecodedArtifact], of manifest: Manifest, from store: any Sandbox, engine: any Engine,
    events: @escaping DrillEventHandler
  ) async throws {
    events(.started(.fingerprint, detail: "reading back through the restored store"))
    let start = ContinuousClock.now
    let report = RecordProgress(events, stage: .fingerprint)
    let parts = try await withThrowingTaskGroup(of: (String, FoldedRecords, FoldedRecords?, ReadFacts).self) { group in
      for artifact in wave {
        group.addTask {
          let fold = FingerprintFold(FoldPlan(seed: artifact.folded.sample.seed))
          let leftOut = Set(artifact.facts.leftOutRecords)
          let comparable = leftOut.isEmpty ? nil : FingerprintFold(FoldPlan(seed: artifact.folded.sample.seed))
          let facts = try await store.readRecords(shard: artifact.file.shard, selection: .all) { batch in
            report.count(batch)
            fold.consume(batch)
            guard let comparable else { return }
            var known = batch
            known.remove(leftOut)
            comparable.consume(known)
          }
          return (artifact.file.shard, fold.finish(), comparable?.finish(), facts)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (shard, folded, known, facts) in parts {
      held[shard] = folded
      comparable[shard] = known
      read[shard] = facts
    }
    let elapsed = start.duration(to: .now)
    phases.append(PhaseTiming(.fingerprint, elapsed: elapsed))
    events(.finished(.fingerprint, elapsed: elapsed))
    for artifact in wave {
      guard let mine = comparable[artifact.file.shard] ?? held[artifact.file.shard] else { continue }
      let leftOut = Set(artifact.facts.leftOutRecords)
      let difference = SlotDiff(artifact.folded.fingerprint, mine.fingerprint)
      let reading = ArtifactReading(engine: engine, seed: 0, sampleSize: 0, clock: manifest.cut.time, events: { _ in })
      for chunk in difference.chunks().prefix(RestoredWave.chunksLocalised) {
        let sealed = try await reading.keys(of: chunk, in: [artifact.file])
        var restored = KeyDigests(slots: chunk)
        _ = try await store.readRecords(shard: artifact.file.shard, selection: .slots(chunk)) { batch in
          var batch = batch
          batch.remove(leftOut)
          restored.consume(batch)
        }
        keyDiffs[artifact.file.shard, default: KeyDiff()] += KeyDiff(sealed, restored)
      }
    }
  }

  /// Keys of slots of which two servers hold records, asked of the servers.
  private mutating func place(
    _ wave: [DecodedArtifact], of manifest: Manifest, from store: any Sandbox
  ) async throws {
    var check = PlacementCheck(
      backup: manifest.backup, topology: manifest.topology, stage: .fingerprint,
      seed: wave.first?.folded.sample.seed ?? 0)
    for chunk in PlacementCheck.contested(held.mapValues(\.fingerprint), in: manifest.topology) {
      var keys: [String: KeyDigests] = [:]
      for shard in held.keys.sorted() where held[shard]?.fingerprint.holds(anyOf: chunk) == true {
        var digests = KeyDigests(slots: chunk)
        _ = try await store.readRecords(shard: shard, selection: .slots(chunk)) { digests.consume($0) }
        keys[shard] = digests
      }
      check.add(keys)
    }
    doubled = check.findings()
  }

  private mutating func replay(
    _ questions: Questions, slots: SlotSet, on store: any Sandbox, events: @escaping DrillEventHandler
  ) async throws {
    let start = ContinuousClock.now
    let captured = questions.sheet?.operations.filter { slots.contains($0.slot) } ?? []
    let live = questions.live.filter { slots.contains($0.slot) }
    guard !captured.isEmpty || !live.isEmpty else { return }
    events(.started(.replay, detail: "asking the restored store \(captured.count + live.count) questions"))
    if !captured.isEmpty { sheet = try await answered(captured, questions, on: store) }
    if !live.isEmpty { self.live = try await questions.driver.replay(live, on: store) }
    let elapsed = start.duration(to: .now)
    phases.append(PhaseTiming(.replay, elapsed: elapsed))
    events(.finished(.replay, elapsed: elapsed))
  }

  /// What differs from a captured answer is asked again: nobody writes to the copy, so that two answers are chance. A question that
  /// was asked twice at the cut may have two answers there.
  private func answered(
    _ captured: [DrillModel.Operation], _ questions: Questions, on store: any Sandbox
  ) async throws -> ReplayResult {
    let first = try await questions.driver.replay(captured, on: store)
    guard let sheet = questions.sheet else { return first }
    let expected = Dictionary(grouping: zip(sheet.operations, sheet.answers), by: \.0).mapValues { asked in
      Set(asked.compactMap(\.1.digest))
    }
    return try await questions.driver.askAgain(first, times: ReplayDriver.repeats, on: store) { operation, own in
      expected[operation]?.contains { $0 != own.digest } ?? false
    }
  }

  /// Asks the clean copy first, then under load, with writes between the questions.
  private mutating func putUnderLoad(
    _ questions: Questions, slots: SlotSet, on store: any Sandbox, events: @escaping DrillEventHandler
  ) async throws {
    guard let (all, driver) = questions.load else { return }
    let load = all.restricted(to: slots)
    guard !load.steps.isEmpty else { return }
    let start = ContinuousClock.now
    events(.started(.replay, detail: "putting the restored store under load: \(load.steps.count) operations"))
    do {
      guard let bearing = store as? any LoadBearing else {
        throw DrillError(
          .usage, stage: .replay, subject: "load", detail: "this engine's sandbox cannot be put under load")
      }
      let calm = ReplayDriver(connections: driver.connections, pipelining: driver.pipelining, timeout: driver.timeout)
      let alone = try await calm.replayTwice(load.questions, on: store)
      var shared = driver
      // Of some shards' share of the load, only as much a second.
      shared.rate?.scale(by: Double(load.steps.count) / Double(all.steps.count))
      let progress = AnswerProgress(of: load.steps.count, events)
      shared.progress = { progress.count($0) }
      let loaded = try await bearing.withLoad { [shared] in try await shared.load(load, on: $0) }
      self.load = LoadPart(alone: alone, loaded: loaded)
    } catch let error as DrillError {
      try Task.checkCancellation()
      // What was read back and compared before stands.
      loadObstacle = error
    }
    let elapsed = start.duration(to: .now)
    phases.append(PhaseTiming(.underLoad, elapsed: elapsed))
    events(.finished(.replay, elapsed: elapsed))
  }
}
