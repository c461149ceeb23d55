internal import DrillEngines
internal import DrillModel

/// Sends commands to the master that owns their key's slot, and follows where a slot has moved.
actor RedisRouter {
  private let credentials: RedisCredentials
  private let seed: Endpoint
  private let isCluster: Bool
  private var owners: [Endpoint?] = Array(repeating: nil, count: Slot.count)
  private var connections: [Endpoint: RedisConnection] = [:]

  /// Longer than any pause of writes that a drill makes.
  private static let timeout = Duration.seconds(60)

  init(seed: Endpoint, credentials: RedisCredentials, isCluster: Bool) {
    self.seed = seed
    self.credentials = credentials
    self.isCluster = isCluster
  }

  func close() async {
    for connection in connections.values { await connection.close() }
    connections = [:]
  }

  /// Sends `commands`, each routed by its key; commands of one key keep their order. Returns the replies in the
  /// commands' order, errors among them.
  ///
  /// - Throws: `DrillError`: `unreachable`, `timed-out`.
  func send(_ commands: [[[UInt8]]]) async throws -> [RESPValue] {
    var groups: [Endpoint: [Int]] = [:]
    for (index, command) in commands.enumerated() {
      groups[try await owner(ofKey: RedisContents.key(of: command)), default: []].append(index)
    }
    var replies = Array(repeating: RESPValue.null, count: commands.count)
    for (endpoint, indices) in groups {
      let answers = try await connection(to: endpoint).pipeline(
        indices.map { commands[$0] }, timeout: RedisRouter.timeout)
      if let failure = answers.failure {
        connections[endpoint] = nil
        throw failure
      }
      for (index, value) in zip(indices, answers.values) { replies[index] = try await follow(value, commands[index]) }
    }
    return replies
  }

  /// Does again what a node sent elsewhere. Source: Redis Cluster specification, "MOVED Redirection", "ASK
  /// redirection".
  private func follow(_ reply: RESPValue, _ command: [[UInt8]]) async throws -> RESPValue {
    var reply = reply
    for _ in 0..<10 {
      guard case .error(let line) = reply, ["MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"].contains(reply.errorCode ?? "")
      else { return reply }
      let words = line.split(separator: " ")
      var endpoint = try await owner(ofKey: RedisContents.key(of: command))
      var commands = [command]
      if words.count == 3, let colon = words[2].lastIndex(of: ":"),
        let port = Int(words[2][words[2].index(after: colon)...])
      {
        endpoint = .tcp(host: String(words[2][..<colon]), port: port)
        if words[0] == "ASK" {
          commands.insert([Array("ASKING".utf8)], at: 0)
        } else {
          owners[Int(words[1]) ?? 0] = endpoint
        }
      } else {
        try await Task.sleep(for: .milliseconds(20))
      }
      let answers = try await connection(to: endpoint).pipeline(commands, timeout: RedisRouter.timeout)
      if let failure = answers.failure { throw failure }
      reply = answers.values.last ?? .null
    }
    return reply
  }

  private func owner(ofKey key: [UInt8]) async throws -> Endpoint {
    guard isCluster else { return seed }
    let slot = Int(RedisEngine().slot(ofKey: key).rawValue)
    if let owner = owners[slot] { return owner }
    // Source: Redis documentation, "CLUSTER SLOTS": first slot, last slot, master's host and port.
    for range in try await connection(to: seed).ask("CLUSTER", "SLOTS").array ?? [] {
      guard let parts = range.array, parts.count > 2, let first = parts[0].integer, let last = parts[1].integer,
        let master = parts[2].array, master.count > 1, let host = master[0].text, let port = master[1].integer
      else { continue }
      for slot in Int(first)...Int(last) { owners[slot] = .tcp(host: host, port: Int(port)) }
    }
    guard let owner = owners[slot] else {
      throw DrillError(.unreachable, subject: "slot \(slot)", detail: "no node owns it")
    }
    return owner
  }

  private func connection(to endpoint: Endpoint) async throws -> RedisConnection {
    if let open = connections[endpoint] { return open }
    let connection = try await RedisConnection.connect(endpoint, credentials)
    connections[endpoint] = connection
    return connection
  }
}
