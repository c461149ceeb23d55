internal import DrillModel
internal import Synchronization

/// A pause of writes on all masters, with its own end on each server: writes resume also if this process dies.
///
/// Source: Redis documentation, "CLIENT PAUSE" (`WRITE`: commands that write wait; reads and replication go on).
final class WritePause: Sendable {
  /// A master with a connection that is kept for the pause alone.
  struct Master: Sendable {
    var shard: String
    var endpoint: Endpoint
    var connection: RedisConnection
  }

  /// What was read before the first master was released, and how releasing went.
  struct Release: Sendable {
    /// By shard; nil where a master could not be asked in time.
    var states: [String: MasterState]?
    var readAt: ContinuousClock.Instant
    var endedAt: ContinuousClock.Instant
    /// Masters that could not be told to resume: they do so when their pause runs out.
    var unreleased: [String]
  }

  private struct State {
    var startedAt: ContinuousClock.Instant?
    var release: Task<Release, Never>?
  }

  private let masters: [Master]
  private let groups: [[String]]
  private let credentials: RedisCredentials
  private let isCluster: Bool
  let limit: Duration
  private let state = Mutex(State())

  init(_ masters: [Master], groups: [[String]], credentials: RedisCredentials, isCluster: Bool, limit: Duration) {
    self.masters = masters
    self.groups = groups
    self.credentials = credentials
    self.isCluster = isCluster
    self.limit = limit
  }

  /// Connects to all masters.
  static func openMasters(of map: RedisClusterMap, _ credentials: RedisCredentials) async throws -> [Master] {
    var masters: [Master] = []
    do {
      for shard in map.shards {
        masters.append(
          Master(
            shard: shard.name, endpoint: shard.master.endpoint,
            connection: try await RedisConnection.connect(shard.master.endpoint, credentials)))
      }
      return masters
    } catch {
      await close(masters)
      throw error
    }
  }

  static func close(_ masters: [Master]) async {
    for master in masters { await master.connection.close() }
  }

  /// Time that is kept back before the pause's own end, for reading the last offsets and releasing.
  static func margin(_ limit: Duration) -> Duration { min(limit / 5, .milliseconds(300)) }

  /// The earliest moment at which some master may resume by itself; the distant future before ``begin()``.
  var expiresAt: ContinuousClock.Instant? { state.withLock { $0.startedAt }.map { $0 + limit } }
  /// When the pause is to be released whatever is still under way.
  var deadline: ContinuousClock.Instant? { expiresAt.map { $0 - WritePause.margin(limit) } }
  var startedAt: ContinuousClock.Instant? { state.withLock { $0.startedAt } }
  /// Whether releasing has begun; from then on nothing that a master says belongs to the cut for certain.
  var isReleasing: Bool { state.withLock { $0.release != nil } }

  /// Pauses all masters, group after group, and returns once all have confirmed.
  ///
  /// - Throws: `DrillError`; then the caller releases, which it must do in any case.
  func begin() async throws {
    state.withLock { $0.startedAt = .now }
    let milliseconds = String(Int(limit.milliseconds))
    for group in groups {
      try await forEach(group) { master in
        try await master.connection.ask("CLIENT", "PAUSE", milliseconds, "WRITE", timeout: self.limit)
      }
    }
  }

  /// What every master says of itself now.
  ///
  /// - Throws: `DrillError` of the first master that could not say.
  func states(timeout: Duration) async throws -> [String: MasterState] {
    try await withThrowingTaskGroup(of: (String, MasterState).self) { tasks in
      for master in masters {
        tasks.addTask {
          (master.shard, try await MasterState.read(master.connection, isCluster: self.isCluster, timeout: timeout))
        }
      }
      var states: [String: MasterState] = [:]
      for try await (shard, state) in tasks { states[shard] = state }
      return states
    }
  }

  /// Reads every master's state, then lets all resume. Runs once, whoever asks first, and to its end even when the
  /// asking task is cancelled.
  @discardableResult
  func release() async -> Release { await release(reading: true) }

  /// Lets all masters resume at once, asking nothing: after a failure there is nothing left to prove.
  func abandon() async { _ = await release(reading: false) }

  private func release(reading: Bool) async -> Release {
    let task = state.withLock { state in
      if let running = state.release { return running }
      let task = Task { await self.releaseAll(reading: reading) }
      state.release = task
      return task
    }
    return await task.value
  }

  private func releaseAll(reading: Bool) async -> Release {
    let now = ContinuousClock.now
    let rest = (expiresAt ?? now) - now
    let states = reading ? try? await self.states(timeout: max(rest, .milliseconds(50))) : nil
    let readAt = ContinuousClock.now
    let unreleased = Mutex<[String]>([])
    // Targets before sources: a source that resumes its `MIGRATE` must not meet a paused target.
    for group in groups.reversed() {
      try? await forEach(group) { master in
        do {
          try await master.connection.ask("CLIENT", "UNPAUSE", timeout: .seconds(2))
        } catch {
          let again: Void? = try? await RedisConnection.with(master.endpoint, self.credentials, timeout: .seconds(2)) {
            try await $0.ask("CLIENT", "UNPAUSE", timeout: .seconds(2))
          }
          if again == nil { unreleased.withLock { $0.append(master.shard) } }
        }
      }
    }
    return Release(states: states, readAt: readAt, endedAt: .now, unreleased: unreleased.withLock { $0 })
  }

  private func forEach(_ shards: [String], _ action: @escaping @Sendable (Master) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for master in masters where shards.contains(master.shard) { tasks.addTask { try await action(master) } }
      try await tasks.waitForAll()
    }
  }
}
