internal import DrillModel
internal import NIOPosix

/// One attempt to take all shards' snapshots at one cut.
///
/// Diskless, the snapshots are asked for first and writes are paused shortly before the servers fork; otherwise writes
/// are paused first. Whatever happens after
/// that, writes resume: at the latest by the servers' own clocks.
struct CoherentCapture {
  let survey: CaptureSurvey
  let plan: CapturePlan
  let credentials: RedisCredentials
  let folder: String
  var group: MultiThreadedEventLoopGroup = .singleton
  let events: DrillEventHandler

  /// The attempt came to nothing through no fault of anyone's; another may succeed.
  struct Failed: Error {
    var reasons: [String]
  }

  struct Result {
    var backup: CapturedBackup
    var transfer: SnapshotTransfer
  }

  private var map: RedisClusterMap { survey.map }

  /// - Throws: ``Failed`` where the proof failed, `DrillError`, and what `whileHeld` throws.
  func run(whileHeld: (any HeldStore) async throws -> Void) async throws -> Result {
    let masters = try await WritePause.openMasters(of: map, credentials)
    do {
      let transfer = try await SnapshotTransfer.open(
        survey.sources, into: folder, transfer: survey.transfer, credentials: credentials, on: group,
        follows: plan.follows)
      do {
        let result = try await capture(masters, transfer, whileHeld)
        await WritePause.close(masters)
        return result
      } catch {
        await transfer.abandon()
        throw error
      }
    } catch {
      await WritePause.close(masters)
      throw error
    }
  }

  private func capture(
    _ masters: [WritePause.Master], _ transfer: SnapshotTransfer, _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> Result {
    let asksFirst = !survey.sources.contains { $0.settings.forksAtOnce(survey.transfer) }
    if asksFirst { try await askAndWait(transfer) }
    // Moves may have begun since the survey, and they decide the order.
    let before = try await WritePause(
      masters, groups: [], credentials: credentials, isCluster: map.isCluster, limit: plan.maxPause
    )
    .states(timeout: .seconds(2))
    let pause = WritePause(
      masters, groups: try PauseOrder.groups(shards: map.shards.map(\.name), moves: MasterState.moves(before)),
      credentials: credentials,
      isCluster: map.isCluster, limit: plan.maxPause)
    let watchdog = Task {
      // Nothing below may hold the pause longer than this, whatever it waits for.
      guard let deadline = try await waitForDeadline(of: pause) else { return }
      try await Task.sleep(until: deadline, clock: .continuous)
      await pause.release()
      for part in transfer.parts where !part.link.progress.hasResynced { await part.link.close() }
    }
    do {
      let cut = try await hold(pause, transfer, asksFirst: asksFirst, whileHeld)
      watchdog.cancel()
      events(.note("writes were paused for \(Int(cut.pause.milliseconds)) ms; receiving the snapshots"))
      let files = try await transfer.collect(events: events)
      return Result(
        backup: CapturedBackup(
          files: files, cut: cut.cut, topology: cut.topology, engineVersion: survey.engineVersion, pause: cut.pause),
        transfer: transfer)
    } catch {
      watchdog.cancel()
      await pause.abandon()
      throw error
    }
  }

  private func waitForDeadline(of pause: WritePause) async throws -> ContinuousClock.Instant? {
    while pause.deadline == nil { try await Task.sleep(for: .milliseconds(5)) }
    return pause.deadline
  }

  /// Asks each source so that all fork at about the same time, and returns when it is time to pause.
  private func askAndWait(_ transfer: SnapshotTransfer) async throws {
    let longest = transfer.parts.map(\.source.settings.disklessDelay).max() ?? 0
    let timings = try await withThrowingTaskGroup(of: (Int, PauseTiming).self) { tasks in
      let start = ContinuousClock.now
      for (index, part) in transfer.parts.enumerated() {
        tasks.addTask {
          let delay = part.source.settings.disklessDelay
          try await Task.sleep(until: start + .seconds(longest - delay), clock: .continuous)
          try await Task.sleep(for: PauseTiming.untilMiddleOfSecond(part.link.serverClock, now: .now))
          let askedAt = ContinuousClock.now
          part.link.askForSnapshot()
          return (index, PauseTiming(askedAt: askedAt, clock: part.link.serverClock, delay: delay))
        }
      }
      var timings: [Int: PauseTiming] = [:]
      for try await (index, timing) in tasks { timings[index] = timing }
      return timings
    }
    while true {
      let forks = transfer.parts.enumerated().compactMap { index, part in
        timings[index]?.expected(lastTick: part.link.progress.lastTick)
      }
      guard let first = forks.min() else { return }
      for part in transfer.parts where part.link.progress.hasResynced {
        throw Failed(reasons: [
          "\(part.source.node.endpoint) forked before writes were paused: another replica was waiting already"
        ])
      }
      let rest = first - PauseTiming.lead - .now
      if rest <= .zero { return }
      try await Task.sleep(for: min(rest, .milliseconds(20)))
    }
  }

  private struct HeldCut {
    var cut: Cut
    var topology: Topology
    var pause: Duration
  }

  private func hold(
    _ pause: WritePause, _ transfer: SnapshotTransfer, asksFirst: Bool,
    _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> HeldCut {
    try await pause.begin()
    let (paused, held) = try await pause.settled(map)
    if !asksFirst { for part in transfer.parts { part.link.askForSnapshot() } }
    var resyncs: [String: Resync] = [:]
    for part in transfer.parts {
      do {
        resyncs[part.source.shard.name] = try await part.link.resynced()
      } catch {
        guard pause.isReleasing else { throw error }
        throw Failed(reasons: ["\(part.source.node.endpoint) did not fork before the pause had to end"])
      }
    }
    // What cannot be proven any more need not be held: nobody's writes wait for it.
    let early = proofs(paused, resyncs, nil, pause, readAt: .now).flatMap(\.objections)
    guard early.isEmpty else { throw Failed(reasons: early) }

    let store = RedisStore(
      shards: held.shards.map { (name: $0.name, slots: $0.slots, endpoint: $0.master.endpoint) },
      topology: held.topology, credentials: credentials)
    try await whileHeld(RedisHeldStore(pause: pause, store: store, map: held, credentials: credentials))

    let release = await pause.release()
    guard let released = release.states else {
      throw Failed(reasons: ["a master could not be asked for its offset before writes resumed"])
    }
    for shard in release.unreleased {
      events(.note("\(shard): could not be told to resume; it does so when its pause runs out"))
    }
    let proofs = proofs(paused, resyncs, released, pause, readAt: release.readAt)
    let objections = proofs.flatMap(\.objections)
    precondition(proofs.count == map.shards.count, "a shard without a proof")
    guard objections.isEmpty else { throw Failed(reasons: objections) }

    let times = paused.values.map(\.clock.microseconds)
    let cut = Cut(
      time: Instant(millisecondsSince1970: (times.min() ?? 0) / 1000), coherence: .coherent,
      positions: resyncs.mapValues { "\($0.replicationID):\($0.offset)" }, proof: proofs.map(\.sentence))
    return HeldCut(cut: cut, topology: held.topology, pause: pause.startedAt.map { release.endedAt - $0 } ?? .zero)
  }

  /// - Parameter released: nil while the pause holds: then the snapshots are held against the paused masters alone.
  private func proofs(
    _ paused: [String: MasterState], _ resyncs: [String: Resync], _ released: [String: MasterState]?,
    _ pause: WritePause,
    readAt: ContinuousClock.Instant
  ) -> [CoherenceProof] {
    survey.sources.compactMap { source in
      let name = source.shard.name
      guard let before = paused[name], let resync = resyncs[name] else { return nil }
      var after = before
      if let released {
        guard let state = released[name] else { return nil }
        after = state
      } else {
        after.offset = resync.offset
      }
      return CoherenceProof(
        shard: name, source: "\(source.isMaster ? "master" : "replica") \(source.node.endpoint)", paused: before,
        resync: resync,
        released: after, expiresAt: pause.expiresAt ?? readAt, releasedAt: readAt)
    }
  }
}
