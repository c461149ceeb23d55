internal import DrillEngines
internal import DrillModel

/// Makes a Redis Cluster of servers that know nothing of each other yet.
struct ClusterFormation {
  var masters: [SyntheticRedisNode]
  /// As many for each master.
  var replicas: [[SyntheticRedisNode]]
  var credentials: RedisCredentials

  /// Returns once every node calls the cluster ok and every replica is in step.
  ///
  /// - Throws: `DrillError`: `server-failed`, `timed-out`.
  func form() async throws {
    var ids: [String] = []
    for (index, master) in masters.enumerated() {
      // 16384 slots in even shares, as redis-cli deals them out.
      let first = Slot.count * index / masters.count
      let last = Slot.count * (index + 1) / masters.count - 1
      ids.append(
        try await ask(master) { connection in
          try await connection.ask("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
          try await connection.ask("CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
          return try await connection.ask("CLUSTER", "MYID").text ?? ""
        })
    }
    let all = masters + replicas.flatMap { $0 }
    for node in all.dropFirst() {
      try await ask(all[0]) { try await $0.ask("CLUSTER", "MEET", "127.0.0.1", "\(node.port)") }
    }
    for node in all {
      try await wait(node, "does not know all others") { connection in
        let known = try await connection.ask("CLUSTER", "NODES").text?.split(separator: "\n") ?? []
        return known.count == all.count && !known.contains { $0.contains("handshake") }
      }
    }
    for (id, group) in zip(ids, replicas) {
      for replica in group { try await ask(replica) { try await $0.ask("CLUSTER", "REPLICATE", id) } }
    }
    for replica in replicas.flatMap({ $0 }) {
      try await wait(replica, "is not in step with its master") { connection in
        try await connection.ask("INFO", "replication").text?.contains("master_link_status:up") ?? false
      }
    }
    for node in all {
      try await wait(node, "does not call the cluster ok") { connection in
        guard try await connection.ask("CLUSTER", "INFO").text?.contains("cluster_state:ok") ?? false else {
          return false
        }
        let nodes = try await connection.ask("CLUSTER", "NODES").text?.split(separator: "\n") ?? []
        return nodes.count { $0.contains("slave") } == replicas.reduce(0) { $0 + $1.count }
      }
    }
  }

  @discardableResult
  private func ask<R: Sendable>(
    _ node: SyntheticRedisNode, _ body: (RedisConnection) async throws -> R
  ) async throws -> R {
    try await RedisConnection.with(node.endpoint, credentials, body)
  }

  private func wait(
    _ node: SyntheticRedisNode, _ complaint: String, until isDone: (RedisConnection) async throws -> Bool
  ) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    try await ask(node) { connection in
      while try await !isDone(connection) {
        guard .now < deadline else {
          throw DrillError(.timedOut, subject: node.endpoint.description, detail: "the node \(complaint)")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }
}
