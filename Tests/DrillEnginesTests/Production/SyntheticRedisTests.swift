import DrillModel
import Foundation
import Testing

@testable import DrillEngines
@testable import DrillProduction

@Suite("A synthetic Redis production")
struct SyntheticRedisTests {
  @Test("writes the same from the same seed, and other from another")
  func seeded() {
    func all(_ seed: UInt64) -> [[[UInt8]]] {
      let contents = RedisContents(seed: seed, epoch: 1_700_000_000_000)
      return (0..<500).flatMap { contents.commands(forRecord: $0) }
    }
    #expect(all(1) == all(1))
    #expect(all(1) != all(2))
  }

  @Test("holds every type, expiries and pending entries, and leaves nothing behind")
  func filled() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        try await server.fill(records: 1000, seed: 3)
        try await RedisConnection.with(server.masters[0]) { connection in
          for type in ["string", "hash", "list", "set", "zset", "stream"] {
            let page = try await connection.ask("SCAN", "0", "COUNT", "100000", "TYPE", type)
            #expect((page.array?.last?.array?.count ?? 0) > 0, "\(type)")
          }
          let keyspace = try await connection.ask("INFO", "keyspace").text ?? ""
          #expect(!keyspace.contains("expires=0"))
          let pending = try await connection.ask("XPENDING", "stream:9", "group0").array?.first?.integer ?? 0
          #expect(pending > 0)
        }
        #expect(RedisFixture.processes(in: folder).count == 1)
      }
      #expect(RedisFixture.processes(in: folder) == [])
      let found1 = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(found1 == [])
    }
  }

  @Test("writes no effect whose cause was not acknowledged, on two shards")
  func causes() async throws {
    try await RedisFixture.withFolder { folder in
      let shape = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0)
      try await SyntheticRedisCluster.with(shape, below: folder) { cluster in
        let end = ContinuousClock.now + .milliseconds(200)
        let pairs = try await cluster.writeCausesAndEffects { .now > end }
        #expect(pairs > 0)
        let tags = SyntheticRedisCluster.tagsOfTwoShards(masters: 3)
        for (endpoint, key) in [
          (cluster.masters[0], "{\(tags.cause)}cause:0"), (cluster.masters[2], "{\(tags.effect)}effect:0"),
        ] {
          try await RedisConnection.with(endpoint) { connection in
            let count = try await connection.ask("EXISTS", key).integer
            #expect(count == 1)
          }
        }
      }
    }
  }
}
