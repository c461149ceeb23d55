internal import DrillModel

/// Reads the reply of `CLUSTER SHARDS`, which servers have since 7.0.
///
/// Source: redis 7.0 src/cluster.c, `clusterReplyShards`: per shard a map of `slots` (first and last slot of each
/// range, flat) and `nodes` (maps), maps
/// being flat arrays in RESP2.
enum ClusterShardsReply {
  /// The shards with a living master, those without slots included. `host`, which the asked node was reached by, stands in
  /// where a node does not know its own address, and where the preferred endpoint is said to be unknown.
  ///
  /// Source: Redis documentation, "CLUSTER SHARDS" and `cluster-preferred-endpoint-type`: an endpoint of NULL, which
  /// 7.0 writes as an empty text, means the host that was asked; `?`, that the node announces no host name.
  ///
  /// - Parameter usesTLS: whether the TLS port is meant where a node has both.
  /// - Throws: `DrillError` with `protocol-violation` where the reply is not of that form, `unreachable` where slots
  ///   have no living master.
  static func shards(
    _ reply: RESPValue, host: String, usesTLS: Bool = false, subject: String
  ) throws -> [RedisClusterMap.Shard] {
    func malformed(_ what: String) -> DrillError {
      DrillError(.protocolViolation, subject: subject, detail: "CLUSTER SHARDS: \(what)")
    }
    guard let entries = reply.array else { throw malformed("no list of shards") }
    return try entries.compactMap { entry in
      guard let fields = map(entry), let ranges = fields["slots"]?.array, let nodes = fields["nodes"]?.array,
        ranges.count.isMultiple(of: 2)
      else { throw malformed("a shard without slots or nodes") }
      var slots = SlotSet()
      for index in stride(from: 0, to: ranges.count, by: 2) {
        guard let first = ranges[index].integer, let last = ranges[index + 1].integer, first >= 0, first <= last,
          last < Slot.count
        else { throw malformed("a range of slots that is none") }
        slots = slots.union(SlotSet(Int(first)...Int(last)))
      }
      var masters: [RedisNode] = []
      var replicas: [RedisNode] = []
      for node in nodes {
        guard let fields = map(node), let id = fields["id"]?.text, let role = fields["role"]?.text,
          let port = (usesTLS ? fields["tls-port"] ?? fields["port"] : fields["port"] ?? fields["tls-port"])?.integer
        else { throw malformed("a node without id, role or port") }
        let address = address(endpoint: fields["endpoint"], ip: fields["ip"]) ?? host
        let found = RedisNode(
          name: id, endpoint: .tcp(host: address, port: Int(port)), isHealthy: fields["health"]?.text == "online",
          replicationOffset: fields["replication-offset"]?.integer.flatMap { UInt64(exactly: $0) })
        if role == "master" { masters.append(found) } else { replicas.append(found) }
      }
      guard let master = masters.first(where: \.isHealthy) else {
        guard !slots.isEmpty else { return nil }
        throw DrillError(
          .unreachable, subject: subject, detail: "the cluster knows no living master for slots \(slots)")
      }
      return RedisClusterMap.Shard(name: master.name, slots: slots, master: master, replicas: replicas)
    }
  }

  /// Nil: the host that was asked.
  private static func address(endpoint: RESPValue?, ip: RESPValue?) -> String? {
    let known = ip?.text.flatMap { $0.isEmpty || $0 == "?" ? nil : $0 }
    guard let endpoint else { return known }
    switch endpoint.text {
    case nil, "": return nil
    case "?": return known
    case let name: return name
    }
  }

  private static func map(_ value: RESPValue) -> [String: RESPValue]? {
    guard let flat = value.array, flat.count.isMultiple(of: 2) else { return nil }
    var fields: [String: RESPValue] = [:]
    for index in stride(from: 0, to: flat.count, by: 2) {
      guard let name = flat[index].text else { return nil }
      fields[name] = flat[index + 1]
    }
    return fields
  }
}
