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

@Suite("Slots of a synthetic Redis Cluster", .serialized)
struct SyntheticMoveTests {
  private func keys(_ cluster: SyntheticRedisCluster, _ master: Int, _ slot: Int) async throws -> Int {
    try await RedisConnection.with(cluster.masters[master]) {
      Int(try await $0.ask("CLUSTER", "COUNTKEYSINSLOT", "\(slot)").integer ?? -1)
    }
  }

  @Test("move step by step, stay open where a move is left, and are the target's at its end; redis-cli moves them too")
  func moves() async throws {
    try await RedisFixture.withFolder { folder in
      let shape = SyntheticRedisCluster.Shape(masters: 3, replicasPerMaster: 0)
      try await SyntheticRedisCluster.with(shape, below: folder) { cluster in
        let slot = Int(RedisEngine().slot(ofKey: Array("{a}".utf8)).rawValue)
        let source = slot / (Slot.count / 3 + 1)
        let target = (source + 1) % 3
        try await cluster.send((0..<10).map { ["SET", "{a}:\($0)", "v"] })
        let slots = SlotSet([Slot(slot)])
        try await cluster.open(slots, from: source, to: target)
        let (from, to) = (try await cluster.nodeID(source), try await cluster.nodeID(target))
        let open = try await RedisDiscovery.map(of: cluster.description)
        #expect(open.moves == [.init(slot: Slot(slot), source: from, target: to)])
        #expect(try await cluster.moveKeys(of: slots, from: source, to: target, limit: 4, batch: 3) == 4)
        #expect(try await keys(cluster, source, slot) == 6)
        #expect(try await keys(cluster, target, slot) == 4)
        // Clients find their keys on either side.
        try await cluster.send((0..<10).map { ["APPEND", "{a}:\($0)", "w"] })
        #expect(try await cluster.moveKeys(of: slots, from: source, to: target) == 6)
        try await cluster.close(slots, to: target)
        let closed = try await RedisDiscovery.map(of: cluster.description)
        #expect(closed.moves.isEmpty && closed.topology.owner(of: Slot(slot))?.name == to)

        try await cluster.reshard(slots: 3, from: 0, to: 2)
        let now = try await RedisDiscovery.map(of: cluster.description)
        #expect(now.moves.isEmpty)
        let third = try await cluster.nodeID(2)
        let gained = now.topology.shard(named: third)?.slots.subtracting(
          closed.topology.shard(named: third)?.slots ?? SlotSet())
        #expect(gained?.count == 3)
      }
    }
  }
}
