import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A Cluster that announces other addresses")
struct AddressTests {
  private static func file(_ port: Int, _ addresses: String) -> String {
    """
    nodes: ["127.0.0.1:\(port)"]
    capture: {cut: coherent, max_pause: 10s}
    \(addresses)
    """
  }

  @Test("is reached by the cluster file's map, and without it the sentence says what to add")
  func announced() async throws {
    try await TemporaryFolder.with { folder in
      let plan = LiveServers.Plan(lines: { port, _ in
        [
          "port \(port)", "cluster-enabled yes", "cluster-announce-ip 127.9.9.7", "cluster-announce-port 7000",
        ]
      })
      try await LiveServers.with(plan, in: folder) { server in
        try await LiveServers.formCluster([server], .none)
        try await LiveBench.fill([server], .none, isCluster: true)
        do {
          _ = try await LiveBench.capture(folder, Self.file(server.port, ""))
          Issue.record("nobody listens at 127.9.9.7, and it was reached")
        } catch let error as DrillError {
          #expect(error.code == .unreachable, "\(error)")
          for words in ["127.0.0.1:\(server.port) announces this server as 127.9.9.7:7000", "`addresses`"] {
            #expect(error.detail.contains(words), "\(words): \(error)")
          }
        }
        for map in [
          "addresses: {\"127.9.9.7:7000\": \"127.0.0.1:\(server.port)\"}",
          "addresses: {\"127.9.9.7:7000\": \"127.0.0.1:\(server.port)\", \"127.9.9.7\": \"127.9.9.8\"}",
        ] {
          let bench = try await LiveBench.capture(folder, Self.file(server.port, map))
          expectClean(
            try await bench.run(
              DrillBench.Drill(level: .content, more: ["workload: mixed-ttl.yaml", "reference: [captured, live]"])),
            at: .content)
        }
        // A rule for the host alone, where the port is announced as it is.
        try await RedisConnection.with(server.endpoint) {
          try await $0.ask("CONFIG", "SET", "cluster-announce-port", "\(server.port)")
        }
        try LiveBench.prepare(folder, Self.file(server.port, "addresses: {127.9.9.7: 127.0.0.1}"))
        let cluster = try ClusterFile.read(path: folder + "/shop.yaml")
        try await LiveServers.wait("the port is announced") {
          (try? await RedisDiscovery.map(of: cluster.description))?.shards[0].master.endpoint == server.endpoint
        }
        let master = try await RedisDiscovery.map(of: cluster.description).shards[0].master
        #expect(master.announced == .tcp(host: "127.9.9.7", port: server.port))
        // An endpoint that the node says is unknown means the host that was asked.
        try await RedisConnection.with(server.endpoint) {
          try await $0.ask("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
        }
        var bare = cluster.description
        bare.addresses = AddressMap()
        #expect(try await RedisDiscovery.map(of: bare).shards[0].master.endpoint == server.endpoint)
      }
    }
  }

  @Test("a map from a host to a host and port makes no sense, and is refused with its place")
  func badMap() throws {
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    for map in ["{127.9.9.7: \"127.0.0.1:7000\"}", "{\"127.9.9.7:7000\": 127.0.0.1}"] {
      try LiveBench.prepare(folder, Self.file(7000, "addresses: \(map)"))
      do {
        _ = try ClusterFile.read(path: folder + "/shop.yaml")
        Issue.record("\(map) was taken")
      } catch let error as DrillError {
        #expect(error.code == .badFile && error.subject.hasPrefix("shop.yaml:5"), "\(error)")
      }
    }
  }
}
