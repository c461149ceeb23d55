public import DrillModel
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A live Redis deployment: a Cluster, or single servers. Read only: of the commands that it sends, `CLIENT PAUSE` and
/// `CLIENT UNPAUSE` alone touch production.
///
/// A user for it needs: `+info +time +config|get +cluster|info +cluster|shards +cluster|nodes +cluster|countkeysinslot
/// +client|pause +client|unpause
/// +psync +replconf +ping`, and what the workload asks.
///
/// A link that asks for a snapshot shows in the server's list of replicas while it lasts; a Sentinel that looks in that
/// moment may remember it, without a port,
/// until `SENTINEL RESET`.
public final class RedisLiveCluster: LiveCluster, ChangeFollowing, SnapshotReading {
  /// Times that a coherent capture is tried: another replica's snapshot may be under way, or a ping may fall into the
  /// wrong moment.
  public static let attempts = 3

  public let description: ClusterDescription
  let credentials: RedisCredentials
  let map: RedisClusterMap
  let store: RedisStore
  let events: DrillEventHandler
  private let group: MultiThreadedEventLoopGroup
  /// Links of the last capture whose plan said that following comes after, by shard.
  private let kept = Mutex<[String: KeptLink]>([:])

  private struct KeptLink: Sendable {
    var source: CaptureSurvey.Source
    var link: ReplicationLink
    var buffer: ChangeBuffer
    var position: ReplicationPosition
  }

  private init(
    _ description: ClusterDescription, _ credentials: RedisCredentials, map: RedisClusterMap,
    group: MultiThreadedEventLoopGroup, events: @escaping DrillEventHandler
  ) {
    self.description = description
    self.map = map
    self.group = group
    self.events = events
    self.credentials = credentials
    // Of slots in flight masters alone know: a replica would call a key absent that has moved on.
    let inMoves = Set(map.moves.flatMap { [$0.source, $0.target] })
    store = RedisStore(
      shards: map.shards.map { shard in
        let asksReplica = description.capture.prefersReplicas && !inMoves.contains(shard.name)
        let replica = asksReplica ? shard.replicas.first(where: \.isHealthy) : nil
        return RedisStore.Shard(
          name: shard.name, slots: shard.slots, endpoint: (replica ?? shard.master).endpoint,
          credentials: credentials,
          isReplica: replica != nil)
      }, topology: map.topology, kind: .live, readRate: description.readRate, isUnpaced: description.isUnpaced)
  }

  /// Finds all servers of the deployment and hands them to `body`.
  ///
  /// - Throws: `DrillError` as ``RedisDiscovery/map(of:)`` does, and whatever `body` throws.
  @discardableResult
  public static func with<R: Sendable>(
    _ description: ClusterDescription, events: @escaping DrillEventHandler = { _ in },
    _ body: (RedisLiveCluster) async throws -> R
  ) async throws -> R {
    let credentials = RedisCredentials(of: description)
    let map = try await RedisDiscovery.map(of: description, credentials)
    // Threads of the links' own: they write to disk, and must not hold up what pauses and releases.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: min(max(map.shards.count, 1), 4))
    let live = RedisLiveCluster(description, credentials, map: map, group: group, events: events)
    do {
      let result = try await body(live)
      await live.end()
      return result
    } catch {
      await live.end()
      throw error
    }
  }

  private func end() async {
    for kept in takeKept().values { await kept.link.close() }
    try? await group.shutdownGracefully()
  }

  private func takeKept() -> [String: KeptLink] {
    kept.withLock { kept in
      defer { kept = [:] }
      return kept
    }
  }

  public var shards: [String] { map.shards.map(\.name) }

  public func readRecords(
    shard: String, selection: RecordSelection, into handler: RecordHandler
  ) async throws -> ReadFacts {
    try await store.readRecords(shard: shard, selection: selection, into: handler)
  }

  /// Reads a shard from the stream that its server would send to a new replica, from a replica where one is in sync;
  /// nothing is stored on either side. Each call
  /// makes the server fork once.
  ///
  /// - Throws: `DrillError`: `capture-refused` where the fork does not fit into memory or the server would write to its
  ///   disk; `unreachable` where it sends nothing
  ///   for a minute; `permission-denied`; what `handler` throws.
  public func readSnapshot(
    shard: String, selection: RecordSelection, into handler: @escaping RecordHandler
  ) async throws -> ReadFacts {
    var map = self.map
    map.shards.removeAll { $0.name != shard }
    let plan = CapturePlan()
    let survey = try await CaptureSurvey.make(map, plan: plan, credentials: credentials)
    guard let source = survey.sources.first else {
      throw DrillError(.usage, subject: shard, detail: "no such shard in this store")
    }
    let refusals = survey.estimate(plan).refusals
    guard refusals.isEmpty else {
      throw DrillError(.captureRefused, subject: description.name, detail: refusals.joined(separator: "; "))
    }
    let queue = SnapshotQueue()
    let link = try await ReplicationLink.open(
      source.node.endpoint, credentials, transfer: .diskless, on: group, sink: queue)
    let watch = Task { try await link.closeWhenStalled(.seconds(60)) { !queue.hasRoom } }
    defer { watch.cancel() }
    link.askForSnapshot()
    do {
      let facts = try await withTaskCancellationHandler {
        try await SnapshotReader(link: link, queue: queue).read(selection: selection, into: handler)
      } onCancel: {
        link.abort()
      }
      await link.close()
      return facts
    } catch {
      await link.close()
      throw error
    }
  }

  public func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await store.withSession(body)
  }

  public func topology() async throws -> Topology {
    try await RedisDiscovery.map(of: description, credentials).topology
  }

  /// What a capture will cost. Memory is the worst case, in which production changes every page while the snapshots are
  /// written; what is free is known for this
  /// machine, and elsewhere an upper bound: what the machine has less what the server holds.
  ///
  /// - Throws: `DrillError`: `unreachable`, `permission-denied`, `authentication-failed`, `timed-out`.
  public func estimate(_ plan: CapturePlan) async throws -> CaptureEstimate {
    let map = try await RedisDiscovery.map(of: description, credentials)
    guard !plan.readsByCommands else {
      return try await CommandCapture(map: map, plan: plan, credentials: credentials, readRate: description.readRate)
        .estimate()
    }
    var estimate = try await CaptureSurvey.make(map, plan: plan, credentials: credentials).estimate(plan)
    if plan.coherence == .coherent {
      do {
        _ = try PauseOrder.groups(shards: map.shards.map(\.name), moves: map.moves)
      } catch let error as DrillError {
        estimate.refusals.append(error.detail)
      }
    }
    return estimate
  }

  /// Writes `<shard>.rdb` for each shard into `folder`, which is made if it is not there.
  ///
  /// Where a coherent capture's proof fails it is tried again, up to ``attempts`` times, and `whileHeld` is called
  /// again: what it read before is void. After an error
  /// none of the files is left.
  public func capture(
    _ plan: CapturePlan, into folder: String, whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    let map = try await discovered()
    if plan.readsByCommands {
      return try await byCommands(
        CommandCapture(map: map, plan: plan, credentials: credentials, readRate: description.readRate), folder)
    }
    let survey = try await CaptureSurvey.make(map, plan: plan, credentials: credentials)
    let estimate = survey.estimate(plan)
    for line in estimate.lines { events(.note(line)) }
    guard estimate.refusals.isEmpty else {
      throw DrillError(.captureRefused, subject: description.name, detail: estimate.refusals.joined(separator: "; "))
    }
    try makeFolder(folder)
    for kept in takeKept().values { await kept.link.close() }
    do {
      return switch plan.coherence {
      case .coherent: try await coherent(survey, plan, folder, whileHeld)
      case .perShard, .window: try await perShard(survey, plan, folder)
      }
    } catch {
      throw failure(error)
    }
  }

  func discovered() async throws -> RedisClusterMap { try await RedisDiscovery.map(of: description, credentials) }

  func makeFolder(_ folder: String) throws {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw DrillError(.io, subject: folder, detail: "the folder cannot be made: \(String(cString: strerror(errno)))")
    }
  }

  static func remove(_ path: String) { unlink(path) }

  private func byCommands(_ capture: CommandCapture, _ folder: String) async throws -> CapturedBackup {
    let estimate = try await capture.estimate()
    for line in estimate.lines { events(.note(line)) }
    guard estimate.refusals.isEmpty else {
      throw DrillError(.captureRefused, subject: description.name, detail: estimate.refusals.joined(separator: "; "))
    }
    try makeFolder(folder)
    do {
      let backup = try await capture.run(into: folder, events: events)
      // Slots that moved meanwhile may have been read twice, or not at all.
      let now = try await RedisDiscovery.map(of: description, credentials)
      guard now.topology == capture.map.topology, now.epoch == capture.map.epoch else {
        throw DrillError(
          .storeMoved, subject: description.name,
          detail: "shards or slots changed while records were read; capture again when nothing moves")
      }
      return backup
    } catch {
      for shard in capture.map.shards { unlink("\(folder)/\(shard.name).rdb") }
      throw failure(error, "the capture was interrupted")
    }
  }

  private func coherent(
    _ survey: CaptureSurvey, _ plan: CapturePlan, _ folder: String,
    _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    var survey = survey
    return try await untilProven { attempt in
      if attempt > 1 {
        // Slots may have gone to a node that owned none before.
        survey = try await CaptureSurvey.make(
          try await RedisDiscovery.map(of: description, credentials), plan: plan, credentials: credentials)
      }
      try await waitUntilIdle(survey)
      let capture = CoherentCapture(
        survey: survey, plan: plan, credentials: credentials, folder: folder, group: group, events: events)
      let result = try await capture.run(whileHeld: whileHeld)
      try await keep(result.transfer)
      return result.backup
    }
  }

  /// Goes on to the next attempt where the proof of one cut failed, up to ``attempts`` times.
  ///
  /// - Throws: `DrillError` with `not-coherent` where none of them gave one; whatever else `attempt` throws.
  func untilProven(_ attempt: (_ number: Int) async throws -> CapturedBackup) async throws -> CapturedBackup {
    var reasons: [String] = []
    for number in 1...RedisLiveCluster.attempts {
      do {
        return try await attempt(number)
      } catch let failed as CoherentHold.Failed {
        reasons = failed.reasons
        events(
          .note(
            "attempt \(number) of \(RedisLiveCluster.attempts) gave no proof of one cut: \(reasons.joined(separator: "; "))"
          ))
      }
    }
    throw DrillError(
      .notCoherent, subject: description.name,
      detail: "no proof of one cut in \(RedisLiveCluster.attempts) attempts: \(reasons.joined(separator: "; "))")
  }

  /// What a capture that stumbled says: that it was interrupted, where it was told to stop.
  func failure(_ error: any Error, _ detail: String = "the capture was interrupted; writes were resumed") -> any Error {
    guard error is CancellationError || Task.isCancelled else { return error }
    return DrillError(.interrupted, subject: description.name, detail: detail)
  }

  private func perShard(
    _ survey: CaptureSurvey, _ plan: CapturePlan, _ folder: String
  ) async throws -> CapturedBackup {
    let transfer = try await SnapshotTransfer.open(
      survey.sources, into: folder, transfer: survey.transfer, credentials: credentials, on: group,
      follows: plan.follows)
    do {
      var positions: [String: String] = [:]
      for part in transfer.parts { part.link.askForSnapshot() }
      let files = try await transfer.collect(events: events)
      for part in transfer.parts {
        let resync = try await part.link.resynced()
        positions[part.source.shard.name] = resync.description
      }
      try await survey.confirm(credentials)
      try await keep(transfer)
      let time = transfer.parts.map { $0.link.serverClock.microseconds }.min() ?? 0
      let (topology, proof) = survey.map.topology.duringCapture(try await discovered().topology)
      return CapturedBackup(
        files: files,
        cut: Cut(
          time: Instant(millisecondsSince1970: time / 1000), coherence: .perShard, positions: positions, proof: proof),
        topology: topology, engineVersion: survey.engineVersion, pause: .zero)
    } catch {
      await transfer.abandon()
      throw error
    }
  }

  /// Ends the links, but for those that have been receiving what changes since the cut.
  private func keep(_ transfer: SnapshotTransfer) async throws {
    for part in transfer.parts {
      guard let buffer = part.buffer else {
        await part.link.close()
        continue
      }
      let position = try await part.link.resynced()
      kept.withLock { kept in
        kept[part.source.shard.name] = KeptLink(
          source: part.source, link: part.link, buffer: buffer, position: position)
      }
    }
  }

  /// Records the replication stream after `cut` as `<shard>.aof` in `folder`, which has to be there.
  ///
  /// Goes on with the links of the capture whose plan had ``CapturePlan/follows``, so that no change is missed however
  /// long it takes to get here; else it asks
  /// the servers for what came after the cut, which they have for as long as their backlog lasts. A link that is lost
  /// is opened again; where that fails, the log
  /// says how far it is whole, and this returns when all others are done.
  ///
  /// - Throws: `DrillError`: `capture-refused` where `min-replicas-to-write` is above 0, since the link would count as
  ///   a replica; `reference-unavailable` where
  ///   a server no longer has what came after the cut; `io`.
  public func follow(
    from cut: Cut, topology: Topology, into folder: String, isDone: @Sendable () -> Bool
  ) async throws {
    let followers = try await followers(from: cut)
    let state = FollowState(running: followers.count)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for (follower, position) in followers {
        tasks.addTask {
          defer { state.endOne() }
          try await follower.run(
            after: position, into: StreamRecorder.path(folder: folder, shard: follower.shard),
            until: { state.isDone ? try await follower.offset() : nil })
        }
      }
      while !Task.isCancelled, !isDone(), state.isRunning {
        do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
      }
      state.finish()
      try await tasks.waitForAll()
    }
  }

  /// How far following is.
  private final class FollowState: Sendable {
    private let state: Mutex<(running: Int, isDone: Bool)>

    init(running: Int) { state = Mutex((running, false)) }

    var isDone: Bool { state.withLock { $0.isDone } }
    var isRunning: Bool { state.withLock { $0.running > 0 } }
    func endOne() { state.withLock { $0.running -= 1 } }
    func finish() { state.withLock { $0.isDone = true } }
  }

  private func followers(from cut: Cut) async throws -> [(RedisFollower, ReplicationPosition)] {
    var kept = takeKept()
    defer {
      let unused = kept.values.map(\.link)
      Task { for link in unused { await link.close() } }
    }
    var sources: [CaptureSurvey.Source] = []
    let map = try await RedisDiscovery.map(of: description, credentials)
    if Set(kept.keys) != Set(cut.positions.keys) {
      sources = try await CaptureSurvey.make(map, plan: CapturePlan(), credentials: credentials).sources
    } else {
      sources = kept.values.map(\.source)
    }
    return try cut.positions.sorted { $0.key < $1.key }.map { shard, text in
      guard let position = ReplicationPosition(text) else {
        throw DrillError(.usage, subject: shard, detail: "the cut names no replication offset for this shard")
      }
      guard let source = sources.first(where: { $0.shard.name == shard }) else {
        throw DrillError(.storeMoved, subject: shard, detail: "the cluster has no such shard any more")
      }
      try source.checkMayFollow()
      var follower = RedisFollower(
        shard: shard, endpoint: source.node.endpoint, credentials: credentials, isCluster: map.isCluster)
      if let link = kept[shard], link.position == position {
        kept[shard] = nil
        follower.kept = (link.link, link.buffer)
      }
      return (follower, position)
    }
  }

  /// Waits until no source has a child process: a new replica would be attached to its snapshot, or made to wait for
  /// its end.
  ///
  /// - Throws: `DrillError` with `capture-refused` where one is still at it after a minute.
  private func waitUntilIdle(_ survey: CaptureSurvey) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    for source in survey.sources {
      try await RedisConnection.with(source.node.endpoint, credentials) { connection in
        while true {
          let info = RedisInfo(try await connection.ask("INFO", "persistence").text ?? "")
          let busy = ["rdb_bgsave_in_progress", "aof_rewrite_in_progress", "module_fork_in_progress"].filter {
            info.flag($0)
          }
          if busy.isEmpty { return }
          guard .now < deadline else {
            throw DrillError(
              .captureRefused, subject: source.node.endpoint.description,
              detail: "\(busy.joined(separator: ", ")) for more than a minute: it cannot fork for us meanwhile")
          }
          try await Task.sleep(for: .milliseconds(200))
        }
      }
    }
  }
}

extension RedisLiveCluster: DirectStore {
  public var answersDirectly: Bool { store.answersDirectly }

  public func openDirectSession() throws -> any DirectSession { try store.openDirectSession() }
}

extension Topology {
  /// The topology of a capture that paused nothing and ended when it was `later`, and what its proof says of it.
  func duringCapture(_ later: Topology) -> (topology: Topology, proof: [String]) {
    let whole = during(later)
    var proof = ["writes were not paused: each shard stands at a position of its own"]
    let moved = whole.moves.count - moves.count
    if moved > 0 {
      proof.append(
        "\(moved) slots moved while the shards were read, and count as in flight: their records may lie in both shards, or in none"
      )
    }
    return (whole, proof)
  }
}
