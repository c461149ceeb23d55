internal import DrillModel

/// Finds masters and their replicas by the sentinels that watch them.
///
/// Source: Redis documentation, "High availability with Redis Sentinel", "Sentinel commands".
struct SentinelDiscovery {
  let cluster: ClusterDescription
  let sentinel: SentinelSettings
  /// Those of the servers.
  let credentials: RedisCredentials

  /// One master as a sentinel sees it.
  private struct Watched {
    var name: String
    var endpoint: Endpoint
    var flags: Set<Substring>
  }

  /// A shard for each master that is meant, named as the sentinels name it. All sentinels that are asked are those of the
  /// cluster file, the next one only where the ones before do not answer.
  ///
  /// - Throws: `DrillError`: `unreachable` where no sentinel answers or a master is down; `store-moved` while a fail-over
  ///   is under way; `usage` where they watch no master of a name.
  func map() async throws -> RedisClusterMap {
    var failure: DrillError?
    for endpoint in cluster.endpoints {
      do {
        return try await RedisConnection.with(
          endpoint,
          RedisCredentials(username: sentinel.username, password: sentinel.password, tls: credentials.tls)
        ) { try await map($0) }
      } catch let error as DrillError
        where [.unreachable, .timedOut].contains(error.code) && error.subject == endpoint.description
      {
        failure = failure ?? error
      }
    }
    throw failure ?? DrillError(.unreachable, subject: cluster.name, detail: "no sentinel answers")
  }

  private func map(_ connection: RedisConnection) async throws -> RedisClusterMap {
    let subject = connection.endpoint.description
    let watched = try await ask(connection, "MASTERS")
    for name in sentinel.masters where !watched.contains(where: { $0.name == name }) {
      throw DrillError(
        .usage, subject: name,
        detail: "sentinel \(subject) watches no master of this name, but "
          + "\(watched.isEmpty ? "none at all" : watched.map(\.name).joined(separator: ", ")); see `masters`")
    }
    let meant = watched.filter { sentinel.masters.isEmpty || sentinel.masters.contains($0.name) }
      .sorted { $0.name < $1.name }
    guard !meant.isEmpty else {
      throw DrillError(.unreachable, subject: subject, detail: "this sentinel watches no master")
    }
    var shards: [RedisClusterMap.Shard] = []
    for master in meant { shards.append(try await shard(master, connection)) }
    return RedisClusterMap(epoch: 0, shards: shards, moves: [], mapsSlots: shards.count == 1, isCluster: false)
  }

  private func shard(_ master: Watched, _ connection: RedisConnection) async throws -> RedisClusterMap.Shard {
    let subject = connection.endpoint.description
    guard master.flags.isDisjoint(with: ["failover_in_progress", "promoted", "force_failover"]) else {
      throw DrillError(
        .storeMoved, subject: master.name, detail: "sentinel \(subject) is failing it over; run again when it is done")
    }
    guard master.flags.isDisjoint(with: ["s_down", "o_down", "disconnected"]) else {
      throw DrillError(
        .unreachable, subject: master.name,
        detail: "sentinel \(subject) holds this master, \(master.endpoint), for down")
    }
    let node = RedisNode(name: master.name, endpoint: master.endpoint, isHealthy: true).reached(by: cluster.addresses)
    let info: RedisInfo
    do {
      info = try await RedisConnection.with(node.endpoint, credentials) {
        RedisInfo(try await $0.ask("INFO", "replication").text ?? "")
      }
    } catch let error as DrillError {
      throw RedisDiscovery.unreachable(node, announcedBy: "sentinel \(subject)", error)
    }
    guard info["role"] == "master" else {
      throw DrillError(
        .storeMoved, subject: master.name,
        detail: "\(node.endpoint), which sentinel \(subject) holds for the master, says that it is a replica: "
          + "a fail-over is not over yet; run again when it is")
    }
    let replicas = try await ask(connection, "REPLICAS", master.name).map { replica in
      RedisNode(
        name: replica.endpoint.description, endpoint: replica.endpoint,
        isHealthy: replica.flags.isDisjoint(with: ["s_down", "o_down", "disconnected"])
      ).reached(by: cluster.addresses)
    }
    return RedisClusterMap.Shard(name: master.name, slots: .all, master: node, replicas: replicas)
  }

  /// What a sentinel replies about servers: a map of texts for each.
  private func ask(_ connection: RedisConnection, _ words: String...) async throws -> [Watched] {
    let subject = connection.endpoint.description
    let reply = try await connection.send((["SENTINEL"] + words).map { Array($0.utf8) })
    if case .error(let line) = reply, line.hasPrefix("ERR unknown command") {
      throw DrillError(
        .usage, subject: subject,
        detail: "what answers there is no sentinel: `mode: sentinel` wants sentinels in `nodes`")
    }
    if let error = RedisConnection.error(reply, subject: subject, command: ["SENTINEL"] + words.prefix(1)) {
      throw error
    }
    return try (reply.array ?? []).map { entry in
      let fields = RedisShardReader.pairs(entry)
      guard let name = fields["name"]?.text, let host = fields["ip"]?.text,
        let port = fields["port"]?.integer.flatMap({ Int(exactly: $0) }), !host.isEmpty
      else {
        throw DrillError(
          .protocolViolation, subject: subject, detail: "SENTINEL \(words[0]): a server without name, ip or port")
      }
      return Watched(
        name: name, endpoint: .tcp(host: host, port: port),
        flags: Set((fields["flags"]?.text ?? "").split(separator: ",")))
    }
  }
}
