internal import DrillModel

/// What a user is made to try: a seeded sample of commands on keys inside and outside of its patterns.
///
/// Writes do nothing: a sandbox's server refuses them for want of replicas once it has found that they are allowed.
struct AccessAttempts: Sendable {
  private(set) var attempts: [AccessPrediction.Attempt] = []

  /// A command on a key, and the rights that it needs. Source: redis 7.0 src/commands.c, key specifications: `ACCESS`
  /// reads; `UPDATE`, `INSERT` and `DELETE` write.
  private static let onKeys: [(words: [String], reads: Bool, writes: Bool)] = [
    (["GET"], true, false), (["HGET", "f"], true, false), (["LRANGE", "0", "0"], true, false),
    (["ZRANGE", "0", "0"], true, false), (["SET", "v"], false, true), (["HSET", "f", "v"], false, true),
    (["LPUSH", "v"], false, true), (["DEL"], false, true), (["EXPIRE", "100"], false, true),
    (["INCR"], true, true), (["GETDEL"], true, true),
  ]
  /// Without keys, and harmless.
  private static let plain: [[String]] = [
    ["PING"], ["DBSIZE"], ["INFO", "server"], ["CONFIG", "GET", "timeout"], ["ACL", "WHOAMI"], ["CLIENT", "ID"],
    ["SLOWLOG", "LEN"], ["SCAN", "0"], ["EVAL", "return 1", "0"], ["LASTSAVE"],
    ["COMMAND", "COUNT"],
  ]
  private static let mostKeys = 12
  private static let mostOnKeys = 60

  /// - Parameter users: the rules that hold, and those that should: keys are made after the patterns of both.
  init(of users: [AccessUser], seed: UInt64, name: String) {
    var generator = SeededGenerator(seed: seed, purpose: "access \(name)")
    func fresh() -> String { String(generator.next() % 1_000_000, radix: 36) }
    let patterns = Set(users.flatMap { $0.selectors.flatMap { $0.keys.map(\.pattern) } }).sorted()
    var keys = patterns.prefix(AccessAttempts.mostKeys).compactMap { AccessAttempts.instance(of: $0, fresh()) }
    keys += (0..<3).map { _ in "firedrill-outside:\(fresh())" }
    var onKeys: [AccessPrediction.Attempt] = []
    for key in Set(keys).sorted() {
      for (words, reads, writes) in AccessAttempts.onKeys {
        onKeys.append(
          .init(words: [words[0], key] + words.dropFirst(), key: key, reads: reads, writes: writes))
      }
    }
    generator.shuffle(&onKeys)
    attempts = onKeys.prefix(AccessAttempts.mostOnKeys) + AccessAttempts.plain.map { .init(words: $0) }
    let channels = Set(users.flatMap { $0.selectors.flatMap(\.channels) }).sorted()
    for channel in channels.prefix(4).compactMap({ AccessAttempts.instance(of: $0, fresh()) })
      + ["firedrill-outside:\(fresh())"]
    {
      attempts.append(.init(words: ["PUBLISH", channel, "m"], channel: channel))
    }
  }

  /// A text that a pattern matches: something in the place of each `*` and `?`. Nil for patterns with sets.
  static func instance(of pattern: String, _ word: String) -> String? {
    guard !pattern.contains("["), !pattern.contains("\\") else { return nil }
    return pattern.map { $0 == "*" ? word : $0 == "?" ? "x" : String($0) }.joined()
  }
}
