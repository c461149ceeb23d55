internal import DrillModel

/// Reads the reply of `CLUSTER NODES`: a line per node, and on the asked node's own line the slots that are open.
///
/// Source: Redis documentation, "CLUSTER NODES"; redis 7.0 src/cluster.c, `clusterGenNodeDescription`.
struct ClusterNodesReply: Sendable {
  struct Line: Hashable, Sendable {
    var id: String
    var host: String
    var port: Int
    var flags: Set<String>
    var masterID: String?
    var configEpoch: UInt64
    var isLinked: Bool
    var slots: SlotSet
    /// Open slots: `[52->-id]` on the source, `[52-<-id]` on the target.
    var moves: [Topology.Move]

    var isMaster: Bool { flags.contains("master") }
    var isMyself: Bool { flags.contains("myself") }
    /// `fail` is agreed on; `fail?` is this node's own suspicion.
    var isHealthy: Bool { flags.isDisjoint(with: ["fail", "fail?", "handshake", "noaddr"]) && (isLinked || isMyself) }
  }

  let lines: [Line]

  /// - Throws: `DrillError` with `protocol-violation` where a line is not of the documented form.
  init(_ text: String, host: String, subject: String) throws {
    lines = try text.split(separator: "\n").map { line in
      guard let parsed = ClusterNodesReply.line(line, host: host) else {
        throw DrillError(
          .protocolViolation, subject: subject, detail: "CLUSTER NODES: a line that is not of the documented form")
      }
      return parsed
    }
  }

  var myself: Line? { lines.first(where: \.isMyself) }

  /// The shards with a living master; replicas that cannot be reached are among theirs as unhealthy.
  ///
  /// - Throws: `DrillError` with `unreachable` where slots have no living master.
  func shards(subject: String) throws -> [RedisClusterMap.Shard] {
    func node(_ line: Line) -> RedisNode {
      RedisNode(name: line.id, endpoint: .tcp(host: line.host, port: line.port), isHealthy: line.isHealthy)
    }
    return try lines.filter(\.isMaster).compactMap { master in
      guard master.isHealthy else {
        guard !master.slots.isEmpty else { return nil }
        throw DrillError(
          .unreachable, subject: subject, detail: "the cluster knows no living master for slots \(master.slots)")
      }
      let replicas = lines.filter { !$0.isMaster && $0.masterID == master.id }.map(node)
      return RedisClusterMap.Shard(name: master.id, slots: master.slots, master: node(master), replicas: replicas)
    }
  }

  private static func line(_ line: Substring, host: String) -> Line? {
    let words = line.split(separator: " ")
    guard words.count >= 8, let epoch = UInt64(words[6]) else { return nil }
    // `ip:port@cport[,hostname]`; the address may hold colons of its own, and be empty where the node does not know it.
    let address = words[1].prefix { $0 != "@" && $0 != "," }
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
      return nil
    }
    let name = address[..<colon]
    var slots = SlotSet()
    var moves: [Topology.Move] = []
    let id = String(words[0])
    for word in words.dropFirst(8) {
      if word.first == "[" {
        guard let move = move(word, myself: id) else { return nil }
        moves.append(move)
      } else {
        guard let range = SlotSet(parsing: String(word)) else { return nil }
        slots = slots.union(range)
      }
    }
    return Line(
      id: id, host: name.isEmpty ? host : String(name), port: port,
      flags: Set(words[2].split(separator: ",").map(String.init)),
      masterID: words[3] == "-" ? nil : String(words[3]), configEpoch: epoch, isLinked: words[7] == "connected",
      slots: slots,
      moves: moves)
  }

  private static func move(_ word: Substring, myself: String) -> Topology.Move? {
    guard word.last == "]" else { return nil }
    let inner = word.dropFirst().dropLast()
    let digits = inner.prefix(while: \.isNumber)
    guard let slot = Int(digits), slot < Slot.count else { return nil }
    let rest = inner.dropFirst(digits.count)
    if rest.hasPrefix("->-") {
      return Topology.Move(slot: Slot(slot), source: myself, target: String(rest.dropFirst(3)))
    }
    if rest.hasPrefix("-<-") {
      return Topology.Move(slot: Slot(slot), source: String(rest.dropFirst(3)), target: myself)
    }
    return nil
  }
}
