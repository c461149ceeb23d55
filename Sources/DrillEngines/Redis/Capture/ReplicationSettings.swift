internal import DrillModel

/// The settings of a server that decide when it forks for a new replica.
///
/// Source: redis 7.0 redis.conf and src/replication.c, `syncCommand`, `shouldStartChildReplication`.
struct ReplicationSettings: Hashable, Sendable {
  var isDiskless: Bool
  /// Seconds that the server waits for more replicas before it forks.
  var disklessDelay: Int
  /// So many waiting replicas end the wait; 0: none do.
  var disklessMaxReplicas: Int
  var minReplicasToWrite: Int

  init(isDiskless: Bool, disklessDelay: Int, disklessMaxReplicas: Int = 0, minReplicasToWrite: Int = 0) {
    self.isDiskless = isDiskless
    self.disklessDelay = disklessDelay
    self.disklessMaxReplicas = disklessMaxReplicas
    self.minReplicasToWrite = minReplicasToWrite
  }

  /// - Throws: `DrillError` with `permission-denied` where the user may not `CONFIG GET`: without it, the pause could
  ///   not be timed.
  init(_ connection: RedisConnection) async throws {
    var values: [String: String] = [:]
    for pattern in ["repl-diskless-sync*", "min-*-to-write"] {
      let flat = try await connection.ask("CONFIG", "GET", pattern).array ?? []
      for index in stride(from: 0, to: flat.count - 1, by: 2) { values[flat[index].text ?? ""] = flat[index + 1].text }
    }
    guard let isDiskless = values["repl-diskless-sync"],
      let delay = values["repl-diskless-sync-delay"].flatMap({ Int($0) })
    else {
      throw DrillError(
        .protocolViolation, subject: connection.endpoint.description,
        detail: "CONFIG GET names no repl-diskless-sync-delay")
    }
    self.init(
      isDiskless: isDiskless == "yes", disklessDelay: delay,
      disklessMaxReplicas: values["repl-diskless-sync-max-replicas"].flatMap { Int($0) } ?? 0,
      minReplicasToWrite: (values["min-replicas-to-write"] ?? values["min-slaves-to-write"]).flatMap { Int($0) } ?? 0)
  }

  /// Whether the server forks at once, or in the next run of its replication cron: then writes are paused before the
  /// snapshot is asked for.
  func forksAtOnce(_ transfer: ReplicationLink.Transfer) -> Bool {
    transfer == .disk || disklessDelay == 0 || disklessMaxReplicas == 1
  }

  /// Longest time from the pause to the fork, in milliseconds: the cron runs once a second, and each server's at a time
  /// of its own.
  func longestWait(_ transfer: ReplicationLink.Transfer) -> Double {
    transfer == .disk || disklessDelay == 0 ? 50 : 1250
  }
}
