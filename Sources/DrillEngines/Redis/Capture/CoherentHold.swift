internal import DrillModel

/// One pause of writes on all masters, from its planning to the proof that what was taken stands at one cut.
///
/// Whatever happens in it, writes resume: at the latest by the servers' own clocks.
struct CoherentHold {
  let survey: CaptureSurvey
  let limit: Duration
  let credentials: RedisCredentials
  /// What stands for a shard, as its proof names it.
  let what: String
  let events: DrillEventHandler

  /// The attempt came to nothing through no fault of anyone's; another may succeed.
  struct Failed: Error {
    var reasons: [String]
  }

  struct HeldCut {
    var cut: Cut
    /// What the paused masters said of it.
    var topology: Topology
    /// How long writes waited.
    var pause: Duration
  }

  private var map: RedisClusterMap { survey.map }

  /// - Parameters:
  ///   - atDeadline: ends what `taking` may be waiting for, once the pause had to be released.
  ///   - taking: takes what there is to take of every shard, of which the masters are paused, and says at which
  ///     positions it stands.
  /// - Throws: ``Failed`` where the proof failed, `DrillError`, and what the closures throw.
  func run(
    _ masters: [WritePause.Master], atDeadline: @escaping @Sendable () async -> Void = {},
    taking: (WritePause, [String: MasterState]) async throws -> [String: ReplicationPosition],
    whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> HeldCut {
    let pause = try await plan(masters)
    let watchdog = Task {
      // Nothing may hold the pause longer than this, whatever it waits for.
      while pause.deadline == nil { try await Task.sleep(for: .milliseconds(5)) }
      guard let deadline = pause.deadline else { return }
      try await Task.sleep(until: deadline, clock: .continuous)
      await pause.release()
      await atDeadline()
    }
    defer { watchdog.cancel() }
    do {
      return try await hold(pause, taking, whileHeld)
    } catch {
      watchdog.cancel()
      await pause.abandon()
      throw error
    }
  }

  /// Moves may have begun since the survey, and they decide the order.
  private func plan(_ masters: [WritePause.Master]) async throws -> WritePause {
    func pause(_ groups: [[String]]) -> WritePause {
      WritePause(masters, groups: groups, credentials: credentials, isCluster: map.isCluster, limit: limit)
    }
    let before = try await pause([]).states(timeout: .seconds(2))
    return pause(try PauseOrder.groups(shards: map.shards.map(\.name), moves: MasterState.moves(before)))
  }

  private func hold(
    _ pause: WritePause,
    _ taking: (WritePause, [String: MasterState]) async throws -> [String: ReplicationPosition],
    _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> HeldCut {
    try await pause.begin()
    let (paused, held) = try await pause.settled(map)
    let positions = try await taking(pause, paused)
    // What cannot be proven any more need not be held: nobody's writes wait for it.
    let early = proofs(paused, positions, nil, pause, readAt: .now).flatMap(\.objections)
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
    let proofs = proofs(paused, positions, released, pause, readAt: release.readAt)
    precondition(proofs.count == map.shards.count, "a shard without a proof")
    let objections = proofs.flatMap(\.objections)
    guard objections.isEmpty else { throw Failed(reasons: objections) }

    let time = paused.values.map(\.clock.microseconds).min() ?? 0
    let cut = Cut(
      time: Instant(millisecondsSince1970: time / 1000), coherence: .coherent,
      positions: positions.mapValues(\.description), proof: proofs.map(\.sentence))
    return HeldCut(cut: cut, topology: held.topology, pause: pause.startedAt.map { release.endedAt - $0 } ?? .zero)
  }

  /// - Parameter released: nil while the pause holds: then what was taken is held against the paused masters alone.
  private func proofs(
    _ paused: [String: MasterState], _ positions: [String: ReplicationPosition], _ released: [String: MasterState]?,
    _ pause: WritePause, readAt: ContinuousClock.Instant
  ) -> [CoherenceProof] {
    survey.sources.compactMap { source in
      let name = source.shard.name
      guard let before = paused[name], let position = positions[name] else { return nil }
      var after = before
      if let released {
        guard let state = released[name] else { return nil }
        after = state
      } else {
        after.offset = position.offset
      }
      return CoherenceProof(
        shard: name, source: "\(source.isMaster ? "master" : "replica") \(source.node.endpoint)", what: what,
        paused: before, position: position, released: after, expiresAt: pause.expiresAt ?? readAt, releasedAt: readAt)
    }
  }
}
