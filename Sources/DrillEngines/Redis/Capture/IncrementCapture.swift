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
  /// - Throws: ``CoherentHold/Failed`` where the proof failed; `DrillError`; what `whileHeld` throws.
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
            let reached = try await followed.follower.run(
              after: position, into: path, until: { followed.end }, reached: { followed.reach($0) })
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
      try source.checkMayFollow()
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
      ends[shard.name] = try await reach(state, of: shard.name, origins)
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
    var ends: [String: ReplicationPosition] = [:]
    let held: CoherentHold.HeldCut
    do {
      held = try await CoherentHold(
        survey: survey, limit: plan.maxPause, credentials: credentials, what: "stream", events: events
      ).run(
        masters,
        taking: { _, paused in
          for (shard, state) in paused.sorted(by: { $0.key < $1.key }) {
            ends[shard] = try await reach(state, of: shard, origins)
          }
          return ends
        }, whileHeld: whileHeld)
      await WritePause.close(masters)
    } catch {
      await WritePause.close(masters)
      throw error
    }
    try await finish(origins, ends)
    return CapturedBackup(
      files: files, cut: held.cut, topology: held.topology, engineVersion: survey.engineVersion, pause: held.pause)
  }

  // MARK: Up to the cut

  /// Lets a shard's stream lead to where its master stands, and says where it ends.
  private func reach(
    _ master: MasterState, of shard: String, _ origins: [String: Origin]
  ) async throws -> ReplicationPosition {
    guard master.replicationID == predecessor[shard]?.history else { throw failedOver(shard) }
    var end = ReplicationPosition(history: master.replicationID, offset: master.offset)
    guard case .followed(let followed)? = origins[shard] else { return end }
    followed.stop(at: end.offset)
    try await wait(until: end.offset, followed)
    end.offset = followed.reached
    return end
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
