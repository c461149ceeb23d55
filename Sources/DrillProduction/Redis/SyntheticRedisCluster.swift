internal import DrillEngines
public import DrillModel
internal import Foundation

/// A real Redis deployment on loopback that plays production: a Cluster, or one server. It lives as long as the closure
/// that it is handed to, and judges nothing.
public struct SyntheticRedisCluster: Sendable {
  public struct Shape: Hashable, Sendable {
    /// 3 or more make a Cluster; 1 is a server without one.
    public var masters: Int
    public var replicasPerMaster: Int
    public var password: Secret?
    /// `repl-diskless-sync-delay` in seconds once the cluster stands; Redis' default is 5.
    public var syncDelaySeconds: Int

    public init(masters: Int = 3, replicasPerMaster: Int = 1, password: Secret? = nil, syncDelaySeconds: Int = 5) {
      self.masters = masters
      self.replicasPerMaster = replicasPerMaster
      self.password = password
      self.syncDelaySeconds = syncDelaySeconds
    }

    public static let standalone = Shape(masters: 1, replicasPerMaster: 0)
  }

  /// As a cluster file would describe it.
  public let description: ClusterDescription
  /// The masters' endpoints, in the order of their slots.
  public let masters: [Endpoint]
  /// Each master's replicas.
  public let replicas: [[Endpoint]]
  let credentials: RedisCredentials

  /// Starts the servers in a new folder below `folder`, hands the deployment to `body`, and ends and removes
  /// everything, however `body` ends. The servers end with this process, however it ends.
  ///
  /// - Throws: `DrillError`: `server-missing`, `server-failed`, `timed-out`, `io`; whatever `body` throws.
  public static func with<R: Sendable>(
    _ shape: Shape = Shape(), name: String = "synthetic", below folder: String,
    _ body: (SyntheticRedisCluster) async throws -> R
  ) async throws -> R {
    precondition(shape.masters == 1 || shape.masters >= 3, "a cluster has three masters or more")
    let home = "\(folder)/production-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    do {
      try FileManager.default.createDirectory(
        atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw DrillError(.io, subject: folder, detail: "no folder can be made in it", underlying: error)
    }
    defer { try? FileManager.default.removeItem(atPath: home) }
    var nodes: [SyntheticRedisNode] = []
    do {
      let tools = SandboxTools.found()
      let isCluster = shape.masters > 1
      for _ in 0..<(shape.masters * (1 + shape.replicasPerMaster)) {
        nodes.append(
          try await SyntheticRedisNode.start(
            folder: home, password: shape.password, isCluster: isCluster, options: [("repl-diskless-sync-delay", "0")],
            tools: tools))
      }
      let cluster = SyntheticRedisCluster(nodes, shape, name)
      try await cluster.form(nodes, shape)
      let result = try await body(cluster)
      await end(nodes)
      return result
    } catch {
      await end(nodes)
      throw error
    }
  }

  private static func end(_ nodes: [SyntheticRedisNode]) async { for node in nodes { await node.process.end() } }

  private init(_ nodes: [SyntheticRedisNode], _ shape: Shape, _ name: String) {
    credentials = RedisCredentials(password: shape.password)
    masters = nodes.prefix(shape.masters).map(\.endpoint)
    replicas = (0..<shape.masters).map { index in
      nodes.dropFirst(shape.masters + index * shape.replicasPerMaster).prefix(shape.replicasPerMaster).map(\.endpoint)
    }
    description = ClusterDescription(
      name: name, engine: "redis", endpoints: masters, isCluster: shape.masters > 1, password: shape.password)
  }

  private func form(_ nodes: [SyntheticRedisNode], _ shape: Shape) async throws {
    let groups = (0..<shape.masters).map { index in
      Array(nodes.dropFirst(shape.masters + index * shape.replicasPerMaster).prefix(shape.replicasPerMaster))
    }
    if shape.masters > 1 {
      try await ClusterFormation(
        masters: Array(nodes.prefix(shape.masters)), replicas: groups, credentials: credentials
      ).form()
    } else {
      for replica in groups[0] {
        try await RedisConnection.with(replica.endpoint, credentials) { connection in
          try await connection.ask("REPLICAOF", "127.0.0.1", "\(nodes[0].port)")
          while try await !(connection.ask("INFO", "replication").text?.contains("master_link_status:up") ?? false) {
            try await Task.sleep(for: .milliseconds(20))
          }
        }
      }
    }
    for node in nodes {
      _ = try await RedisConnection.with(node.endpoint, credentials) {
        try await $0.ask("CONFIG", "SET", "repl-diskless-sync-delay", "\(shape.syncDelaySeconds)")
      }
    }
  }

  /// Writes `records` records of all types from a seed: strings, hashes, lists, sets, sorted sets, streams with groups
  /// and pending entries, expiries from a second to a day, keys with hash tags.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `server-failed` where a server refuses a write.
  public func fill(records: Int, seed: UInt64) async throws {
    let contents = RedisContents(seed: seed, epoch: Instant.now.millisecondsSince1970)
    try await withRouter { router in
      var commands: [[[UInt8]]] = []
      for number in 0..<records {
        commands += contents.commands(forRecord: number)
        if commands.count >= 1000 || number == records - 1 {
          for reply in try await router.send(commands) { try SyntheticRedisCluster.check(reply) }
          commands.removeAll(keepingCapacity: true)
        }
      }
    }
  }

  /// Removes every record.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `server-failed`.
  public func empty() async throws {
    for master in masters {
      _ = try await RedisConnection.with(master, credentials) { try await $0.ask("FLUSHALL", "SYNC") }
    }
  }

  /// Goes on changing what ``fill(records:seed:)`` wrote, at most `perSecond` changes a second, until `isDone` says so
  /// or the task is cancelled.
  ///
  /// Follows slots that move. Returns how many changes were acknowledged; which keys change follows from the seed, when
  /// they do does not.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`.
  @discardableResult
  public func keepWriting(
    records: Int, seed: UInt64, perSecond: Int, until isDone: @Sendable () -> Bool
  ) async throws -> Int {
    let contents = RedisContents(seed: seed, epoch: 0)
    return try await withRouter { router in
      var random = SeededGenerator(seed: seed)
      var sent = 0
      var written = 0
      let start = ContinuousClock.now
      while !isDone() && !Task.isCancelled {
        let share = max(1, perSecond / 50)
        let replies = try await router.send((0..<share).map { _ in contents.change(&random, records: records) })
        sent += replies.count
        // A key may by now be of another type or absent; that is an answer, not a failure.
        written += replies.count { $0.errorCode == nil }
        try? await Task.sleep(until: start + .seconds(Double(sent) / Double(max(1, perSecond))), clock: .continuous)
      }
      return written
    }
  }

  /// Writes pairs over two shards until `isDone` says so: an *effect* `effect:<n>` only after its *cause* `cause:<n>`
  /// on another shard was acknowledged.
  ///
  /// So a snapshot at one cut never holds an effect without its cause. Returns how many pairs were written.
  @discardableResult
  public func writeCausesAndEffects(until isDone: @Sendable () -> Bool) async throws -> Int {
    precondition(masters.count > 1, "causes and effects need two shards")
    let (first, second) = SyntheticRedisCluster.tagsOfTwoShards(masters: masters.count)
    return try await withRouter { router in
      var number = 0
      while !isDone() && !Task.isCancelled {
        for key in ["{\(first)}cause:\(number)", "{\(second)}effect:\(number)"] {
          try SyntheticRedisCluster.check(try await router.send([["SET", key, "1"].map { Array($0.utf8) }])[0])
        }
        number += 1
      }
      return number
    }
  }

  /// Hash tags whose slots the first and the last master own when the cluster is new.
  public static func tagsOfTwoShards(masters: Int) -> (cause: String, effect: String) {
    let engine = RedisEngine()
    func tag(_ range: Range<Int>) -> String {
      (0...).lazy.map { "t\($0)" }.first { range.contains(Int(engine.slot(ofKey: Array($0.utf8)).rawValue)) } ?? ""
    }
    return (tag(0..<(Slot.count / masters)), tag((Slot.count * (masters - 1) / masters)..<Slot.count))
  }

  /// Sends one command to the master that owns its first argument's slot; for planting what a test or a drill needs.
  public func send(_ words: String...) async throws {
    try await withRouter { try SyntheticRedisCluster.check(try await $0.send([words.map { Array($0.utf8) }])[0]) }
  }

  /// Sends many commands at once, each to the master that owns its first argument's slot.
  public func send(_ commands: [[String]]) async throws {
    try await withRouter { router in
      for reply in try await router.send(commands.map { $0.map { Array($0.utf8) } }) {
        try SyntheticRedisCluster.check(reply)
      }
    }
  }

  private func withRouter<R: Sendable>(_ body: (RedisRouter) async throws -> R) async throws -> R {
    let router = RedisRouter(seed: masters[0], credentials: credentials, isCluster: description.isCluster)
    do {
      let result = try await body(router)
      await router.close()
      return result
    } catch {
      await router.close()
      throw error
    }
  }

  static func check(_ reply: RESPValue) throws {
    guard case .error(let line) = reply else { return }
    throw DrillError(.serverFailed, subject: "synthetic production", detail: "it refused: \(line)")
  }
}
