internal import DrillModel

/// One client of a store: a connection to each shard.
///
/// `TTL` and `PTTL` are asked as `EXPIRETIME` and `PEXPIRETIME`: two servers asked at different moments would differ in
/// the time left, never in the time itself. Commands that are not known to read only are not sent: their reply is
/// indeterminate.
actor RedisSession: StoreSession {
  private let shards: [RedisStore.Shard]
  private let topology: Topology
  private let kind: RedisStore.Kind
  private let pacers: [String: ReadPacer]
  private var connections: [RedisConnection?]
  /// Whether a connection may stand in another database than the first: from then on each pipeline on it chooses its
  /// own, whatever the others did or were refused.
  private var hasSelected: [Bool]

  init(shards: [RedisStore.Shard], topology: Topology, kind: RedisStore.Kind, pacers: [String: ReadPacer]) {
    self.shards = shards
    self.topology = topology
    self.kind = kind
    self.pacers = pacers
    connections = shards.map { _ in nil }
    hasSelected = shards.map { _ in false }
  }

  func open() async throws {
    for index in shards.indices {
      connections[index] = try await RedisStore.connect(shards[index])
      hasSelected[index] = false
    }
  }

  func close() async {
    for connection in connections { await connection?.close() }
    connections = shards.map { _ in nil }
  }

  private struct Question: Sendable {
    var index: Int
    var words: [[UInt8]]
    var form: RedisAnswer.Form
    var database: Int
    /// Whether it is asked of a node that does not own the slot yet.
    var isSentOn = false
  }

  /// Nil for a namespace that no database has.
  static func database(_ namespace: String?) -> Int? {
    guard let namespace else { return 0 }
    guard namespace.hasPrefix("db"), let number = Int(namespace.dropFirst(2)), number >= 0 else { return nil }
    return number
  }

  func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply] {
    var replies = operations.map { _ in TimedReply(.indeterminate("not asked"), elapsed: .zero) }
    var asked: [Question] = []
    for (index, operation) in operations.enumerated() {
      guard let database = RedisSession.database(operation.namespace) else {
        replies[index].reply = .indeterminate("no such database")
        continue
      }
      if case .command(let words) = operation.statement, let (sent, form) = RedisAnswer.command(words) {
        asked.append(Question(index: index, words: sent, form: form, database: database))
      } else {
        replies[index].reply = .indeterminate("not a command that only reads")
      }
    }
    var questions = shards.map { _ in [Question]() }
    for (question, place) in zip(asked, await places(asked, operations, timeout)) {
      switch place {
      case .shard(let shard): questions[shard].append(question)
      case .nowhere(let reason): replies[question.index].reply = .indeterminate(reason)
      }
    }
    for (index, reply) in await ask(questions, timeout) { replies[index] = reply }
    let sentOn = sentOn(asked, operations, replies)
    if sentOn.contains(where: { !$0.isEmpty }) {
      for (index, reply) in await ask(sentOn, timeout) { replies[index] = reply }
    }
    return replies
  }

  /// The questions that a slot's owner sent on to the node that the slot moves to, by that node's place: to be asked there
  /// once more, with `ASKING`. Source: Redis Cluster specification, "ASK redirection".
  private func sentOn(_ asked: [Question], _ operations: [Operation], _ replies: [TimedReply]) -> [[Question]] {
    var questions = shards.map { _ in [Question]() }
    guard kind == .live else { return questions }
    for var question in asked where replies[question.index].reply == .indeterminate("ASK") {
      let slot = operations[question.index].slot
      guard let move = topology.moves.first(where: { $0.slot == slot }),
        let target = shards.firstIndex(where: { $0.name == move.target })
      else { continue }
      question.isSentOn = true
      questions[target].append(question)
    }
    return questions
  }

  private enum Place: Sendable {
    case shard(Int)
    /// Nobody can be asked, and why.
    case nowhere(String)
  }

  /// Which shard answers each question.
  ///
  /// Where the topology alone does not say, the shards that may hold the keys are asked whether they do: in a sandbox a
  /// slot that was on the move at the cut lies in two, and its source answers for what it still held, as it does live;
  /// without a slot map any server may hold any key.
  private func places(_ questions: [Question], _ operations: [Operation], _ timeout: Duration) async -> [Place] {
    var places: [Place] = []
    var holders = shards.map { _ in [Question]() }
    var open: [Int: [Int]] = [:]
    for (index, question) in questions.enumerated() {
      let candidates = candidates(operations[question.index].slot)
      switch candidates {
      case .failure(let reason): places.append(.nowhere(reason.text))
      case .success where topology.shards.count > 1 && RedisAnswer.isSearch(question.words):
        places.append(.nowhere("a search may ask several shards"))
      case .success(let found) where found.count == 1: places.append(.shard(found[0]))
      case .success(let found):
        guard let keys = RedisAnswer.keys(question.words), !keys.isEmpty else {
          places.append(.nowhere("its keys may lie on several shards"))
          continue
        }
        places.append(.nowhere("its keys could not be found"))
        open[index] = found
        for shard in found {
          holders[shard].append(
            Question(index: index, words: [.word("EXISTS")] + keys, form: .plain, database: question.database))
        }
      }
    }
    guard !open.isEmpty else { return places }
    var held: [Int: [Int: Int64]] = [:]
    await withTaskGroup(of: (Int, [(Int, TimedReply)]).self) { group in
      for shard in shards.indices where !holders[shard].isEmpty {
        let questions = holders[shard]
        group.addTask { (shard, await self.ask(shard, questions, timeout)) }
      }
      for await (shard, answers) in group {
        for case (let index, let reply) in answers {
          if case .answered(.integer(let count)) = reply.reply { held[index, default: [:]][shard] = count }
        }
      }
    }
    for (index, candidates) in open {
      guard let counts = held[index], counts.count == candidates.count else { continue }
      places[index] = RedisSession.place(
        candidates.map { counts[$0] ?? 0 }, of: candidates,
        keys: Int64(RedisAnswer.keys(questions[index].words)?.count ?? 0),
        firstWins: topology.mapsSlots)
    }
    return places
  }

  /// - Parameter firstWins: the first candidate, the slot's owner, answers for keys that the second holds as well.
  private static func place(_ counts: [Int64], of candidates: [Int], keys: Int64, firstWins: Bool) -> Place {
    let holding = candidates.indices.filter { counts[$0] > 0 }
    if holding.isEmpty { return .shard(candidates[candidates.count - 1]) }
    guard holding.count == 1 || firstWins else { return .nowhere("its keys lie on several shards") }
    // A command over keys of which some have moved is refused live as well.
    return counts[holding[0]] == keys ? .shard(candidates[holding[0]]) : .nowhere(Reply.keysApart)
  }

  private struct Reason: Error {
    var text: String
  }

  /// The shards that may answer for a slot, its owner first.
  private func candidates(_ slot: Slot) -> Result<[Int], Reason> {
    let owners = shards.indices.filter { shards[$0].slots.contains(slot) }
    guard let owner = owners.first else { return .failure(Reason(text: "the shard of its slot is not here")) }
    guard topology.mapsSlots else {
      return shards.count == topology.shards.count
        ? .success(owners) : .failure(Reason(text: "not all shards are here"))
    }
    guard kind == .sandbox, let move = topology.moves.first(where: { $0.slot == slot }) else {
      return .success([owner])
    }
    guard let target = shards.firstIndex(where: { $0.name == move.target }) else {
      return .failure(Reason(text: "the shard that its slot moves to is not here"))
    }
    return .success([owner, target])
  }

  private func ask(_ questions: [[Question]], _ timeout: Duration) async -> [(Int, TimedReply)] {
    await withTaskGroup(of: [(Int, TimedReply)].self) { group in
      for shard in shards.indices where !questions[shard].isEmpty {
        let questions = questions[shard]
        group.addTask { await self.ask(shard, questions, timeout) }
      }
      var answers: [(Int, TimedReply)] = []
      for await some in group { answers += some }
      return answers
    }
  }

  private func ask(_ shard: Int, _ questions: [Question], _ timeout: Duration) async -> [(Int, TimedReply)] {
    func all(_ reason: String) -> [(Int, TimedReply)] {
      questions.map { ($0.index, TimedReply(.indeterminate(reason), elapsed: .zero)) }
    }
    let connection: RedisConnection
    do {
      try await pacers[shards[shard].name]?.wait(for: questions.count)
      if let open = connections[shard] {
        connection = open
      } else {
        connection = try await RedisStore.connect(shards[shard])
        connections[shard] = connection
        hasSelected[shard] = false
      }
    } catch let error as DrillError {
      return all(error.code.rawValue)
    } catch {
      return all(DrillError.Code.interrupted.rawValue)
    }
    let (commands, owners) = commands(for: questions, on: shard)
    let replies = await connection.pipeline(commands, timeout: timeout)
    var answers: [(Int, TimedReply)] = []
    var refusal: String?
    for (place, value) in replies.values.enumerated() {
      guard let owner = owners[place] else {
        // After a refused SELECT, what follows would be answered from another database.
        refusal = value.errorCode.map { "\(String(decoding: commands[place][0], as: UTF8.self)): \($0)" }
        continue
      }
      let question = questions[owner]
      let reply = refusal.map { Reply.indeterminate($0) } ?? RedisAnswer.reply(value, question.form)
      answers.append((question.index, TimedReply(reply, elapsed: replies.elapsed[place])))
    }
    if let failure = replies.failure {
      connections[shard] = nil
      let elapsed = failure.code == .timedOut ? timeout : .zero
      for question in questions.dropFirst(answers.count) {
        answers.append((question.index, TimedReply(.indeterminate(failure.code.rawValue), elapsed: elapsed)))
      }
    }
    if let last = replies.elapsed.last { await pacers[shards[shard].name]?.observe(questions.count, took: last) }
    return answers
  }

  /// The questions' commands with a `SELECT` wherever the database changes and an `ASKING` where one is needed, and for each
  /// command the question that it belongs to; nil for those two.
  private func commands(for questions: [Question], on shard: Int) -> (commands: [[[UInt8]]], owners: [Int?]) {
    var commands: [[[UInt8]]] = []
    var owners: [Int?] = []
    commands.reserveCapacity(questions.count)
    var selected = hasSelected[shard] ? nil : 0
    for (place, question) in questions.enumerated() {
      if selected != question.database {
        selected = question.database
        hasSelected[shard] = true
        commands.append([.word("SELECT"), .word(question.database)])
        owners.append(nil)
      }
      if question.isSentOn {
        commands.append([.word("ASKING")])
        owners.append(nil)
      }
      commands.append(question.words)
      owners.append(place)
    }
    return (commands, owners)
  }
}
