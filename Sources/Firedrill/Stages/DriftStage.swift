import DrillChecks
import DrillModel
import DrillReplay
import Foundation

extension DrillRunner {
  /// What was restored, held against a live snapshot of now and against other backups; differences attributed to recorded causes.
  func attributeDrift(of restored: Restored) async throws -> (Void?, StageResult) {
    var result = StageResult()
    for reference in drill.references {
      do {
        switch reference {
        case .captured: continue
        case .live: try await compareWithLive(restored, &result)
        case .backup(let id): try await compare(restored, withBackup: id, &result)
        }
      } catch let error as DrillError {
        // A reference that cannot be looked at takes nothing away from what the others showed.
        result.judgement.obstacles.append(Run.Obstacle(error, stage: .drift))
      }
    }
    return ((), result)
  }

  private func compareWithLive(_ restored: Restored, _ result: inout StageResult) async throws {
    guard let cluster else {
      throw DrillError(
        .referenceUnavailable, stage: .drift, subject: "live",
        detail: "the drill names no cluster to take a live snapshot of")
    }
    let start = ContinuousClock.now
    let part = try await engine.withLive(cluster.description) { live in
      // Asked before the snapshot is taken, so that every change that an answer may show is in the snapshot too.
      let replayed = try await askLive(live, restored)
      let snapshotFolder = "\(folder)/live"
      try FileManager.default.createDirectory(
        atPath: snapshotFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      defer { try? FileManager.default.removeItem(atPath: snapshotFolder) }
      var plan = cluster.description.capture
      // A snapshot to look at, not a backup to keep: nothing is paused for it.
      plan.coherence = .perShard
      let snapshot = try await live.capture(plan, into: snapshotFolder) { _ in }
      let window = changeWindow(restored, until: snapshot)
      let evidence = try await (engine as? any ChangeExplaining)?.changeEvidence(for: cluster.description, in: window)
      let rolled = try await rollForward(restored, window)
      let held = try await hold(
        restored, against: snapshot.files, of: snapshot.topology, name: "live", at: snapshot.cut.time,
        evidence: evidence, rolled: rolled)
      let answers = try await judge(replayed, restored, changed: held.slots, evidence: evidence)
      return LivePart(
        topology: snapshot.topology, drift: held.drift, answers: answers,
        latency: replayed?.summary(side: "live"), askedAgain: replayed?.askedAgain, notes: held.notes)
    }
    result.notes += part.notes
    result.phases.append(PhaseTiming(.drift, elapsed: start.duration(to: .now)))
    result.liveTopology = part.topology
    if cluster.description.tls?.verification == .authority { result.notes.append(TLSSettings.unnamed) }
    absorb(part.drift, "the live snapshot", &result)
    guard let answers = part.answers else { return }
    result.judgement += answers.judgement
    if let note = AnswerCheck.note(answers.judgement, askedAgain: part.askedAgain) { result.notes.append(note) }
    result.answers = answers.tally
    result.unanswered = result.unanswered.union(answers.unanswered)
    if let latency = part.latency {
      result.latencies.append(latency)
      result.judgement.obstacles += LoadPart.saturation([latency])
    }
    if answers.judgement.isClean, answers.tally.equal > 0, answers.tally.indeterminate == 0 {
      result.levels.append(.init(.answers, evidence: "\(answers.tally.equal) answers equal to those of the live store"))
    }
  }

  private struct LivePart: Sendable {
    var topology: Topology
    var drift: DriftCheck.Result
    var answers: (judgement: Judgement, tally: Run.AnswerTally, unanswered: SlotSet)?
    var latency: Run.Latency?
    var askedAgain: Int?
    var notes: [String]
  }

  private func compare(_ restored: Restored, withBackup id: String, _ result: inout StageResult) async throws {
    guard id != restored.manifest.backup else {
      throw DrillError(
        .referenceUnavailable, stage: .drift, subject: "backup \(id)",
        detail: "it is the backup that is drilled; name another one, or see whether a newer one is missing")
    }
    let entry = try catalog.entry(named: id)
    let (sealed, judged) = try readManifest(of: entry, upTo: .cut)
    guard let sealed else {
      result.judgement += judged.judgement
      return
    }
    let own = Set(restored.decoded.backup.links.map(\.backup))
    if let shared = sealed.links.map(\.backup).first(where: own.contains) {
      throw DrillError(
        .referenceUnavailable, stage: .drift, subject: "backup \(id)",
        detail:
          "it and what is drilled both stand on \(shared), so that neither shows anything of the other; name a full backup that was taken by itself"
      )
    }
    let (reachable, fetched) = try await fetch(sealed)
    result.notes += fetched.notes
    guard let reachable else { return }
    let (stored, integrity) = try await checkIntegrity(of: reachable)
    guard let stored, integrity.judgement.isClean else {
      result.judgement += integrity.judgement
      return
    }
    let (opened, opening) = try await open(stored)
    result.notes += opening.notes
    guard let opened else {
      result.judgement += opening.judgement
      return
    }
    let (whole, assembly) = try await assemble(opened)
    guard let whole else {
      result.judgement += assembly.judgement
      return
    }
    let evidence = try await chainEvidence(restored, until: whole)
    let held = try await hold(
      restored, against: whole.data.map(\.file), of: sealed.manifest.topology, name: "backup \(id)",
      at: sealed.manifest.cut.time, evidence: evidence)
    result.notes += held.notes
    absorb(held.drift, "backup \(id)", &result, isEvidence: sealed.isTrusted)
  }

  /// What accounts for differences between a chain and another backup: at one cut nothing does; between two, what would account for changes
  /// of production. Nil, and then differences are ambiguous, where no chain was restored: two full backups that differ do not say which of
  /// them is wrong.
  private func chainEvidence(_ restored: Restored, until other: StoredBackup) async throws -> (any ChangeEvidence)? {
    guard restored.decoded.backup.chain != nil else { return nil }
    let (cut, later) = (restored.manifest.cut, other.manifest.cut)
    if cut.positions == later.positions { return SameCut() }
    guard let explaining = engine as? any ChangeExplaining, let cluster, cut.time <= later.time else { return nil }
    let snapshot = CapturedBackup(
      files: other.data.map(\.file), cut: later, topology: other.manifest.topology,
      engineVersion: other.manifest.engineVersion, pause: .zero)
    return try await explaining.changeEvidence(
      for: cluster.description, in: changeWindow(restored, until: snapshot, patience: .zero))
  }

  /// - Parameter isEvidence: whether an equal reference shows anything: one that anybody could have written does not.
  private func absorb(
    _ drift: DriftCheck.Result, _ name: String, _ result: inout StageResult, isEvidence: Bool = true
  ) {
    result.judgement += drift.judgement
    if var known = result.drift {
      known.tallies += drift.tallies
      known.samples += drift.samples
      result.drift = known
    } else {
      result.drift = drift
    }
    let open = drift.tallies.contains { $0.attribution != .explained && $0.count > 0 }
    let examined = drift.judgement.coverage.contains { $0.coverage.examined > 0 }
    if !open, examined, isEvidence, drift.judgement.isClean {
      result.levels.append(.init(.content, evidence: "\(name), but for explained changes"))
    }
  }

  private func changeWindow(
    _ restored: Restored, until snapshot: CapturedBackup, patience: Duration = .seconds(20)
  ) -> ChangeWindow {
    let changes = ChangeFolder.path(catalog: catalog.root, backup: restored.manifest.backup)
    return ChangeWindow(
      cut: restored.manifest.cut, restored: restored.files, topology: restored.manifest.topology, snapshot: snapshot,
      changes: FileManager.default.fileExists(atPath: changes) ? changes : nil, patience: patience)
  }

  /// Fingerprints first; then only the slots that differ, key by key.
  private func hold(
    _ restored: Restored, against files: [ArtifactFile], of topology: Topology, name: String, at time: Instant,
    evidence: (any ChangeEvidence)?, rolled: RolledRecords? = nil
  ) async throws -> (drift: DriftCheck.Result, slots: SlotSet, notes: [String]) {
    let reading = ArtifactReading(
      engine: engine, seed: drill.seed, sampleSize: 0, clock: restored.manifest.cut.time, events: events)
    var other = FoldedRecords(seed: drill.seed, sampleSize: 0)
    for file in files {
      let part = try await reading.read(NamedFile(name: file.shard, file: file), allowed: nil)
      if let problem = part.facts.problems.first {
        throw DrillError(
          .referenceUnavailable, stage: .drift, subject: name, detail: "cannot be read in full: \(problem.detail)")
      }
      other += part.folded
    }
    let left = restored.folded.fingerprint.restricted(to: restored.slots)
    let right = other.fingerprint.restricted(to: restored.slots)
    let slots = SlotDiff(left, right)
    let moved = restored.manifest.topology.slotsMoved(to: topology)
    let forward = rolled.flatMap { $0.files.isEmpty ? nil : $0 }
    let open = forward.map { SlotDiff($0.folded.fingerprint.restricted(to: $0.slots), right.restricted(to: $0.slots)) }
    var check = DriftCheck(
      backup: restored.manifest.backup,
      window: .init(
        cut: restored.manifest.cut.time, reference: time, movedSlots: moved,
        expiryBoundMs: Int64(MoveExpiry.bound.milliseconds)),
      evidence: evidence, seed: drill.seed)
    var unequal: UInt64 = 0
    let unchanged = (open?.chunks() ?? []).map { $0.subtracting(slots.slots) }.filter { !$0.isEmpty }
    for chunk in slots.chunks() + unchanged {
      let mine = try await reading.keys(of: chunk, in: restored.files)
      let theirs = try await reading.keys(of: chunk, in: files)
      let diff = KeyDiff(mine, theirs)
      var keys: RolledKeys?
      if let forward, let open {
        let differing = chunk.intersection(open.slots)
        let diff =
          differing.isEmpty
          ? KeyDiff() : KeyDiff(try await reading.keys(of: chunk, in: forward.files), theirs)
        keys = RolledKeys(slots: forward.slots.intersection(chunk), diff: diff, notModelled: forward.notModelled)
      }
      check.add(diff, rolled: keys)
      unequal += UInt64(diff.differences.count { $0.kind != .added })
    }
    // Libraries are of no slot: they are brought forward where all shards are.
    check.add(libraries: slots.libraries, rolled: forward?.files.count == files.count ? open?.libraries : nil)
    var drift = try check.finish(
      // The sandbox may hold fewer than the artifact, from which the differing keys are read.
      equalRecords: left.recordCount - min(unequal, left.recordCount), independentReaders: restored.readers,
      reference: name)
    drift.judgement = checks.judged(drift.judgement)
    let shift = moved.isEmpty ? [] : [MoveExpiry.note(moved, bound: MoveExpiry.bound)]
    return (drift, slots.slots, shift + (rolled?.notes(drift.tallies) ?? []))
  }

  private func askLive(_ live: any LiveCluster, _ restored: Restored) async throws -> ReplayResult? {
    guard let workload = drill.workload, !restored.live.operations.isEmpty else { return nil }
    var driver = ReplayDriver(workload.profile, seed: drill.seed, budget: workload.budget)
    let asked = try await driver.replayTwice(restored.live.operations, on: live)
    // What is about to be a difference is first held against more answers of the reference itself.
    driver.budget = workload.budget.map { max($0 - asked.elapsed, .seconds(1)) }
    return try await driver.askAgain(asked, times: ReplayDriver.repeats, on: live) { operation, answer in
      restored.live.answers[operation].map { $0.digest != nil && $0.digest != answer.digest } ?? false
    }
  }

  /// Judges the live store's answers. A different one is explained only where a record of its slot differs in the snapshot that was taken afterwards, where
  /// the change log names its key, or where a record that it names expired in between; it then counts as not compared.
  private func judge(
    _ replayed: ReplayResult?, _ restored: Restored, changed slots: SlotSet, evidence: (any ChangeEvidence)?
  ) async throws -> (judgement: Judgement, tally: Run.AnswerTally, unanswered: SlotSet)? {
    guard let replayed else { return nil }
    let unasked = RecordedAnswer(digest: nil, shape: "not asked")
    var kept: [(operation: DrillModel.Operation, live: RecordedAnswer, own: RecordedAnswer)] = []
    var open: [(operation: DrillModel.Operation, live: RecordedAnswer, own: RecordedAnswer)] = []
    var explained: UInt64 = 0
    for (operation, live) in zip(replayed.operations, replayed.answers) {
      let own = restored.live.answers[operation] ?? unasked
      if own.digest == live.digest || own.digest == nil || live.digest == nil {
        kept.append((operation, live, own))
      } else if slots.contains(operation.slot)
        || evidence?.evidence(namespace: operation.namespace ?? "db0", key: operation.key, slot: operation.slot)
          == .changed
      {
        explained += 1
      } else {
        open.append((operation, live, own))
      }
    }
    if !open.isEmpty {
      let expired = try await expiredRecords(among: SlotSet(open.map(\.operation.slot)), of: restored, until: .now)
      explained += UInt64(open.count { expired.concern($0.operation) })
      kept += open.filter { !expired.concern($0.operation) }
    }
    let (judgement, tally) = try AnswerCheck(
      backup: restored.manifest.backup, reference: "live", independentReaders: restored.readers
    ).check(
      kept.map(\.operation), expected: kept.map(\.live), observed: kept.map(\.own), unasked: replayed.unasked,
      explained: explained)
    let compared = Set(kept.filter { $0.live.digest != nil && $0.own.digest != nil }.map(\.operation))
    return (checks.judged(judgement), tally, SlotSet(replayed.operations.filter { !compared.contains($0) }.map(\.slot)))
  }

  /// The restored records of `slots` whose expiry lies between the cut and `end`.
  func expiredRecords(among slots: SlotSet, of restored: Restored, until end: Instant) async throws -> ExpiredRecords {
    let cut = restored.manifest.cut.time
    let reading = ArtifactReading(engine: engine, seed: drill.seed, sampleSize: 0, clock: cut, events: events)
    return ExpiredRecords(among: try await reading.keys(of: slots, in: restored.files), after: cut, until: end)
  }
}
