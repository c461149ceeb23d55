internal import DrillModel
internal import Synchronization

/// One attempt to take what changed in all shards since a predecessor: each shard's replication stream from the
/// predecessor's position to the new cut.
///
/// A stream that was recorded in between is used where it reaches; else the server is asked for what its backlog still
/// has. Links follow before anything is paused, so that a pause lasts no longer than they need to catch up.
struct IncrementCapture {
  let survey: CaptureSurvey
  let plan: CapturePlan
  let credentials: RedisCredentials
  let predecessor: [String: ReplicationPosition]
  let folder: String
  /// The cluster as it is now.
  let rediscovered: @Sendable () async throws -> RedisClusterMap
  let events: DrillEventHandler

  /// How long a stream that another process records may take to be written.
  private static let patience = Duration.seconds(20)

  /// Where one shard's stream comes from.
  private enum Origin: Sendable {
    case recorded(path: String)
    case followed(Followed)
  }

  /// A link at work, and how far it is.
  private final class Followed: Sendable {
    let follower: RedisFollower
    private let state = Mutex<(reached: UInt64, end: UInt64?, error: (any Error)?)>((0, nil, nil))

    init(_ follower: RedisFollower) { self.follower = follower }

    var reached: UInt64 { state.withLock { $0.reached } }
    var end: UInt64? { state.withLock { $0.end } }
    var error: (any Error)? { state.withLock { $0.error } }
    func reach(_ offset: UInt64) { state.withLock { $0.reached = offset } }
    func stop(at offset: UInt64) { state.withLock { $0.end = $0.end ?? offset } }
    func fail(_ error: any Error) { state.withLock { $0.error = error } }
  }

  private var map: RedisClusterMap { survey.map }

  /// - Parameter changes: folder of the streams that were recorded since.
  /// - Throws: ``CoherentCapture/Failed`` where the proof failed; `DrillError`; what `whileHeld` throws.
  func run(
    changes: String?, whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    let origins = try await origins(changes)
    let followed = origins.compactMap { if case .followed(let followed) = $0.value { followed } else { nil } }
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      for followed in followed {
        guard let position = predecessor[followed.follower.shard] else { continue }
        let path = StreamRecorder.path(folder: folder, shard: followed.follower.shard)
        followed.reach(position.offset)
        tasks.addTask {
          do {
            let resync = Resync(replicationID: position.history, offset: position.offset, at: .now)
            let reached = try await followed.follower.run(
              after: resync, into: path, until: { followed.end }, reached: { followed.reach($0) })
            guard let end = followed.end, reached >= end else {
              throw DrillError(
                .referenceUnavailable, subject: followed.follower.shard,
                detail: "the replication stream ended at offset \(reached), before the cut")
            }
            followed.reach(reached)
          } catch {
            followed.fail(error)
            throw error
          }
        }
      }
      do {
        let backup =
          plan.coherence == .coherent
          ? try await coherent(origins, whileHeld) : try await perShard(origins)
        try await tasks.waitForAll()
        return backup
      } catch {
        tasks.cancelAll()
        throw followed.lazy.compactMap(\.error).first { !($0 is CancellationError) } ?? error
      }
    }
  }

  // MARK: Where the streams come from

  private func origins(_ changes: String?) async throws -> [String: Origin] {
    var origins: [String: Origin] = [:]
    for source in survey.sources {
      let shard = source.shard.name
      guard let position = predecessor[shard] else { preconditionFailure("a shard that was not looked up") }
      var reasons: [String] = []
      if let changes {
        let path = StreamRecorder.path(folder: changes, shard: shard)
        do {
          try await checkRecorded(path, position, reaches: source.info.number("master_repl_offset") ?? 0)
          origins[shard] = .recorded(path: path)
          continue
        } catch let failure as StreamCopy.Failure {
          reasons.append("the change stream that was recorded is of no use: \(failure.detail)")
        }
      }
      guard source.minReplicasToWrite == 0, source.settings.minReplicasToWrite == 0 else {
        throw DrillError(
          .captureRefused, subject: source.shard.master.endpoint.description,
          detail: "`min-replicas-to-write` is above 0, and a link that follows would count as a replica there")
      }
      var follower = RedisFollower(
        shard: shard, endpoint: source.node.endpoint, credentials: credentials, isCluster: map.isCluster)
      do {
        do {
          try await follower.checkBacklog(position)
        } catch let error as DrillError where error.code == .referenceUnavailable && !source.isMaster {
          // A replica's backlog may be younger than its master's.
          follower = RedisFollower(
            shard: shard, endpoint: source.shard.master.endpoint, credentials: credentials, isCluster: map.isCluster)
          try await follower.checkBacklog(position)
        }
      } catch let error as DrillError where error.code == .referenceUnavailable {
        reasons.append("the server no longer has what came after offset \(position.offset)")
        throw DrillError(
          .referenceUnavailable, subject: shard,
          detail: "\(reasons.joined(separator: "; ")); take a full backup, record changes with `capture --follow`, or"
            + " raise repl-backlog-size")
      }
      origins[shard] = .followed(Followed(follower))
    }
    return origins
  }

  /// Makes sure that a recorded stream goes on from the position, and is still being written.
  private func checkRecorded(_ path: String, _ position: ReplicationPosition, reaches now: UInt64) async throws {
    let deadline = ContinuousClock.now + .seconds(2)
    let header: StreamHeader
    do {
      header = try StreamReader(path: path).header
    } catch let error as StreamReader.Unreadable {
      throw StreamCopy.Failure(detail: error.detail)
    } catch let error as DrillError where error.code == .artifactUnreadable {
      throw StreamCopy.Failure(detail: "there is none of this shard")
    }
    guard header.history == position.history, header.after <= position.offset else {
      throw StreamCopy.Failure(detail: "it is of another replication history, or begins later")
    }
    while true {
      let isRecording = StreamRecorder.isRecording(path)
      let last = StreamCopy.lastOffset(of: path) ?? 0
      if last >= max(now, position.offset), isRecording { return }
      guard isRecording else {
        throw StreamCopy.Failure(detail: "it ends at offset \(last), and nobody follows any more")
      }
      guard .now < deadline else {
        throw StreamCopy.Failure(detail: "it ends at offset \(last), and its recorder has fallen behind")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: The cut

  private func perShard(_ origins: [String: Origin]) async throws -> CapturedBackup {
    var ends: [String: ReplicationPosition] = [:]
    var times: [Int64] = []
    for shard in map.shards {
      let state = try await RedisConnection.with(shard.master.endpoint, credentials) {
        try await MasterState.read($0, isCluster: map.isCluster)
      }
      times.append(state.clock.microseconds)
      guard state.replicationID == predecessor[shard.name]?.history else { throw failedOver(shard.name) }
      let end = ReplicationPosition(history: state.replicationID, offset: state.offset)
      ends[shard.name] = try await reach(end, origins, shard: shard.name)
    }
    try await finish(origins, ends)
    try await survey.confirm(credentials)
    let later = try await rediscovered()
    let (topology, proof) = map.topology.duringCapture(later.topology)
    return CapturedBackup(
      files: files,
      cut: Cut(
        time: Instant(millisecondsSince1970: (times.min() ?? 0) / 1000), coherence: .perShard,
        positions: ends.mapValues(\.description), proof: proof),
      topology: topology, engineVersion: survey.engineVersion, pause: .zero)
  }

  private func coherent(
    _ origins: [String: Origin], _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    // What lies behind already is read before anything waits.
    for source in survey.sources {
      if case .followed(let followed)? = origins[source.shard.name] {
        try await wait(until: source.info.number("master_repl_offset") ?? 0, followed)
      }
    }
    let masters = try await WritePause.openMasters(of: map, credentials)
    do {
      // Moves may have begun since the survey, and they decide the order.
      let before = try await WritePause(
        masters, groups: [], credentials: credentials, isCluster: map.isCluster, limit: plan.maxPause
      ).states(timeout: .seconds(2))
      let pause = WritePause(
        masters,
        groups: try PauseOrder.groups(shards: map.shards.map(\.name), moves: MasterState.moves(before)),
        credentials: credentials, isCluster: map.isCluster, limit: plan.maxPause)
      let watchdog = Task {
        while pause.deadline == nil { try await Task.sleep(for: .milliseconds(5)) }
        guard let deadline = pause.deadline else { return }
        try await Task.sleep(until: deadline, clock: .continuous)
        await pause.release()
      }
      do {
        let backup = try await hold(pause, origins, whileHeld)
        watchdog.cancel()
        await WritePause.close(masters)
        return backup
      } catch {
        watchdog.cancel()
        await pause.abandon()
        throw error
      }
    } catch {
      await WritePause.close(masters)
      throw error
    }
  }

  private func hold(
    _ pause: WritePause, _ origins: [String: Origin], _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    try await pause.begin()
    let (paused, held) = try await pause.settled(map)
    var ends: [String: ReplicationPosition] = [:]
    for (shard, state) in paused.sorted(by: { $0.key < $1.key }) {
      guard state.replicationID == predecessor[shard]?.history else { throw failedOver(shard) }
      ends[shard] = try await reach(
        ReplicationPosition(history: state.replicationID, offset: state.offset), origins, shard: shard)
    }
    let early = proofs(paused, ends, nil, pause, readAt: .now).flatMap(\.objections)
    guard early.isEmpty else { throw CoherentCapture.Failed(reasons: early) }
    let store = RedisStore(
      shards: held.shards.map { (name: $0.name, slots: $0.slots, endpoint: $0.master.endpoint) },
      topology: held.topology, credentials: credentials)
    try await whileHeld(RedisHeldStore(pause: pause, store: store, map: held, credentials: credentials))
    let release = await pause.release()
    guard let released = release.states else {
      throw CoherentCapture.Failed(reasons: ["a master could not be asked for its offset before writes resumed"])
    }
    for shard in release.unreleased {
      events(.note("\(shard): could not be told to resume; it does so when its pause runs out"))
    }
    let proofs = proofs(paused, ends, released, pause, readAt: release.readAt)
    precondition(proofs.count == map.shards.count, "a shard without a proof")
    let objections = proofs.flatMap(\.objections)
    guard objections.isEmpty else { throw CoherentCapture.Failed(reasons: objections) }
    try await finish(origins, ends)
    let time = paused.values.map(\.clock.microseconds).min() ?? 0
    return CapturedBackup(
      files: files,
      cut: Cut(
        time: Instant(millisecondsSince1970: time / 1000), coherence: .coherent,
        positions: ends.mapValues(\.description), proof: proofs.map(\.sentence)),
      topology: held.topology, engineVersion: survey.engineVersion,
      pause: pause.startedAt.map { release.endedAt - $0 } ?? .zero)
  }

  /// - Parameter released: nil while the pause holds.
  private func proofs(
    _ paused: [String: MasterState], _ ends: [String: ReplicationPosition], _ released: [String: MasterState]?,
    _ pause: WritePause, readAt: ContinuousClock.Instant
  ) -> [CoherenceProof] {
    survey.sources.compactMap { source in
      let name = source.shard.name
      guard let before = paused[name], let end = ends[name] else { return nil }
      var after = before
      if let released {
        guard let state = released[name] else { return nil }
        after = state
      } else {
        after.offset = end.offset
      }
      return CoherenceProof(
        shard: name, source: "\(source.isMaster ? "master" : "replica") \(source.node.endpoint)", what: "stream",
        paused: before, resync: Resync(replicationID: end.history, offset: end.offset, at: readAt), released: after,
        expiresAt: pause.expiresAt ?? readAt, releasedAt: readAt)
    }
  }

  // MARK: Up to the cut

  private func reach(
    _ end: ReplicationPosition, _ origins: [String: Origin], shard: String
  ) async throws
    -> ReplicationPosition
  {
    guard case .followed(let followed)? = origins[shard] else { return end }
    followed.stop(at: end.offset)
    try await wait(until: end.offset, followed)
    return ReplicationPosition(history: end.history, offset: followed.reached)
  }

  private func wait(until offset: UInt64, _ followed: Followed) async throws {
    let deadline = ContinuousClock.now + IncrementCapture.patience
    while followed.reached < offset {
      if let error = followed.error { throw error }
      guard .now < deadline else {
        throw DrillError(
          .timedOut, subject: followed.follower.shard, detail: "the replication stream does not reach offset \(offset)")
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// Copies what others recorded.
  private func finish(_ origins: [String: Origin], _ ends: [String: ReplicationPosition]) async throws {
    let deadline = ContinuousClock.now + IncrementCapture.patience
    for (shard, origin) in origins.sorted(by: { $0.key < $1.key }) {
      guard case .recorded(let path) = origin, let start = predecessor[shard], let end = ends[shard] else { continue }
      var isRecording = true
      while isRecording, .now < deadline {
        // Asked first: what it wrote before it ended is then there.
        isRecording = StreamRecorder.isRecording(path)
        if (StreamCopy.lastOffset(of: path) ?? 0) >= end.offset { break }
        try await Task.sleep(for: .milliseconds(20))
      }
      do {
        try StreamCopy.copy(
          path, after: start, upTo: end, shard: shard, to: StreamRecorder.path(folder: folder, shard: shard))
      } catch let failure as StreamCopy.Failure {
        throw DrillError(
          .referenceUnavailable, subject: shard,
          detail: "the change stream that was recorded does not lead to the cut: \(failure.detail); take a full backup")
      }
    }
  }

  private var files: [ArtifactFile] {
    map.shards.map {
      ArtifactFile(
        shard: $0.name, format: AOFFormat.stream, path: StreamRecorder.path(folder: folder, shard: $0.name))
    }
  }

  private func failedOver(_ shard: String) -> DrillError {
    DrillError(
      .referenceUnavailable, subject: shard,
      detail: "a fail-over or a restart began another replication history since the predecessor; take a full backup")
  }
}
