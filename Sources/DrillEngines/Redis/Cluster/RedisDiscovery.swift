public import DrillModel

/// Finds the servers of a deployment from the endpoints that a cluster file names.
public enum RedisDiscovery {
  /// The deployment as it is now, every server under the address that it is reached by.
  ///
  /// - Redis Cluster: all shards, from any node that answers, by `CLUSTER SHARDS` (`CLUSTER NODES` before 7.0). Open
  ///   slots are asked of each master, which alone
  ///   knows its own, and each master must own what the cluster says it owns.
  /// - One single server: one shard named `standalone`, whatever its replication id, which changes with a fail-over or
  ///   when its backlog is freed; it owns all
  ///   slots. A replica's endpoint leads to its master.
  /// - Several single servers: shards `server-1`, `server-2`, … in the order of `endpoints`, without a slot map: each
  ///   may hold any key.
  /// - Sentinels: a shard for each master that they watch, under its name, without a slot map where there are several.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `authentication-failed`, `permission-denied`,
  ///   `protocol-violation`, what ``RedisTLS`` finds; `store-moved` where the nodes still
  ///   disagree on who owns what after ten looks, or a fail-over is under way.
  public static func map(of cluster: ClusterDescription) async throws -> RedisClusterMap {
    try await map(of: cluster, RedisCredentials(of: cluster))
  }

  static func map(of cluster: ClusterDescription, _ credentials: RedisCredentials) async throws -> RedisClusterMap {
    guard !cluster.endpoints.isEmpty else {
      throw DrillError(.usage, subject: cluster.name, detail: "the cluster names no endpoint")
    }
    if let sentinel = cluster.sentinel {
      return try await SentinelDiscovery(cluster: cluster, sentinel: sentinel, credentials: credentials).map()
    }
    guard cluster.isCluster else {
      return try await singleServers(cluster.endpoints, credentials, cluster.addresses)
    }
    var disagreement: DrillError?
    for attempt in 0..<10 {
      if attempt > 0 { try await Task.sleep(for: .milliseconds(100)) }
      do {
        return try await clusterMap(from: cluster.endpoints, credentials, cluster.addresses)
      } catch let error as DrillError where error.code == .storeMoved {
        disagreement = error
      }
    }
    throw disagreement ?? DrillError(.storeMoved, subject: cluster.name, detail: "the nodes disagree")
  }

  private static func clusterMap(
    from endpoints: [Endpoint], _ credentials: RedisCredentials, _ addresses: AddressMap
  ) async throws -> RedisClusterMap {
    var failure: DrillError?
    for endpoint in endpoints {
      let seed: RedisConnection
      do {
        seed = try await RedisConnection.connect(endpoint, credentials)
      } catch let error as DrillError where [.unreachable, .timedOut].contains(error.code) {
        failure = failure ?? error
        continue
      }
      do {
        let map = try await clusterMap(seed, credentials, addresses)
        await seed.close()
        return map
      } catch let error as DrillError where [.unreachable, .timedOut].contains(error.code) {
        await seed.close()
        failure = failure ?? error
      } catch {
        await seed.close()
        throw error
      }
    }
    throw failure ?? DrillError(.unreachable, detail: "no endpoint answers")
  }

  /// What could not be reached, told with who announced it: behind address translation, the address is of no use here.
  static func unreachable(_ node: RedisNode, announcedBy source: String, _ error: DrillError) -> DrillError {
    // Behind the announced address may be nothing, or somebody else's server.
    let strange: [DrillError.Code] = [
      .unreachable, .timedOut, .tlsNotOffered, .tlsRequired, .tlsFailed, .certificateWrongName, .certificateUntrusted,
      .protocolViolation,
    ]
    guard strange.contains(error.code) else { return error }
    let announced = node.announced ?? node.endpoint
    let place = node.announced == nil ? "" : ", which `addresses` leads to \(node.endpoint)"
    return DrillError(
      error.code, subject: node.endpoint.description,
      detail: "\(error.detail); \(source) announces this server as \(announced)\(place): "
        + "where it is reached by another address from here, say so in the cluster file's `addresses`",
      underlying: error)
  }

  private static func clusterMap(
    _ seed: RedisConnection, _ credentials: RedisCredentials, _ addresses: AddressMap
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
    var found = try await shards(seed, usesTLS: credentials.tls != nil).map { $0.reached(by: addresses) }
    let announced = found.reduce(SlotSet()) { $0.union($1.slots) }
    let own = try await ownLines(of: found, announcedBy: subject, credentials)
    var moves: Set<Topology.Move> = []
    var owned = SlotSet()
    for index in found.indices {
      // What each says of itself: what others have heard of it is older.
      guard let line = own[found[index].name], line.isMaster, owned.intersection(line.slots).isEmpty else {
        throw disagreement(found[index].name, subject)
      }
      owned = owned.union(line.slots)
      moves.formUnion(line.moves)
      found[index].slots = line.slots
    }
    guard owned == announced else { throw disagreement("the others", subject) }
    let movers = Set(moves.flatMap { [$0.source, $0.target] })
    found.removeAll { $0.slots.isEmpty && !movers.contains($0.name) }
    found.sort {
      ($0.slots.slots.first ?? Slot(Slot.count - 1), $0.name) < ($1.slots.slots.first ?? Slot(Slot.count - 1), $1.name)
    }
    return RedisClusterMap(
      epoch: epoch, shards: found, moves: moves.sorted(), mapsSlots: true, isCluster: true)
  }

  private static func disagreement(_ node: String, _ subject: String) -> DrillError {
    DrillError(
      .storeMoved, subject: subject, detail: "\(node) and node \(subject) disagree on who owns which slots")
  }

  /// What each master says of itself, asked of all at once so that no slot changes hands in between; by node id.
  private static func ownLines(
    of shards: [RedisClusterMap.Shard], announcedBy subject: String, _ credentials: RedisCredentials
  ) async throws -> [String: ClusterNodesReply.Line] {
    var open: [RedisConnection] = []
    do {
      for shard in shards {
        do {
          open.append(try await RedisConnection.connect(shard.master.endpoint, credentials))
        } catch let error as DrillError {
          throw unreachable(shard.master, announcedBy: subject, error)
        }
      }
      let lines = try await withThrowingTaskGroup(of: ClusterNodesReply.Line?.self) { group in
        for connection in open { group.addTask { try await nodes(connection).myself } }
        return try await group.reduce(into: [String: ClusterNodesReply.Line]()) { lines, line in
          if let line { lines[line.id] = line }
        }
      }
      for connection in open { await connection.close() }
      return lines
    } catch {
      for connection in open { await connection.close() }
      throw error
    }
  }

  private static func shards(_ seed: RedisConnection, usesTLS: Bool) async throws -> [RedisClusterMap.Shard] {
    let subject = seed.endpoint.description
    let reply = try await seed.send([Array("CLUSTER".utf8), Array("SHARDS".utf8)])
    // Before 7.0: `ERR Unknown subcommand or wrong number of arguments for 'SHARDS'`.
    if reply.errorCode == "ERR" { return try await nodes(seed).shards(subject: subject) }
    if let error = RedisConnection.error(reply, subject: subject, command: ["CLUSTER", "SHARDS"]) { throw error }
    return try ClusterShardsReply.shards(reply, host: seed.host, usesTLS: usesTLS, subject: subject)
  }

  private static func nodes(_ connection: RedisConnection) async throws -> ClusterNodesReply {
    try ClusterNodesReply(
      try await connection.ask("CLUSTER", "NODES").text ?? "", host: connection.host,
      subject: connection.endpoint.description)
  }

  private static func singleServers(
    _ endpoints: [Endpoint], _ credentials: RedisCredentials, _ addresses: AddressMap
  ) async throws -> RedisClusterMap {
    var shards: [RedisClusterMap.Shard] = []
    var isCluster = false
    for (index, endpoint) in endpoints.enumerated() {
      var info = try await RedisConnection.with(endpoint, credentials) {
        RedisInfo(try await $0.ask("INFO").text ?? "")
      }
      var master = RedisNode(name: endpoint.description, endpoint: endpoint, isHealthy: true)
      if info["role"] == "slave" {
        guard let host = info["master_host"], let port = info["master_port"].flatMap({ Int($0) }) else {
          throw DrillError(.protocolViolation, subject: endpoint.description, detail: "a replica that names no master")
        }
        let announced = Endpoint.tcp(host: host, port: port)
        master = RedisNode(name: announced.description, endpoint: announced, isHealthy: true).reached(by: addresses)
        do {
          info = try await RedisConnection.with(master.endpoint, credentials) {
            RedisInfo(try await $0.ask("INFO").text ?? "")
          }
        } catch let error as DrillError {
          throw unreachable(master, announcedBy: endpoint.description, error)
        }
        guard info["role"] == "master" else {
          throw DrillError(
            .unreachable, subject: master.endpoint.description,
            detail: "a replica of a replica: name the master's endpoint")
        }
      }
      isCluster = isCluster || info["redis_mode"] == "cluster"
      shards.append(
        RedisClusterMap.Shard(
          name: endpoints.count == 1 ? "standalone" : "server-\(index + 1)", slots: .all,
          master: master,
          replicas: info.replicas.map {
            RedisNode(name: $0.endpoint.description, endpoint: $0.endpoint, isHealthy: $0.isOnline)
              .reached(by: addresses)
          }))
    }
    // A single node of a cluster holds only its own share: no claim about slots then.
    return RedisClusterMap(
      epoch: 0, shards: shards, moves: [], mapsSlots: endpoints.count == 1 && !isCluster, isCluster: false)
  }
}

extension RedisNode {
  /// The node under the address that it is reached by.
  func reached(by addresses: AddressMap) -> RedisNode {
    let place = addresses.reachable(endpoint)
    guard place != endpoint else { return self }
    var node = self
    node.announced = endpoint
    node.endpoint = place
    return node
  }
}

extension RedisClusterMap.Shard {
  func reached(by addresses: AddressMap) -> RedisClusterMap.Shard {
    RedisClusterMap.Shard(
      name: name, slots: slots, master: master.reached(by: addresses),
      replicas: replicas.map { $0.reached(by: addresses) })
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
