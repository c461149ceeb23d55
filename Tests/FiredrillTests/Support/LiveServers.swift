import DrillEngines
import DrillModel
import Foundation
import Glibc

/// Real servers of a test's own on free loopback ports, each configured by the lines that the test gives; ended with the
/// closure.
struct LiveServers: Sendable {
  struct Failure: Error { var detail: String }

  struct Server: Sendable {
    var port: Int
    var folder: String
    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }
  }

  /// How one server is started.
  struct Plan: Sendable {
    /// Its configuration, from its port and its folder; `port` or `tls-port` among it.
    var lines: @Sendable (Int, String) -> [String]
    /// Who asks whether it is there.
    var credentials = RedisCredentials.none
    var isSentinel = false

    static func plain(_ lines: [String] = []) -> Plan {
      Plan(lines: { port, _ in ["port \(port)"] + lines })
    }

    /// TLS alone, of clients as well as of replicas.
    static func tls(_ certificates: TestCertificates, _ name: String, _ lines: [String] = []) -> Plan {
      Plan(
        lines: { port, _ in
          ["port 0", "tls-port \(port)", "tls-replication yes"] + certificates.options(name) + lines
        },
        credentials: certificates.credentials(serverName: nil, verification: .authority))
    }
  }

  /// Starts `plans` one after the other; each may name the ports of those before it.
  static func with<R: Sendable>(
    _ plans: [@Sendable ([Server]) -> Plan], in folder: String, _ body: ([Server]) async throws -> R
  ) async throws -> R {
    try await with(plans[...], started: [], folder, body)
  }

  static func with<R: Sendable>(
    _ plan: Plan, in folder: String, _ body: (Server) async throws -> R
  ) async throws -> R {
    try await with([{ _ in plan }], in: folder) { try await body($0[0]) }
  }

  private static func with<R: Sendable>(
    _ plans: ArraySlice<@Sendable ([Server]) -> Plan>, started: [Server], _ folder: String,
    _ body: ([Server]) async throws -> R
  ) async throws -> R {
    guard let make = plans.first else { return try await body(started) }
    guard let program = SandboxTools.executable("redis-server") else {
      throw Failure(detail: "redis-server is not installed")
    }
    let plan = make(started)
    // Another process may have taken the port meanwhile: then the server ends at once.
    for _ in 0..<10 {
      let port = try freePort()
      let home = "\(folder)/s\(started.count)-\(port)"
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      let lines = plan.lines(port, home) + ["bind 127.0.0.1", "dir \(home)"]
      let configuration = "\(home)/redis.conf"
      let common = plan.isSentinel ? [] : ["save \"\"", "repl-diskless-sync-delay 0"]
      try Data((common + lines).map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: configuration))
      let launch = ChildProcess.Launch(
        executable: program, arguments: [configuration] + (plan.isSentinel ? ["--sentinel"] : []))
      let result: R? = try await ChildProcess.with(launch) { child in
        let server = Server(port: port, folder: home)
        guard try await isUp(server, plan, child) else { return nil }
        return try await with(plans.dropFirst(), started: started + [server], folder, body)
      }
      if let result { return result }
    }
    throw Failure(detail: "redis-server ends at once, on ten ports")
  }

  /// False where it ended.
  private static func isUp(_ server: Server, _ plan: Plan, _ child: ChildProcess) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      do {
        try await RedisConnection.with(server.endpoint, plan.credentials) { _ in }
        return true
      } catch let error as DrillError where error.code != .unreachable && error.code != .timedOut {
        // It answers, if only to refuse; why is the test's business.
        return true
      } catch {
        if child.ending != nil { return false }
        guard .now < deadline else { throw Failure(detail: "redis-server does not answer: \(child.lines)") }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// A port below the range that the kernel hands out by itself, with the one 10000 above it for a cluster's bus.
  static func freePort() throws -> Int {
    for _ in 0..<1000 {
      let port = Int.random(in: 12_000...22_000)
      if isFree(port), isFree(port + 10_000) { return port }
    }
    throw Failure(detail: "no free port")
  }

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// Waits until `condition` holds.
  static func wait(_ what: String, until condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
      guard .now < deadline else { throw Failure(detail: "waited in vain until \(what)") }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Makes a Cluster of servers that were started with `cluster-enabled yes`, the slots shared evenly.
  static func formCluster(_ servers: [Server], _ credentials: RedisCredentials) async throws {
    for (index, server) in servers.enumerated() {
      try await RedisConnection.with(server.endpoint, credentials) { connection in
        let (first, last) = (Slot.count * index / servers.count, Slot.count * (index + 1) / servers.count - 1)
        try await connection.ask("CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)")
        try await connection.ask("CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        if index > 0 { try await connection.ask("CLUSTER", "MEET", "127.0.0.1", "\(servers[0].port)") }
      }
    }
    for server in servers {
      try await wait("the cluster stands") {
        try await RedisConnection.with(server.endpoint, credentials) { connection in
          let info = try await connection.ask("CLUSTER", "INFO").text ?? ""
          let shards = try await connection.ask("CLUSTER", "NODES").text ?? ""
          return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:\(servers.count)")
            && !shards.contains("handshake") && !shards.contains("fail")
        }
      }
    }
  }
}

extension TestCertificates {
  /// A client with a certificate of its own.
  func credentials(
    username: String? = nil, password: String? = nil, serverName: String? = "redis.test",
    verification: TLSSettings.Verification = .full
  ) -> RedisCredentials {
    RedisCredentials(
      username: username, password: password.map { Secret($0) },
      tls: RedisTLS(
        TLSSettings(
          authorities: authority, certificate: path("client.pem"), key: path("client.key"), serverName: serverName,
          verification: verification)))
  }
}
