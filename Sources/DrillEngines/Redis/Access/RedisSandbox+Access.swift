internal import DrillModel

extension RedisSandbox: AccessControlled {
  func tryAccess(_ plan: AccessPlan) async throws -> [AccessFacts] {
    var facts: [AccessFacts] = []
    for member in store.members {
      guard let text = plan.restored[member.name] else { continue }
      facts.append(
        try await RestoredAccess(member: member, text: text, expected: plan.expected, seed: plan.seed).tried())
    }
    return facts
  }
}

/// One restored server with its users: from being given them to having tried each.
private struct RestoredAccess: Sendable {
  var member: RedisStore.Shard
  /// The list that the backup holds.
  var text: String
  var expected: AccessList?
  var seed: UInt64

  /// A name that nobody has, for ourselves: the list may lock out the user that we are otherwise.
  private let ours = "firedrill-\(UInt64.random(in: .min ... .max))"
  private let password = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()

  init(member: RedisStore.Shard, text: String, expected: AccessList?, seed: UInt64) {
    (self.member, self.text, self.expected, self.seed) = (member, text, expected, seed)
  }

  func tried() async throws -> AccessFacts {
    try await RedisConnection.with(member.endpoint, member.credentials) { connection in
      // Channels are rights of their own since 6.2.
      let rights = ["ACL", "SETUSER", ours, "on", ">\(password)", "~*", "+@all"]
      let withChannels = try await send(connection, rights + ["&*"])
      if withChannels.errorCode != nil { _ = try await accepted(send(connection, rights)) }
    }
    return try await RedisConnection.with(
      member.endpoint, RedisCredentials(username: ours, password: Secret(password))
    ) { try await tried(as: $0) }
  }

  private func tried(as admin: RedisConnection) async throws -> AccessFacts {
    let refused = try await load(by: admin)
    guard let lines = try await accepted(send(admin, ["ACL", "LIST"])).array?.compactMap(\.text) else {
      throw DrillError(.protocolViolation, subject: member.name, detail: "ACL LIST tells no list")
    }
    var served = try AccessListReader.read(lines.joined(separator: "\n"))
    served.users[ours] = nil
    let prediction = AccessPrediction(categories: try await categories(of: admin))
    var facts = AccessFacts(
      shard: member.name, served: served, refused: refused, entries: try await strangers(served), trials: [])
    for (name, user) in served.users.sorted(by: { $0.key < $1.key }) {
      if !user.takesAnyPassword {
        _ = try await accepted(send(admin, ["ACL", "SETUSER", name, ">\(password)"]))
      }
      let credentials = RedisCredentials(username: name, password: Secret(password))
      let cameIn = try await comesIn(credentials)
      // Who is off must not come in with a right password either, and nobody with one that was made up; the default user has been tried.
      if !user.isOn || user.takesAnyPassword, name != "default" {
        facts.entries.append(.init(user: name, cameIn: cameIn))
      }
      guard cameIn, let rules = expected.map({ $0.users[name] }) ?? user else { continue }
      facts.trials += try await trials(name, has: user, should: rules, credentials, prediction)
    }
    return facts
  }

  /// Returns what the server does not take, by user. A list without `default` leaves it as a new server has it: open.
  ///
  /// Source: redis 7.0 src/acl.c `ACLLoadFromFile`, `ACLCreateDefaultUser`.
  private func load(by admin: RedisConnection) async throws -> [String: String] {
    var users = try AccessListReader.words(text)
    if !users.contains(where: { $0.name == "default" }) {
      users.append(("default", ["on", "nopass", "~*", "&*", "+@all"]))
    }
    var refused: [String: String] = [:]
    for (name, rules) in users {
      let reply = try await send(admin, ["ACL", "SETUSER", name, "reset"] + rules)
      if case .error(let line) = reply { refused[name] = String(line.prefix(200)) }
    }
    return refused
  }

  private func categories(of admin: RedisConnection) async throws -> [String: Set<String>] {
    let names = try await accepted(send(admin, ["ACL", "CAT"])).array?.compactMap(\.text) ?? []
    var categories: [String: Set<String>] = [:]
    for name in names {
      let commands = try await accepted(send(admin, ["ACL", "CAT", name])).array?.compactMap(\.text) ?? []
      categories[name.lowercased()] = Set(commands.map { $0.lowercased() })
    }
    return categories
  }

  /// Whether anybody comes in who has no password: saying nothing, and as the default user with one that is made up.
  private func strangers(_ served: AccessList) async throws -> [AccessFacts.Entry] {
    let guess = RedisCredentials(username: "default", password: Secret("no-password-\(password)"))
    return [
      .init(user: nil, cameIn: try await comesIn(.none)), .init(user: "default", cameIn: try await comesIn(guess)),
    ]
  }

  private func comesIn(_ credentials: RedisCredentials) async throws -> Bool {
    do {
      try await RedisConnection.with(member.endpoint, credentials) { _ in }
      return true
    } catch let error as DrillError where error.code == .authenticationFailed {
      return false
    }
  }

  private func trials(
    _ name: String, has user: AccessUser, should rules: AccessUser, _ credentials: RedisCredentials,
    _ prediction: AccessPrediction
  ) async throws -> [AccessFacts.Trial] {
    let attempts = AccessAttempts(of: [user, rules], seed: seed, name: name).attempts
    return try await RedisConnection.with(member.endpoint, credentials) { connection in
      let replies = await connection.pipeline(
        attempts.map { $0.words.map { Array($0.utf8) } }, timeout: .seconds(30))
      if let failure = replies.failure { throw failure }
      return zip(attempts, replies.values).compactMap { attempt, reply in
        // A command that this server does not have says nothing about rights.
        if case .error(let line) = reply, line.hasPrefix("ERR unknown") { return nil }
        return AccessFacts.Trial(
          user: name, command: attempt.words.joined(separator: " "), isExpected: prediction.allows(rules, attempt),
          wasAllowed: reply.errorCode != "NOPERM")
      }
    }
  }

  private func send(_ connection: RedisConnection, _ words: [String]) async throws -> RESPValue {
    try await connection.send(words.map { Array($0.utf8) })
  }

  private func accepted(_ reply: RESPValue) throws -> RESPValue {
    if case .error(let line) = reply {
      throw DrillError(
        .serverFailed, stage: .restore, subject: member.name,
        detail: "the restored server's users cannot be tried: \(line.prefix(120))")
    }
    return reply
  }
}
