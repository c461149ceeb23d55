internal import DrillModel

/// One shard's server as its reader asks it: at the allowed rate, and with every error told as what it means.
struct RedisReadSource: Sendable {
  let connection: RedisConnection
  let shard: String
  let pacer: ReadPacer?
  /// Whether slots are on their way to this server: of their keys it answers only after `ASKING`.
  var isReceiving = false

  static let timeout = Duration.seconds(60)

  /// Sends commands together and returns their replies; errors of single commands are thrown.
  ///
  /// - Throws: `DrillError`: `store-moved` where a key is no longer what it was when it was named; what the connection
  ///   and the server say otherwise.
  ///
  /// - Parameter passesMoved: whether the reply about a key that has moved on is handed on as the error that it is.
  func ask(_ commands: [[[UInt8]]], passesMoved: Bool = false) async throws -> [RESPValue] {
    guard let burst = pacer?.burst, commands.count > burst else { return try await askAtOnce(commands, passesMoved) }
    var values: [RESPValue] = []
    for start in stride(from: 0, to: commands.count, by: burst) {
      values += try await askAtOnce(Array(commands[start..<min(start + burst, commands.count)]), passesMoved)
    }
    return values
  }

  private func askAtOnce(_ commands: [[[UInt8]]], _ passesMoved: Bool) async throws -> [RESPValue] {
    try await pacer?.wait(for: commands.count)
    let started = ContinuousClock.now
    let sent = isReceiving ? commands.flatMap { [[.word("ASKING")], $0] } : commands
    let replies = await connection.pipeline(sent, timeout: RedisReadSource.timeout)
    try Task.checkCancellation()
    if var failure = replies.failure {
      failure.subject = shard
      throw failure
    }
    await pacer?.observe(commands.count, took: .now - started)
    let values =
      isReceiving ? stride(from: 1, to: replies.values.count, by: 2).map { replies.values[$0] } : replies.values
    for value in replies.values {
      guard case .error = value else { continue }
      if passesMoved, ["MOVED", "ASK"].contains(value.errorCode) { continue }
      if value.errorCode == "WRONGTYPE" { throw moved("a key changed its type while it was read") }
      if ["MOVED", "ASK", "TRYAGAIN"].contains(value.errorCode) { throw moved("slots moved while they were read") }
      throw RedisConnection.error(value, subject: shard) ?? unreadable
    }
    return values
  }

  func ask(_ words: String...) async throws -> RESPValue { try await ask([words.map { Array($0.utf8) }])[0] }

  func moved(_ detail: String) -> DrillError { DrillError(.storeMoved, subject: shard, detail: detail) }

  /// A reply that no server of this protocol gives.
  var unreadable: DrillError {
    DrillError(.protocolViolation, subject: shard, detail: "a reply that does not belong to the command")
  }
}

/// A command from words and foreign bytes.
func redisCommand(_ words: [UInt8]...) -> [[UInt8]] { words }

extension [UInt8] {
  /// The bytes of a word of a command.
  static func word(_ text: String) -> [UInt8] { Array(text.utf8) }
  static func word(_ number: some BinaryInteger) -> [UInt8] { Array(String(number).utf8) }
}
