import DrillEngines
import DrillModel

/// A client for each master of a cluster that goes on counting up a key of its own there, and one that watches it.
///
/// The watcher only reads, which a pause of writes allows.
struct PausedWriters {
  struct Failure: Error { var detail: String }

  private struct Master: Sendable {
    var key: String
    var watcher: RedisConnection
    var callsBefore: Int
  }

  private let masters: [Master]

  static func with(_ endpoints: [Endpoint], _ body: (PausedWriters) async throws -> Void) async throws {
    var masters: [Master] = []
    for endpoint in endpoints {
      let watcher = try await RedisConnection.connect(endpoint)
      masters.append(
        Master(key: try await ownKey(watcher), watcher: watcher, callsBefore: try await countCalls(watcher)))
    }
    let writers = PausedWriters(masters: masters)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for master in masters {
        group.addTask {
          try await RedisConnection.with(master.watcher.endpoint) { connection in
            while !Task.isCancelled {
              do {
                try await connection.ask("INCR", master.key, timeout: .seconds(60))
              } catch let error as DrillError where error.code == .interrupted || Task.isCancelled {
                return
              }
            }
          }
        }
      }
      defer { group.cancelAll() }
      // Nothing is said about a pause before the writers are at work.
      while try await writers.written().contains(0) {}
      try await body(writers)
    }
    for master in masters { await master.watcher.close() }
  }

  /// A key whose slot this master owns: the others answer MOVED.
  private static func ownKey(_ connection: RedisConnection) async throws -> String {
    for number in 0..<1000 {
      let key = "{writer\(number)}"
      if try await connection.send(["GET", key].map { Array($0.utf8) }).errorCode == nil { return key }
    }
    throw Failure(detail: "no key of this master's was found")
  }

  /// How often the server was asked for the count of a slot; a capture does so while it holds the pause, and nobody
  /// else does.
  private static func countCalls(_ connection: RedisConnection) async throws -> Int {
    let text = try await connection.ask("INFO", "commandstats").text ?? ""
    let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_cluster|countkeysinslot:calls=") }
    return line.flatMap { Int($0.drop { $0 != "=" }.dropFirst().prefix { $0.isNumber }) } ?? 0
  }

  /// Waits until a capture counts slots: then it holds the pause.
  func waitUntilCounted() async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while true {
      for master in masters where try await PausedWriters.countCalls(master.watcher) > master.callsBefore { return }
      guard .now < deadline else { throw Failure(detail: "nobody counted any slot") }
    }
  }

  /// What each writer's key has come to.
  func written() async throws -> [Int] {
    var counts: [Int] = []
    for master in masters {
      counts.append(try await master.watcher.ask("GET", master.key).text.flatMap(Int.init) ?? 0)
    }
    return counts
  }

  /// Whether all writers stand still, each watched over many turns of its server.
  func areHeld() async throws -> Bool {
    let before = try await written()
    for master in masters { for _ in 0..<100 { try await master.watcher.ask("PING") } }
    return try await written() == before
  }

  /// Returns when every server has held a read for `duration`, by its own timers, and one more turn of its cron, which is
  /// what ends a pause. Source: redis 7.0 redis.conf, `hz 10`.
  func readBlocking(for duration: Duration) async throws {
    let milliseconds = String(Int((duration + .milliseconds(100)).milliseconds))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for master in masters {
        group.addTask {
          try await RedisConnection.with(master.watcher.endpoint) { connection in
            _ = try await connection.ask(
              "XREAD", "BLOCK", milliseconds, "STREAMS", "\(master.key):none", "$", timeout: duration * 10)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
