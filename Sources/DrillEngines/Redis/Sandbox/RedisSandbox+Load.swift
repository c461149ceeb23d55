internal import DrillModel

extension RedisSandbox: LoadBearing {
  /// A server under load holds at most what it held before and its headroom; what goes beyond is refused with `OOM`,
  /// and the server lives on.
  func withLoad<R: Sendable>(_ body: (any LoadedStore) async throws -> R) async throws -> R {
    guard let slots = store.slotTable else {
      throw DrillError(
        .usage, stage: .replay, subject: "load",
        detail: "a sandbox whose slots lie in more than one shard is not put under load; drill a backup without moves")
    }
    var closed: [RedisStore.Shard] = []
    do {
      for member in store.members {
        try await open(member)
        closed.append(member)
      }
      let result = try await body(RedisLoadedStore(members: store.members, slots: slots))
      try await close(closed)
      return result
    } catch {
      try? await close(closed)
      throw error
    }
  }

  /// Lets writes in. Source: redis 7.0 redis.conf, "min-replicas-to-write" and "maxmemory".
  private func open(_ member: RedisStore.Shard) async throws {
    try await RedisConnection.with(member.endpoint, member.credentials) { connection in
      let used = RedisInfo(try await connection.ask("INFO", "memory").text ?? "")["used_memory"].flatMap { UInt64($0) }
      guard let used, let room = headroom[member.name], room >= RedisSandbox.leastHeadroom else {
        throw DrillError(
          .memoryBudget, stage: .replay, subject: member.name,
          detail: "the sandbox's memory limit leaves no room for writes under load; give it more")
      }
      try await connection.ask("CONFIG", "SET", "maxmemory", "\(used + room)")
      try await connection.ask("CONFIG", "SET", "min-replicas-to-write", "0")
    }
  }

  /// Shuts writes out again.
  private func close(_ members: [RedisStore.Shard]) async throws {
    for member in members {
      try await RedisConnection.with(member.endpoint, member.credentials) { connection in
        try await connection.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        try await connection.ask("CONFIG", "SET", "maxmemory", "0")
      }
    }
  }

  private static let leastHeadroom: UInt64 = 8 << 20
}

/// Restored servers that let writes in.
struct RedisLoadedStore: LoadedStore {
  var members: [RedisStore.Shard]
  var slots: [Int16]

  func openLoadSession() throws -> any LoadSession {
    try RedisDirectSession(members, slots: slots, takesWrites: true)
  }
}
