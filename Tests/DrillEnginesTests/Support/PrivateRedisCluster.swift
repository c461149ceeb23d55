import DrillEngines
import DrillModel
import Foundation
import Glibc

/// Real `redis-server`s of a test's own on free loopback ports: a Cluster with replicas, or one server with replicas.
///
/// Lives inside ``with(masters:replicas:isCluster:delay:options:_:)``: afterwards its processes are gone and its folder
/// removed, however the body ended. Should the
/// test process itself be killed, the servers end after ten minutes.
final class PrivateRedisCluster: Sendable {
  struct Failure: Error { var detail: String }

  struct Node: Sendable {
    var port: Int
    var processID: pid_t
    var folder: String
    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }
    var socket: Endpoint { .unix(path: folder + "/s") }
  }

  let folder: String
  let isCluster: Bool
  let masters: [Node]
  let replicas: [Node]

  /// - Parameters:
  ///   - replicas: how many each master has.
  ///   - delay: `repl-diskless-sync-delay` of all, in seconds; captures wait for it.
  ///   - options: for each server, `["requirepass", "x"]`; set after the servers have found each other.
  @discardableResult
  static func with<R: Sendable>(
    masters: Int = 3, replicas: Int = 1, isCluster: Bool = true, delay: Int = 1, options: [String] = [],
    _ body: (PrivateRedisCluster) async throws -> R
  ) async throws -> R {
    let cluster = try PrivateRedisCluster(masters: masters, replicas: replicas, isCluster: isCluster)
    defer { cluster.end() }
    try await cluster.join()
    for node in cluster.masters + cluster.replicas {
      try await RedisConnection.with(node.endpoint) { connection in
        try await connection.ask("CONFIG", "SET", "repl-diskless-sync-delay", String(delay))
        for pair in stride(from: 0, to: options.count, by: 2) {
          try await connection.ask("CONFIG", "SET", options[pair], options[pair + 1])
        }
      }
    }
    return try await body(cluster)
  }

  func description(username: String? = nil, password: Secret? = nil) -> ClusterDescription {
    ClusterDescription(
      name: "test", engine: "redis", endpoints: [masters[0].endpoint], isCluster: isCluster, username: username,
      password: password)
  }

  /// A fresh folder below the cluster's own.
  func newFolder(_ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    return path
  }

  private init(masters: Int, replicas: Int, isCluster: Bool) throws {
    var template = Array("/tmp/firedrill-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure(detail: "no temporary folder") }
    folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.isCluster = isCluster
    var nodes: [Node] = []
    do {
      for index in 0..<masters * (replicas + 1) {
        nodes.append(try PrivateRedisCluster.start("\(folder)/n\(index)", isCluster: isCluster))
      }
    } catch {
      for node in nodes { PrivateRedisCluster.stop(node) }
      throw error
    }
    self.masters = Array(nodes[..<masters])
    self.replicas = Array(nodes[masters...])
  }

  private func end() {
    for node in masters + replicas { PrivateRedisCluster.stop(node) }
    try? FileManager.default.removeItem(atPath: folder)
  }

  static func stop(_ node: Node) {
    kill(node.processID, SIGTERM)
    waitpid(node.processID, nil, 0)
  }

  private static func start(_ folder: String, isCluster: Bool) throws -> Node {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    for _ in 0..<20 {
      let port = try freePort()
      var arguments = [
        "timeout", "600", "redis-server", "--port", String(port), "--bind", "127.0.0.1", "--dir", folder,
      ]
      arguments += [
        "--unixsocket", folder + "/s", "--save", "", "--logfile", folder + "/log", "--repl-diskless-sync-delay", "0",
      ]
      if isCluster {
        arguments += [
          "--cluster-enabled", "yes", "--cluster-port", String(try freePort()), "--cluster-node-timeout", "5000",
        ]
      }
      var pointers = arguments.map { strdup($0) } + [nil]
      defer { for pointer in pointers { free(pointer) } }
      // Threads of a pool block signals, and children inherit that: ours must hear SIGTERM.
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      var none = sigset_t()
      sigemptyset(&none)
      posix_spawnattr_setsigmask(&attributes, &none)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
      var id: pid_t = 0
      guard posix_spawnp(&id, "timeout", nil, &attributes, &pointers, environ) == 0 else {
        throw Failure(detail: "timeout cannot be started")
      }
      // Another process may have taken the port meanwhile: then the server ends at once.
      for _ in 0..<2000 {
        guard waitpid(id, nil, WNOHANG) == 0 else { break }
        if isListening(port) { return Node(port: port, processID: id, folder: folder) }
        usleep(5000)
      }
      kill(id, SIGTERM)
      waitpid(id, nil, 0)
    }
    throw Failure(detail: "redis-server cannot be started: is it installed?")
  }

  /// A port below the range that the kernel hands out by itself.
  private static func freePort() throws -> Int {
    for _ in 0..<1000 {
      let port = Int.random(in: 12_000...32_000)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      defer { close(descriptor) }
      if with(port, { bind(descriptor, $0, $1) }) == 0 { return port }
    }
    throw Failure(detail: "no free port")
  }

  private static func isListening(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    return with(port) { connect(descriptor, $0, $1) } == 0
  }

  private static func with(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private func join() async throws {
    let perMaster = masters.isEmpty ? 0 : replicas.count / masters.count
    if isCluster {
      for (index, node) in masters.enumerated() {
        let first = Slot.count * index / masters.count
        let last = Slot.count * (index + 1) / masters.count - 1
        try await RedisConnection.with(node.endpoint) { connection in
          try await connection.ask("CLUSTER", "ADDSLOTSRANGE", String(first), String(last))
          try await connection.ask("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))
        }
      }
      for node in (masters + replicas).dropFirst() {
        let busPort = try await RedisConnection.with(node.endpoint) { connection in
          try await connection.ask("CONFIG", "GET", "cluster-port").array?.last?.text ?? "0"
        }
        try await RedisConnection.with(masters[0].endpoint) { connection in
          try await connection.ask("CLUSTER", "MEET", "127.0.0.1", String(node.port), busPort)
        }
      }
      for node in masters + replicas {
        try await wait(node, "CLUSTER", "INFO") { $0.contains("cluster_known_nodes:\(masters.count + replicas.count)") }
      }
    }
    for (index, replica) in replicas.enumerated() {
      let master = masters[index / perMaster]
      let id =
        isCluster
        ? try await RedisConnection.with(master.endpoint) { try await $0.ask("CLUSTER", "MYID").text ?? "" } : ""
      try await RedisConnection.with(replica.endpoint) { connection in
        if isCluster {
          try await connection.ask("CLUSTER", "REPLICATE", id)
        } else {
          try await connection.ask("REPLICAOF", "127.0.0.1", String(master.port))
        }
      }
    }
    for replica in replicas { try await wait(replica, "INFO", "replication") { $0.contains("master_link_status:up") } }
    for master in masters {
      try await wait(master, "INFO", "replication") { text in
        text.split(separator: "\n").filter { $0.contains("state=online") }.count == perMaster
      }
    }
    if isCluster {
      for node in masters + replicas { try await wait(node, "CLUSTER", "INFO") { $0.contains("cluster_state:ok") } }
      for node in masters + replicas {
        try await wait(node, "CLUSTER", "NODES") { text in
          text.split(separator: "\n").filter { $0.contains("slave ") }.count == replicas.count
        }
        try await RedisConnection.with(node.endpoint) { connection in
          let deadline = ContinuousClock.now + .seconds(30)
          while true {
            let reply = try await connection.ask("CLUSTER", "SHARDS")
            if PrivateRedisCluster.count("online", in: reply) == masters.count + replicas.count { return }
            guard .now < deadline else { throw Failure(detail: "the cluster does not come up") }
            try await Task.sleep(for: .milliseconds(20))
          }
        }
      }
    }
  }

  private static func count(_ text: String, in reply: RESPValue) -> Int {
    (reply.text == text ? 1 : 0) + (reply.array ?? []).reduce(0) { $0 + count(text, in: $1) }
  }

  private func wait(_ node: Node, _ words: String..., until condition: (String) -> Bool) async throws {
    try await RedisConnection.with(node.endpoint) { connection in
      let deadline = ContinuousClock.now + .seconds(30)
      while true {
        let reply = try await connection.send(words.map { Array($0.utf8) })
        if condition(reply.text ?? "") { return }
        guard .now < deadline else { throw Failure(detail: "\(words.joined(separator: " ")): waited in vain") }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }
}
