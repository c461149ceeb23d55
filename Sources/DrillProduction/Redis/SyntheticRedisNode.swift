internal import DrillEngines
internal import DrillModel
internal import Foundation
internal import Glibc

/// One real `redis-server` of a synthetic production, on loopback, in a folder of its own.
struct SyntheticRedisNode: Sendable {
  var port: Int
  var process: ChildProcess
  var credentials: RedisCredentials

  var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }

  /// Starts a server on a free port and waits until it answers.
  ///
  /// - Throws: `DrillError`: `server-missing`, `server-failed`.
  static func start(
    folder: String, password: Secret?, isCluster: Bool, options: [(String, String)], tools: SandboxTools
  ) async throws -> SyntheticRedisNode {
    guard let server = SandboxTools.executable("redis-server") else {
      throw DrillError(
        .serverMissing, subject: "redis-server", detail: "no such program; install it (apt-get install redis-server)")
    }
    // Between finding a port free and the server's taking it, another may take it.
    for _ in 0..<20 {
      guard let port = freePort(withBus: isCluster) else { continue }
      let own = "\(folder)/n\(port)"
      guard mkdir(own, 0o700) == 0 else { continue }
      var lines = [
        ("bind", "127.0.0.1"), ("port", "\(port)"), ("dir", "\"\(own)\""), ("save", "\"\""), ("appendonly", "no"),
        ("daemonize", "no"),
        ("logfile", "\"\""), ("repl-diskless-sync", "yes"),
      ]
      if let password { lines += [("requirepass", password.reveal()), ("masterauth", password.reveal())] }
      if isCluster {
        lines += [("cluster-enabled", "yes"), ("cluster-config-file", "nodes.conf"), ("cluster-node-timeout", "5000")]
      }
      let input = (lines + options).map { "\($0) \($1)\n" }.joined()
      // It ends with the thread that started it, and so with us.
      let launch =
        tools.setpriv.map {
          ChildProcess.Launch(
            executable: $0, arguments: ["--pdeathsig", "KILL", server, "-"], input: Array(input.utf8))
        }
        ?? ChildProcess.Launch(executable: server, arguments: ["-"], input: Array(input.utf8))
      let node = SyntheticRedisNode(
        port: port, process: try await ChildProcess.start(launch), credentials: RedisCredentials(password: password))
      do {
        if try await node.answers() { return node }
      } catch {
        await node.process.end()
        throw error
      }
      await node.process.end()
    }
    throw DrillError(.serverFailed, subject: "redis-server", detail: "no server could be started on loopback")
  }

  /// False where the server ended: as a rule because its port was taken.
  private func answers() async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while process.ending == nil {
      if (try? await RedisConnection.with(endpoint, credentials, { try await $0.ask("PING") })) != nil {
        return process.ending == nil
      }
      guard .now < deadline else {
        throw DrillError(.timedOut, subject: endpoint.description, detail: "the server does not answer")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// A port below the system's own choices whose bus port, 10000 above it, is free as well. Source: Redis
  /// documentation, "Scale with Redis Cluster".
  private static func freePort(withBus: Bool) -> Int? {
    let port = Int.random(in: 12_000..<22_000)
    return isFree(port) && (!withBus || isFree(port + 10_000)) ? port : nil
  }

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
