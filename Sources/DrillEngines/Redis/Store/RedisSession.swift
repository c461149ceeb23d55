internal import DrillModel

/// One client of a store: a connection to each shard.
///
/// `TTL` and `PTTL` are asked as `EXPIRETIME` and `PEXPIRETIME`: two servers asked at different moments would differ in the time left, never in the time itself.
/// Commands that are not known to read only are not sent: their reply is indeterminate.
actor RedisSession: StoreSession {
  private let shards: [RedisStore.Shard]
  private let topology: Topology
  private let kind: RedisStore.Kind
  private let pacers: [String: ReadPacer]
  private var connections: [RedisConnection?]

  init(shards: [RedisStore.Shard], topology: Topology, kind: RedisStore.Kind, pacers: [String: ReadPacer]) {
    self.shards = shards
    self.topology = topology
    self.kind = kind
    self.pacers = pacers
    connections = shards.map { _ in nil }
  }

  func open() async throws {
    for index in shards.indices { connections[index] = try await RedisStore.connect(shards[index]) }
  }

  func close() async {
    for connection in connections { await connection?.close() }
    connections = shards.map { _ in nil }
  }

  private struct Question: Sendable {
    var index: Int
    var words: [[UInt8]]
    var form: RedisAnswer.Form
  }

  func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply] {
    var replies = operations.map { _ in TimedReply(.indeterminate("not asked"), elapsed: .zero) }
    var questions = shards.map { _ in [Question]() }
    for (index, operation) in operations.enumerated() {
      guard case .command(let words) = operation.statement, let (sent, form) = RedisAnswer.command(words) else {
        replies[index].reply = .indeterminate("not a command that only reads")
        continue
      }
      let question = Question(index: index, words: sent, form: form)
      switch await place(operation, question, timeout) {
      case .success(let shard): questions[shard].append(question)
      case .failure(let reason): replies[index].reply = .indeterminate(reason.text)
      }
    }
    await withTaskGroup(of: [(Int, TimedReply)].self) { group in
      for shard in shards.indices where !questions[shard].isEmpty {
        let questions = questions[shard]
        group.addTask { await self.ask(shard, questions, timeout) }
      }
      for await answers in group { for (index, reply) in answers { replies[index] = reply } }
    }
    return replies
  }

  private struct Reason: Error {
    var text: String
  }

  /// Which shard answers. In a sandbox a slot that was on the move at the cut lies in two: the source answers for what it still held, the target for the rest.
  private func place(_ operation: Operation, _ question: Question, _ timeout: Duration) async -> Result<Int, Reason> {
    guard let owner = shards.firstIndex(where: { $0.slots.contains(operation.slot) }) else {
      return .failure(Reason(text: "the shard of its slot is not here"))
    }
    guard kind == .sandbox, let move = topology.moves.first(where: { $0.slot == operation.slot }) else { return .success(owner) }
    guard let target = shards.firstIndex(where: { $0.name == move.target }) else { return .failure(Reason(text: "the shard that its slot moves to is not here")) }
    guard let keys = RedisAnswer.keys(question.words), !keys.isEmpty else { return .failure(Reason(text: "its slot was moving")) }
    let exists = Question(index: 0, words: [.word("EXISTS")] + keys, form: .plain)
    guard case .answered(.integer(let held))? = await ask(owner, [exists], timeout).first?.1.reply else { return .failure(Reason(text: "its slot was moving")) }
    if held == keys.count { return .success(owner) }
    return held == 0 ? .success(target) : .failure(Reason(text: "TRYAGAIN"))
  }

  private func ask(_ shard: Int, _ questions: [Question], _ timeout: Duration) async -> [(Int, TimedReply)] {
    func all(_ reason: String) -> [(Int, TimedReply)] { questions.map { ($0.index, TimedReply(.indeterminate(reason), elapsed: .zero)) } }
    let connection: RedisConnection
    do {
      try await pacers[shards[shard].name]?.wait(for: questions.count)
      if let open = connections[shard] {
        connection = open
      } else {
        connection = try await RedisStore.connect(shards[shard])
        connections[shard] = connection
      }
    } catch let error as DrillError {
      return all(error.code.rawValue)
    } catch {
      return all(DrillError.Code.interrupted.rawValue)
    }
    let replies = await connection.pipeline(questions.map(\.words), timeout: timeout)
    var answers: [(Int, TimedReply)] = []
    for (place, value) in replies.values.enumerated() {
      let question = questions[place]
      answers.append((question.index, TimedReply(RedisAnswer.reply(value, question.form), elapsed: replies.elapsed[place])))
    }
    if let failure = replies.failure {
      connections[shard] = nil
      let elapsed = failure.code == .timedOut ? timeout : .zero
      for question in questions.dropFirst(replies.values.count) {
        answers.append((question.index, TimedReply(.indeterminate(failure.code.rawValue), elapsed: elapsed)))
      }
    }
    if let last = replies.elapsed.last { await pacers[shards[shard].name]?.observe(questions.count, took: last) }
    return answers
  }
}
