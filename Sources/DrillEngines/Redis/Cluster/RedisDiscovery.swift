public import DrillModel

/// Finds the servers of a deployment from the endpoints that a cluster file names.
public enum RedisDiscovery {
  /// The deployment as it is now.
  ///
  /// - Redis Cluster: all shards, from any node that answers, by `CLUSTER SHARDS` (`CLUSTER NODES` before 7.0). Open
  ///   slots are asked of each master, which alone
  ///   knows its own, and each master must own what the cluster says it owns.
  /// - One single server: one shard named `standalone`, whatever its replication id, which changes with a fail-over or
  ///   when its backlog is freed; it owns all
  ///   slots. A replica's endpoint leads to its master.
  /// - Several single servers: shards `server-1`, `server-2`, … in the order of `endpoints`, without a slot map: each
  ///   may hold any key.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `authentication-failed`, `permission-denied`,
  ///   `protocol-violation`; `store-moved` where the nodes still
  ///   disagree on who owns what after three looks.
  public static func map(of cluster: ClusterDescription) async throws -> RedisClusterMap {
    let credentials = RedisCredentials(username: cluster.username, password: cluster.password)
    guard !cluster.endpoints.isEmpty else {
      throw DrillError(.usage, subject: cluster.name, detail: "the cluster names no endpoint")
    }
    guard cluster.isCluster else { return try await singleServers(cluster.endpoints, credentials) }
    var disagreement: DrillError?
    for attempt in 0..<3 {
      if attempt > 0 { try await Task.sleep(for: .milliseconds(300)) }
      do {
        return try await clusterMap(from: cluster.endpoints, credentials)
      } catch let error as DrillError where error.code == .storeMoved {
        disagreement = error
      }
    }
    throw disagreement ?? DrillError(.storeMoved, subject: cluster.name, detail: "the nodes disagree")
  }

  private static func clusterMap(
    from endpoints: [Endpoint], _ credentials: RedisCredentials
  ) async throws -> RedisClusterMap {
    var failure: DrillError?
    for endpoint in endpoints {
      do {
        return try await RedisConnection.with(endpoint, credentials) { seed in try await clusterMap(seed, credentials) }
      } catch let error as DrillError where [.unreachable, .timedOut].contains(error.code) {
        failure = failure ?? error
      }
    }
    throw failure ?? DrillError(.unreachable, detail: "no endpoint answers")
  }

  private static func clusterMap(
    _ seed: RedisConnection, _ credentials: RedisCredentials
  ) async throws -> RedisClusterMap {
    let subject = seed.endpoint.description
    let state = RedisInfo(try await seed.ask("CLUSTER", "INFO").text ?? "")
    guard let epoch = state.number("cluster_current_epoch") else {
      throw DrillError(.protocolViolation, subject: subject, detail: "CLUSTER INFO names no epoch")
    }
    guard state["cluster_state"] == "ok" else {
      throw DrillError(
        .unreachable, subject: subject, detail: "cluster_state is \(state["cluster_state"] ?? "unknown"), not ok")
    }
    var found = try await shards(seed)
    var moves: [Topology.Move] = []
    var counted: Set<Topology.Move> = []
    for shard in found {
      let own = try await RedisConnection.with(shard.master.endpoint, credentials) { try await nodes($0).myself }
      guard let own, own.id == shard.name, own.isMaster, own.slots == shard.slots else {
        throw DrillError(
          .storeMoved, subject: subject,
          detail: "node \(shard.name) and node \(subject) disagree on who owns which slots")
      }
      for move in own.moves where counted.insert(move).inserted { moves.append(move) }
    }
    let movers = Set(moves.flatMap { [$0.source, $0.target] })
    found.removeAll { $0.slots.isEmpty && !movers.contains($0.name) }
    found.sort {
      ($0.slots.slots.first ?? Slot(Slot.count - 1), $0.name) < ($1.slots.slots.first ?? Slot(Slot.count - 1), $1.name)
    }
    moves.sort { $0.slot < $1.slot }
    return RedisClusterMap(epoch: epoch, shards: found, moves: moves, mapsSlots: true, isCluster: true)
  }

  private static func shards(_ seed: RedisConnection) async throws -> [RedisClusterMap.Shard] {
    let subject = seed.endpoint.description
    let reply = try await seed.send([Array("CLUSTER".utf8), Array("SHARDS".utf8)])
    // Before 7.0: `ERR Unknown subcommand or wrong number of arguments for 'SHARDS'`.
    if reply.errorCode == "ERR" { return try await nodes(seed).shards(subject: subject) }
    if let error = RedisConnection.error(reply, subject: subject, command: ["CLUSTER", "SHARDS"]) { throw error }
    return try ClusterShardsReply.shards(reply, host: seed.host, subject: subject)
  }

  private static func nodes(_ connection: RedisConnection) async throws -> ClusterNodesReply {
    try ClusterNodesReply(
      try await connection.ask("CLUSTER", "NODES").text ?? "", host: connection.host,
      subject: connection.endpoint.description)
  }

  private static func singleServers(
    _ endpoints: [Endpoint], _ credentials: RedisCredentials
  ) async throws -> RedisClusterMap {
    var shards: [RedisClusterMap.Shard] = []
    var isCluster = false
    for (index, endpoint) in endpoints.enumerated() {
      var info = try await RedisConnection.with(endpoint, credentials) {
        RedisInfo(try await $0.ask("INFO").text ?? "")
      }
      var master = endpoint
      if info["role"] == "slave" {
        guard let host = info["master_host"], let port = info["master_port"].flatMap({ Int($0) }) else {
          throw DrillError(.protocolViolation, subject: endpoint.description, detail: "a replica that names no master")
        }
        master = .tcp(host: host, port: port)
        info = try await RedisConnection.with(master, credentials) { RedisInfo(try await $0.ask("INFO").text ?? "") }
        guard info["role"] == "master" else {
          throw DrillError(
            .unreachable, subject: master.description, detail: "a replica of a replica: name the master's endpoint")
        }
      }
      isCluster = isCluster || info["redis_mode"] == "cluster"
      shards.append(
        RedisClusterMap.Shard(
          name: endpoints.count == 1 ? "standalone" : "server-\(index + 1)", slots: .all,
          master: RedisNode(name: master.description, endpoint: master, isHealthy: true),
          replicas: info.replicas.map {
            RedisNode(name: $0.endpoint.description, endpoint: $0.endpoint, isHealthy: $0.isOnline)
          }))
    }
    // A single node of a cluster holds only its own share: no claim about slots then.
    return RedisClusterMap(
      epoch: 0, shards: shards, moves: [], mapsSlots: endpoints.count == 1 && !isCluster, isCluster: false)
  }
}

extension RedisConnection {
  /// The host that we reached it by, for nodes that do not know their own address.
  var host: String {
    switch endpoint {
    case .tcp(let host, _): host
    case .unix: "127.0.0.1"
    }
  }
}
