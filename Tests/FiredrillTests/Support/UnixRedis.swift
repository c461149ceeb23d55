import DrillEngines
import DrillModel
import Foundation

/// A real `redis-server` on a unix socket alone, which loads the `dump.rdb` of its folder; ended with the closure.
struct UnixRedis: Sendable {
  struct Failure: Error { var detail: String }

  let folder: String
  let connection: RedisConnection
  var url: String { "redis+unix://\(folder)/s" }

  /// - Parameters:
  ///   - folder: made where it is not there.
  ///   - options: further lines of its configuration.
  static func with<R: Sendable>(
    _ folder: String, password: String? = nil, options: [String] = [], _ body: (UnixRedis) async throws -> R
  ) async throws -> R {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard let server = SandboxTools.executable("redis-server") else {
      throw Failure(detail: "redis-server is not installed")
    }
    var lines =
      ["port 0", "unixsocket \(folder)/s", "dir \(folder)", "save \"\"", "repl-diskless-sync-delay 0"] + options
    if let password { lines.append("requirepass \(password)") }
    let input = lines.map { $0 + "\n" }.joined()
    return try await ChildProcess.with(.init(executable: server, arguments: ["-"], input: Array(input.utf8))) { child in
      let deadline = ContinuousClock.now + .seconds(60)
      let credentials = RedisCredentials(password: password.map { Secret($0) })
      while true {
        if let connection = try? await RedisConnection.connect(.unix(path: folder + "/s"), credentials),
          try await connection.send([Array("DBSIZE".utf8)]).integer != nil
        {
          let result = try await body(UnixRedis(folder: folder, connection: connection))
          await connection.close()
          return result
        }
        guard .now < deadline, child.ending == nil else {
          throw Failure(detail: "redis-server does not answer: \(child.lines)")
        }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  func send(_ commands: [[String]]) async throws {
    let replies = await connection.pipeline(commands.map { $0.map { Array($0.utf8) } }, timeout: .seconds(60))
    if let failure = replies.failure { throw failure }
    for value in replies.values where value.errorCode != nil { throw Failure(detail: "\(value)") }
  }

  /// Writes `dump.rdb` and returns its path.
  func save() async throws -> String {
    try await connection.ask("SAVE", timeout: .seconds(60))
    return folder + "/dump.rdb"
  }
}
