internal import DrillEngines
public import DrillModel

/// Moves slots between masters as migration tools do: open, move keys, close. Each step alone, so that a move can be left
/// anywhere: before any key, in the middle of a slot, between slots.
extension SyntheticRedisCluster {
  /// Opens slots: `IMPORTING` on the target first, so that no client is sent to a node that would refuse it.
  ///
  /// Source: Redis documentation, "CLUSTER SETSLOT".
  /// - Parameters:
  ///   - source: index of the owner in ``masters``, as for all moves.
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `server-failed` where a node refuses.
  public func open(_ slots: SlotSet, from source: Int, to target: Int) async throws {
    let (from, to) = (try await nodeID(source), try await nodeID(target))
    try await setSlots(slots, on: target, ["IMPORTING", from])
    try await setSlots(slots, on: source, ["MIGRATING", to])
  }

  /// Moves keys of open slots with `MIGRATE`, in the order in which the source names them.
  ///
  /// - Parameters:
  ///   - limit: most keys to move; nil: all.
  ///   - batch: keys in one `MIGRATE`.
  /// - Returns: how many keys were moved.
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `server-failed` where a node refuses.
  @discardableResult
  public func moveKeys(
    of slots: SlotSet, from source: Int, to target: Int, limit: Int? = nil, batch: Int = 10
  ) async throws -> Int {
    guard case .tcp(let host, let port) = masters[target] else { preconditionFailure("masters are on loopback") }
    let authentication = description.password.map { ["AUTH", $0.reveal()] } ?? []
    return try await connected(source) { connection in
      var moved = 0
      for slot in slots.slots {
        while limit.map({ moved < $0 }) ?? true {
          let most = min(batch, limit.map { $0 - moved } ?? batch)
          let named = try await connection.ask("CLUSTER", "GETKEYSINSLOT", "\(slot)", "\(most)")
          let keys = (named.array ?? []).compactMap(\.bytes)
          guard !keys.isEmpty else { break }
          // Source: Redis documentation, "MIGRATE": an empty key says that the keys come at the end.
          let words = ["MIGRATE", host, "\(port)", "", "0", "60000"] + authentication + ["KEYS"]
          let reply = try await connection.send(words.map { Array($0.utf8) } + keys, timeout: .seconds(60))
          try SyntheticRedisCluster.check(reply)
          moved += keys.count
        }
      }
      return moved
    }
  }

  /// Closes open slots: the target owns them from now on. Every master is told, the target first.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`, `server-failed` where the source still holds keys of one.
  public func close(_ slots: SlotSet, to target: Int) async throws {
    let owner = try await nodeID(target)
    for master in [target] + masters.indices.filter({ $0 != target }) {
      try await setSlots(slots, on: master, ["NODE", owner])
    }
  }

  /// Moves slots one by one, each to its end.
  public func move(_ slots: SlotSet, from source: Int, to target: Int, batch: Int = 10) async throws {
    for slot in slots.slots {
      let one = SlotSet([slot])
      try await open(one, from: source, to: target)
      try await moveKeys(of: one, from: source, to: target, batch: batch)
      try await close(one, to: target)
    }
  }

  /// Moves slots with the tool that comes with Redis: `redis-cli --cluster reshard`. Which slots they are it decides itself:
  /// the source's lowest.
  ///
  /// - Throws: `DrillError`: `server-missing` where there is no `redis-cli`; `server-failed` where it fails.
  public func reshard(slots: Int, from source: Int, to target: Int, pipeline: Int = 10) async throws {
    guard case .tcp(let host, let port) = masters[source] else { preconditionFailure("masters are on loopback") }
    guard let tool = SandboxTools.executable("redis-cli") else {
      throw DrillError(
        .serverMissing, subject: "redis-cli", detail: "no such program; install it (apt-get install redis-tools)")
    }
    var arguments = [
      "--cluster", "reshard", "\(host):\(port)", "--cluster-from", try await nodeID(source), "--cluster-to",
      try await nodeID(target), "--cluster-slots", "\(slots)", "--cluster-yes", "--cluster-pipeline", "\(pipeline)",
    ]
    if let password = description.password { arguments += ["-a", password.reveal(), "--no-auth-warning"] }
    let process = try await ChildProcess.start(ChildProcess.Launch(executable: tool, arguments: arguments))
    let ending = await process.waitForEnd()
    guard ending == .exited(0) else {
      throw DrillError(.serverFailed, subject: "redis-cli --cluster reshard", detail: "\(ending)")
    }
  }

  /// A master's node id, which names its shard.
  ///
  /// - Parameter master: index in ``masters``.
  public func nodeID(_ master: Int) async throws -> String {
    try await connected(master) { try await $0.ask("CLUSTER", "MYID").text ?? "" }
  }

  private func setSlots(_ slots: SlotSet, on master: Int, _ state: [String]) async throws {
    let commands = slots.slots.map { (["CLUSTER", "SETSLOT", "\($0)"] + state).map { Array($0.utf8) } }
    try await connected(master) { connection in
      let replies = await connection.pipeline(commands, timeout: .seconds(60))
      if let failure = replies.failure { throw failure }
      for reply in replies.values { try SyntheticRedisCluster.check(reply) }
    }
  }

  private func connected<R: Sendable>(
    _ master: Int, _ body: (RedisConnection) async throws -> R
  ) async throws -> R {
    try await RedisConnection.with(masters[master], credentials, body)
  }
}
