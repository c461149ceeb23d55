public import DrillModel
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// A live Redis deployment: a Cluster, or single servers. Read only: of the commands that it sends, `CLIENT PAUSE` and `CLIENT UNPAUSE` alone touch production.
///
/// A user for it needs: `+info +time +config|get +cluster|info +cluster|shards +cluster|nodes +cluster|countkeysinslot +client|pause +client|unpause
/// +psync +replconf +ping`, and what the workload asks.
///
/// A link that asks for a snapshot shows in the server's list of replicas while it lasts; a Sentinel that looks in that moment may remember it, without a port,
/// until `SENTINEL RESET`.
public final class RedisLiveCluster: LiveCluster {
  /// Times that a coherent capture is tried: another replica's snapshot may be under way, or a ping may fall into the wrong moment.
  public static let attempts = 3

  public let description: ClusterDescription
  private let credentials: RedisCredentials
  private let map: RedisClusterMap
  let store: RedisStore
  private let events: DrillEventHandler

  private init(_ description: ClusterDescription, map: RedisClusterMap, events: @escaping DrillEventHandler) {
    self.description = description
    self.map = map
    self.events = events
    credentials = RedisCredentials(username: description.username, password: description.password)
    store = RedisLiveCluster.store(map, credentials, readRate: description.readRate)
  }

  /// Finds all servers of the deployment and hands them to `body`.
  ///
  /// - Throws: `DrillError` as ``RedisDiscovery/map(of:)`` does, and whatever `body` throws.
  @discardableResult
  public static func with<R: Sendable>(
    _ description: ClusterDescription, events: @escaping DrillEventHandler = { _ in },
    _ body: (RedisLiveCluster) async throws -> R
  ) async throws -> R {
    try await body(RedisLiveCluster(description, map: try await RedisDiscovery.map(of: description), events: events))
  }

  public var shards: [String] { map.shards.map(\.name) }

  public func readRecords(
    shard: String, selection: RecordSelection, into handler: RecordHandler
  ) async throws -> ReadFacts {
    try await store.readRecords(shard: shard, selection: selection, into: handler)
  }

  public func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await store.withSession(body)
  }

  public func topology() async throws -> Topology {
    try await RedisDiscovery.map(of: description).topology
  }

  /// What a capture will cost. Memory is the worst case, in which production changes every page while the snapshots are written; what is free is known for this
  /// machine, and elsewhere an upper bound: what the machine has less what the server holds.
  ///
  /// - Throws: `DrillError`: `unreachable`, `permission-denied`, `authentication-failed`, `timed-out`.
  public func estimate(_ plan: CapturePlan) async throws -> CaptureEstimate {
    let map = try await RedisDiscovery.map(of: description)
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
  /// Where a coherent capture's proof fails it is tried again, up to ``attempts`` times, and `whileHeld` is called again: what it read before is void. After an error
  /// none of the files is left.
  public func capture(
    _ plan: CapturePlan, into folder: String, whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    let map = try await RedisDiscovery.map(of: description)
    let survey = try await CaptureSurvey.make(map, plan: plan, credentials: credentials)
    let estimate = survey.estimate(plan)
    for line in estimate.lines { events(.note(line)) }
    guard estimate.refusals.isEmpty else {
      throw DrillError(.captureRefused, subject: description.name, detail: estimate.refusals.joined(separator: "; "))
    }
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw DrillError(.io, subject: folder, detail: "the folder cannot be made: \(String(cString: strerror(errno)))")
    }
    // Threads of their own: they write to disk, and must not hold up what pauses and releases.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: min(max(survey.sources.count, 1), 4))
    do {
      let backup =
        switch plan.coherence {
        case .coherent: try await coherent(survey, plan, folder, group, whileHeld)
        case .perShard: try await perShard(survey, folder, group)
        }
      try? await group.shutdownGracefully()
      return backup
    } catch {
      try? await group.shutdownGracefully()
      if error is CancellationError || Task.isCancelled {
        throw DrillError(
          .interrupted, subject: description.name, detail: "the capture was interrupted; writes were resumed")
      }
      throw error
    }
  }

  private func coherent(
    _ survey: CaptureSurvey, _ plan: CapturePlan, _ folder: String, _ group: MultiThreadedEventLoopGroup,
    _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    var reasons: [String] = []
    for attempt in 1...RedisLiveCluster.attempts {
      try await waitUntilIdle(survey)
      let masters = RedisLiveCluster.store(survey.map, credentials, readRate: nil)
      let capture = CoherentCapture(
        survey: survey, plan: plan, credentials: credentials, folder: folder, group: group, store: masters,
        commandSinks: [:],
        events: events)
      do {
        let result = try await capture.run(whileHeld: whileHeld)
        for part in result.transfer.parts { await part.link.close() }
        return result.backup
      } catch let failed as CoherentCapture.Failed {
        reasons = failed.reasons
        events(
          .note(
            "attempt \(attempt) of \(RedisLiveCluster.attempts) gave no proof of one cut: \(reasons.joined(separator: "; "))"
          ))
      }
    }
    throw DrillError(
      .notCoherent, subject: description.name,
      detail: "no proof of one cut in \(RedisLiveCluster.attempts) attempts: \(reasons.joined(separator: "; "))")
  }

  private func perShard(
    _ survey: CaptureSurvey, _ folder: String, _ group: MultiThreadedEventLoopGroup
  ) async throws -> CapturedBackup {
    let transfer = try await SnapshotTransfer.open(
      survey.sources, into: folder, transfer: survey.transfer, credentials: credentials, on: group)
    do {
      var positions: [String: String] = [:]
      for part in transfer.parts { part.link.askForSnapshot() }
      let files = try await transfer.collect(events: events)
      for part in transfer.parts {
        let resync = try await part.link.resynced()
        positions[part.source.shard.name] = "\(resync.replicationID):\(resync.offset)"
      }
      for part in transfer.parts { await part.link.close() }
      let time = transfer.parts.map { $0.link.serverClock.microseconds }.min() ?? 0
      return CapturedBackup(
        files: files,
        cut: Cut(
          time: Instant(millisecondsSince1970: time / 1000), coherence: .perShard, positions: positions,
          proof: ["writes were not paused: each shard stands at a position of its own"]),
        topology: survey.map.topology, engineVersion: survey.engineVersion, pause: .zero)
    } catch {
      await transfer.abandon()
      throw error
    }
  }

  /// Waits until no source has a child process: a new replica would be attached to its snapshot, or made to wait for its end.
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

  private static func store(_ map: RedisClusterMap, _ credentials: RedisCredentials, readRate: Int?) -> RedisStore {
    RedisStore(
      shards: map.shards.map { (name: $0.name, slots: $0.slots, endpoint: $0.master.endpoint) }, topology: map.topology,
      credentials: credentials, readRate: readRate)
  }
}
