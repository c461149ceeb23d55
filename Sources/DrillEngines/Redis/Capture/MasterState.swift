internal import DrillModel

/// What a master says of itself at one moment; held against another moment's, it shows whether anything moved in
/// between.
struct MasterState: Hashable, Sendable {
  var runID: String
  var role: String
  var replicationID: String
  var offset: UInt64
  /// Whether the server has a replication backlog. Without one, and without replicas, its offset stands still under
  /// writes and proves nothing.
  var countsWrites: Bool
  var currentEpoch: UInt64?
  var configEpoch: UInt64?
  /// Slots owned and slots open, as the node itself sees them; nil without Redis Cluster.
  var own: ClusterNodesReply.Line?
  var clock: ServerClock

  /// Asks for all of it in one round trip.
  ///
  /// - Throws: `DrillError`: `timed-out`, `unreachable`, `permission-denied`, `protocol-violation`.
  static func read(
    _ connection: RedisConnection, isCluster: Bool, timeout: Duration = .seconds(5)
  ) async throws -> MasterState {
    let subject = connection.endpoint.description
    let questions = [["INFO"], ["TIME"]] + (isCluster ? [["CLUSTER", "INFO"], ["CLUSTER", "NODES"]] : [])
    let start = ContinuousClock.now
    let replies = await connection.pipeline(questions.map { $0.map { Array($0.utf8) } }, timeout: timeout)
    if let failure = replies.failure { throw failure }
    let middle = start + (ContinuousClock.now - start) / 2
    for (question, reply) in zip(questions, replies.values) {
      if let error = RedisConnection.error(reply, subject: subject, command: question) { throw error }
    }
    let info = RedisInfo(replies.values[0].text ?? "")
    guard let runID = info["run_id"], let role = info["role"], let replicationID = info["master_replid"],
      let offset = info.number("master_repl_offset"), let time = ServerClock.microseconds(replies.values[1])
    else {
      throw DrillError(.protocolViolation, subject: subject, detail: "INFO without run id, role or replication offset")
    }
    var state = MasterState(
      runID: runID, role: role, replicationID: replicationID, offset: offset,
      countsWrites: info.flag("repl_backlog_active"),
      clock: ServerClock(microseconds: time, at: middle))
    if isCluster {
      let cluster = RedisInfo(replies.values[2].text ?? "")
      let nodes = try ClusterNodesReply(replies.values[3].text ?? "", host: connection.host, subject: subject)
      guard let own = nodes.myself, let epoch = cluster.number("cluster_current_epoch") else {
        throw DrillError(.protocolViolation, subject: subject, detail: "a node that does not know itself")
      }
      state.currentEpoch = epoch
      state.configEpoch = own.configEpoch
      state.own = own
    }
    return state
  }
  /// Slots that are open on any of the masters.
  static func moves(_ states: [String: MasterState]) -> [Topology.Move] {
    Set(states.values.flatMap { $0.own?.moves ?? [] }).sorted()
  }
}
