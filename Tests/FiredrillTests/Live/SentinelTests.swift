import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("Masters that a sentinel watches", .serialized)
struct SentinelTests {
  /// Two servers, the second a replica of the first, and a sentinel that wants a password of its own.
  private static func withSentinel<R: Sendable>(
    _ body: (String, [LiveServers.Server], ClusterDescription) async throws -> R
  ) async throws -> R {
    try await TemporaryFolder.with { folder in
      let sentinel = RedisCredentials(password: Secret("watch"))
      let plans: [@Sendable ([LiveServers.Server]) -> LiveServers.Plan] = [
        { _ in .plain() }, { .plain(["replicaof 127.0.0.1 \($0[0].port)"]) },
        { servers in
          LiveServers.Plan(
            lines: { port, _ in
              [
                "port \(port)", "requirepass watch", "sentinel monitor shop 127.0.0.1 \(servers[0].port) 1",
                "sentinel down-after-milliseconds shop 20000", "sentinel failover-timeout shop 20000",
              ]
            }, credentials: sentinel, isSentinel: true)
        },
      ]
      return try await LiveServers.with(plans, in: folder) { servers in
        try await LiveServers.wait("the replica is in step") {
          try await info(servers[1])?.contains("master_link_status:up") ?? false
        }
        try await LiveServers.wait("the sentinel knows the replica") {
          try await RedisConnection.with(servers[2].endpoint, sentinel) {
            try await $0.ask("SENTINEL", "REPLICAS", "shop").array?.count == 1
          }
        }
        var cluster = ClusterDescription(name: "shop", engine: "redis", endpoints: [servers[2].endpoint])
        cluster.sentinel = SentinelSettings(password: Secret("watch"))
        return try await body(folder, servers, cluster)
      }
    }
  }

  private static func info(_ server: LiveServers.Server) async throws -> String? {
    try await RedisConnection.with(server.endpoint) { try await $0.ask("INFO", "replication").text }
  }

  private static func offset(_ server: LiveServers.Server, _ field: String) async throws -> String? {
    try await info(server)?.split(whereSeparator: \.isNewline).first { $0.hasPrefix(field + ":") }
      .map { String($0.dropFirst(field.count + 1)) }
  }

  private static func refusal(_ cluster: ClusterDescription) async -> DrillError? {
    do {
      _ = try await RedisDiscovery.map(of: cluster)
      return nil
    } catch {
      return error as? DrillError
    }
  }

  @Test("are found by it, captured from their replicas and drilled; after a fail-over the new ones are")
  func failover() async throws {
    try await Self.withSentinel { folder, servers, cluster in
      try await LiveBench.fill([servers[0]], .none, isCluster: false)
      // A replica that is behind is refused as what it is, and on a busy machine it may be for a while.
      try await LiveServers.wait("the replica has what the master has") {
        let offsets = try await (
          Self.offset(servers[0], "master_repl_offset"), Self.offset(servers[1], "slave_repl_offset")
        )
        return offsets.0 != nil && offsets.0 == offsets.1
      }
      let map = try await RedisDiscovery.map(of: cluster)
      #expect(map.shards.map(\.name) == ["shop"] && map.mapsSlots)
      #expect(map.shards[0].master.endpoint == servers[0].endpoint)
      #expect(map.shards[0].replicas.map(\.endpoint) == [servers[1].endpoint])
      let file = """
        mode: sentinel
        nodes: ["127.0.0.1:\(servers[2].port)"]
        masters: [shop]
        sentinel_auth: {password_file: sentinel-password}
        capture: {cut: coherent, max_pause: 10s}
        answers: {profile: mixed-ttl.yaml, operations: 200, budget: 5s}
        """
      try Data("watch\n".utf8).write(to: URL(fileURLWithPath: folder + "/sentinel-password"))
      let bench = try await LiveBench.capture(folder, file)
      #expect(try bench.manifest().cut.proof[0].contains("of replica 127.0.0.1:\(servers[1].port)"))
      expectClean(try await bench.run(DrillBench.Drill()))

      try await RedisConnection.with(servers[2].endpoint, RedisCredentials(password: Secret("watch"))) { connection in
        try await connection.ask("SENTINEL", "FAILOVER", "shop")
      }
      try await LiveServers.wait("the replica is master") {
        (try? await RedisDiscovery.map(of: cluster))?.shards[0].master.endpoint == servers[1].endpoint
      }
      // The sentinel ends its clients' connections when it is turned round.
      try await LiveServers.wait("the old master follows") {
        (try? await Self.info(servers[0]))??.contains("master_link_status:up") ?? false
      }
      let later = try await LiveBench.capture(folder, file)
      #expect(try later.manifest().topology.shards.map(\.name) == ["shop"])
      expectClean(try await later.run(DrillBench.Drill()))
    }
  }

  @Test("are refused while the sentinel and the server disagree on who is master, and under a name that nobody watches")
  func disagreement() async throws {
    try await Self.withSentinel { _, servers, cluster in
      #expect(await Self.refusal(cluster) == nil)
      var other = cluster
      other.sentinel?.masters = ["stock"]
      let unknown = try #require(await Self.refusal(other))
      #expect(unknown.code == .usage && unknown.subject == "stock" && unknown.detail.contains("but shop"), "\(unknown)")
      var stranger = cluster
      stranger.sentinel?.password = Secret("wrong")
      #expect(await Self.refusal(stranger)?.code == .authenticationFailed)
      var servant = cluster
      servant.endpoints = [servers[0].endpoint]
      servant.sentinel?.password = nil
      let noSentinel = try #require(await Self.refusal(servant))
      #expect(noSentinel.code == .usage && noSentinel.detail.contains("no sentinel"), "\(noSentinel)")

      // A fail-over between finding the master and capturing from it.
      do {
        try await RedisLiveCluster.with(cluster) { live in
          try await RedisConnection.with(servers[0].endpoint) {
            try await $0.ask("REPLICAOF", "127.0.0.1", "\(servers[1].port)")
          }
          _ = try await live.estimate(CapturePlan())
        }
        Issue.record("a master that is none was taken for one")
      } catch let error as DrillError {
        #expect(error.code == .storeMoved && error.detail.contains("a fail-over is not over yet"), "\(error)")
      }
    }
  }
}
