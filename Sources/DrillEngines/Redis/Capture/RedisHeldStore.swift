internal import DrillModel

/// The masters while their writes are paused. What is answered after releasing has begun is not handed on: it might not
/// belong to the cut.
struct RedisHeldStore: HeldStore {
  let pause: WritePause
  let store: any Store
  let map: RedisClusterMap
  let credentials: RedisCredentials

  var shards: [String] { store.shards }
  /// Reading every record of a server takes longer than a pause may last.
  var isFingerprintable: Bool { false }

  var remaining: Duration {
    guard !pause.isReleasing, let deadline = pause.deadline else { return .zero }
    return max(deadline - .now, .zero)
  }

  private var isHeld: Bool { remaining > .zero }

  private var ended: DrillError {
    DrillError(.timedOut, subject: "the held cut", detail: "the pause of writes was over before this was read")
  }

  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts {
    let facts = try await store.readRecords(shard: shard, selection: selection, into: handler)
    guard isHeld else { throw ended }
    return facts
  }

  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    try await store.withSession { try await body(Session(store: self, session: $0)) }
  }

  /// Keys per slot by `CLUSTER COUNTKEYSINSLOT`, on each master for the slots that it owns and those that are moving to
  /// it. A key counts as long as it is in memory,
  /// expired or not. Servers without cluster mode do not count by slot: of them it is `INFO keyspace`, keys per
  /// database.
  ///
  /// - Throws: `DrillError`: `timed-out` where the pause was over before all had answered; `permission-denied`,
  ///   `unreachable`.
  func slotCounts() async throws -> SlotCounts? {
    guard map.isCluster else {
      var namespaces: [String: [String: UInt64]] = [:]
      for shard in map.shards { namespaces[shard.name] = try await keysPerDatabase(at: shard.master.endpoint) }
      guard isHeld else { throw ended }
      return SlotCounts(namespaces: namespaces)
    }
    let topology = map.topology
    let counts = try await withThrowingTaskGroup(of: (String, [(Slot, UInt64)]).self) { tasks in
      for shard in map.shards {
        let slots = topology.slotsAllowed(in: shard.name).slots
        tasks.addTask { (shard.name, try await count(slots, at: shard.master.endpoint)) }
      }
      var all = SlotCounts()
      for try await (shard, counts) in tasks {
        for (slot, count) in counts { all.set(count, shard: shard, slot: slot) }
      }
      return all
    }
    guard isHeld else { throw ended }
    return counts
  }

  private func keysPerDatabase(at endpoint: Endpoint) async throws -> [String: UInt64] {
    try await whileHeld { limit in
      try await RedisConnection.with(endpoint, credentials, timeout: limit) { connection in
        let databases = RedisInfo(try await connection.ask("INFO", "keyspace", timeout: limit).text ?? "").databases
        return Dictionary(uniqueKeysWithValues: databases.map { ("db\($0.number)", $0.keys) })
      }
    }
  }

  /// Runs `body` with the time that is left, and says of a time-out what it means here.
  private func whileHeld<R: Sendable>(_ body: (Duration) async throws -> R) async throws -> R {
    let limit = remaining
    guard limit > .zero else { throw ended }
    do {
      return try await body(limit)
    } catch let error as DrillError where error.code == .timedOut {
      throw ended
    }
  }

  private func count(_ slots: [Slot], at endpoint: Endpoint) async throws -> [(Slot, UInt64)] {
    try await whileHeld { limit in
      try await RedisConnection.with(endpoint, credentials, timeout: limit) { connection in
        let words = ["CLUSTER", "COUNTKEYSINSLOT"].map { Array($0.utf8) }
        let commands = slots.map { words + [Array(String($0.rawValue).utf8)] }
        let replies = await connection.pipeline(commands, timeout: limit)
        if let failure = replies.failure { throw failure }
        return try zip(slots, replies.values).map { slot, reply in
          if let error = RedisConnection.error(
            reply, subject: endpoint.description, command: ["CLUSTER", "COUNTKEYSINSLOT"])
          {
            throw error
          }
          guard let count = reply.integer.flatMap({ UInt64(exactly: $0) }) else {
            throw DrillError(
              .protocolViolation, subject: endpoint.description, detail: "CLUSTER COUNTKEYSINSLOT: not a count")
          }
          return (slot, count)
        }
      }
    }
  }

  private struct Session: StoreSession {
    let store: RedisHeldStore
    let session: any StoreSession

    func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply] {
      let reason = "the pause of writes was over"
      func none() -> [TimedReply] { operations.map { _ in TimedReply(.indeterminate(reason), elapsed: .zero) } }
      guard store.isHeld else { return none() }
      let replies = await session.perform(operations, timeout: min(timeout, store.remaining))
      return store.isHeld ? replies : none()
    }
  }
}
