import DrillModel
import Testing

@testable import DrillEngines

@Suite("A connection to a Redis server")
struct RedisConnectionTests {
  static func bytes(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

  /// The code of the `DrillError` that `body` throws; nil where it throws none.
  static func code(_ body: () async throws -> Void) async -> DrillError.Code? {
    do {
      try await body()
      return nil
    } catch let error as DrillError {
      return error.code
    } catch {
      return nil
    }
  }

  @Test("thousands of commands in one write come back in order, over TCP and a unix socket")
  func pipeline() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      for endpoint in [server.masters[0].endpoint, server.masters[0].socket] {
        try await RedisConnection.with(endpoint) { connection in
          let commands = (0..<5000).map { Self.bytes("ECHO", String(repeating: "v", count: $0 % 700) + "\($0)") }
          let replies = await connection.pipeline(commands, timeout: .seconds(20))
          #expect(replies.failure == nil)
          #expect(replies.values == commands.map { .bulk($0[1]) })
          #expect(replies.elapsed.count == commands.count)
          #expect(zip(replies.elapsed, replies.elapsed.dropFirst()).allSatisfy { $0 <= $1 })
        }
      }
    }
  }

  @Test("an error reply is a value to send, and thrown by ask")
  func errors() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      try await RedisConnection.with(server.masters[0].socket) { connection in
        let reply = try await connection.send(Self.bytes("NOSUCH"))
        #expect(reply.errorCode == "ERR")
        #expect(await Self.code { try await connection.ask("NOSUCH") } == .serverFailed)
        let next = try await connection.ask("PING")
        #expect(next == .simple("PONG"))
      }
    }
  }

  @Test("what does not come in time is missing at the end, with the reason, and the connection is of no more use")
  func timeout() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      try await RedisConnection.with(server.masters[0].socket) { connection in
        let replies = await connection.pipeline(
          [Self.bytes("PING"), Self.bytes("BLPOP", "nothing", "0"), Self.bytes("PING")], timeout: .milliseconds(200))
        #expect(replies.values == [.simple("PONG")])
        #expect(replies.failure?.code == .timedOut)
        #expect(await Self.code { try await connection.ask("PING") } == .timedOut)
      }
    }
  }

  @Test("a cancelled task does not wait for its reply")
  func cancellation() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      let endpoint = server.masters[0].socket
      let task = Task {
        await Self.code {
          try await RedisConnection.with(endpoint) {
            _ = try await $0.send(Self.bytes("BLPOP", "nothing", "0"), timeout: .seconds(60))
          }
        }
      }
      task.cancel()
      #expect(await task.value == .interrupted)
    }
  }

  @Test("passwords and users are told apart from servers that are not there")
  func login() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      let endpoint = server.masters[0].socket
      try await RedisConnection.with(endpoint) { admin in
        try await admin.ask("ACL", "SETUSER", "narrow", "on", ">pw", "+get", "~*")
        try await admin.ask("CONFIG", "SET", "requirepass", "right")
      }
      func connect(_ credentials: RedisCredentials, _ words: String...) async -> DrillError.Code? {
        await Self.code {
          try await RedisConnection.with(endpoint, credentials) { connection in
            if let error = RedisConnection.error(try await connection.send(words.map { Array($0.utf8) }), subject: "") {
              throw error
            }
          }
        }
      }
      #expect(await connect(RedisCredentials(password: Secret("right")), "PING") == nil)
      #expect(await connect(RedisCredentials(password: Secret("wrong")), "PING") == .authenticationFailed)
      #expect(await connect(.none, "PING") == .authenticationFailed)
      #expect(await connect(RedisCredentials(username: "narrow", password: Secret("pw")), "GET", "k") == nil)
      #expect(
        await connect(RedisCredentials(username: "narrow", password: Secret("pw")), "SET", "k", "v")
          == .permissionDenied)
      #expect(
        await connect(RedisCredentials(username: "nobody", password: Secret("pw")), "PING") == .authenticationFailed)
      #expect(
        await Self.code { try await RedisConnection.with(.unix(path: "/nonexistent/socket")) { _ in } } == .unreachable)
      #expect(
        await Self.code { try await RedisConnection.with(.tcp(host: "127.0.0.1", port: 1)) { _ in } } == .unreachable)
    }
  }

  @Test("RESP3 is spoken where the server offers it, and RESP2 where it does not")
  func dialects() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false) { server in
      let version = try await RedisConnection.with(server.masters[0].endpoint) { connection in
        let version = RedisInfo(try await connection.ask("INFO", "server").text ?? "")["redis_version"] ?? "0"
        #expect(connection.dialect == (Int(version.prefix { $0 != "." }) ?? 0 >= 6 ? .resp3 : .resp2))
        return version
      }
      #expect(version != "0")
    }
    let old = try ScriptedServer([
      Array("+PONG\r\n-NOPROTO unsupported protocol version\r\n".utf8), Array("+OK\r\n".utf8),
    ])
    try await RedisConnection.with(.unix(path: old.path)) { connection in
      #expect(connection.dialect == .resp2)
      let reply = try await connection.ask("ANYTHING")
      #expect(reply == .simple("OK"))
    }
  }

  @Test("a password shows nowhere in an error")
  func secrets() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false, options: ["requirepass", "right"]) {
      server in
      do {
        try await RedisConnection.with(server.masters[0].socket, RedisCredentials(password: Secret("hunter2"))) { _ in }
        Issue.record("a wrong password was taken")
      } catch let error as DrillError {
        #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
      }
    }
  }

  @Test("something that is no Redis server is a violation of the protocol; one that refuses us unasked is heard")
  func strangers() async throws {
    let stranger = try ScriptedServer([Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)])
    #expect(
      await Self.code { try await RedisConnection.with(.unix(path: stranger.path)) { _ in } } == .protocolViolation)
    let refuser = try ScriptedServer(greeting: Array("-DENIED Redis is running in protected mode\r\n".utf8), [[]])
    #expect(await Self.code { try await RedisConnection.with(.unix(path: refuser.path)) { _ in } } == .permissionDenied)
    let talker = try ScriptedServer([Array("+PONG\r\n-ERR unknown command 'HELLO'\r\n+AND MORE\r\n".utf8)])
    #expect(
      await Self.code { try await RedisConnection.with(.unix(path: talker.path)) { _ = try await $0.ask("PING") } }
        == .protocolViolation)
  }
}
