import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// The same content, written and read by servers of all versions that are at hand.
@Suite("Servers of several versions and families")
struct ServerVersionTests {
  /// How a server is made to keep its values: as it comes; or without compact encodings and compression, and with how often
  /// each key was used, or how long ago.
  private enum Manner: String, CaseIterable {
    case asItComes, plain, used

    /// Settings by all the names that they had; a server takes those that it knows.
    var settings: [[String]] {
      guard self == .plain else { return [] }
      let small = ["hash-max-ziplist-entries", "zset-max-ziplist-entries", "list-max-ziplist-entries"]
      return (small + ["set-max-intset-entries", "set-max-listpack-entries"]).map { [$0, "0"] }
        + [["list-max-ziplist-size", "1"], ["rdbcompression", "no"], ["maxmemory-policy", "allkeys-lfu"]]
    }
  }

  private func dump(
    _ server: TestServers.Server, _ kinds: [ContentKind], _ folder: String, _ manner: Manner = .asItComes
  ) throws -> String {
    try dump(server, kinds.flatMap(\.commands), folder, manner)
  }

  private func dump(
    _ server: TestServers.Server, _ commands: [[String]], _ folder: String, _ manner: Manner = .asItComes
  ) throws -> String {
    try PrivateRedis.with([], program: server.program.path) { redis in
      for setting in manner.settings { _ = try? redis.command((["CONFIG", "SET"] + setting).map { Array($0.utf8) }) }
      for command in commands { try redis.command(command.map { Array($0.utf8) }) }
      if manner == .used { try redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru") }
      let path = "\(folder)/\(UInt32.random(in: .min ... .max)).rdb"
      try FileManager.default.copyItem(atPath: try redis.save(), toPath: path)
      return path
    }
  }

  private func held(_ path: String, by server: TestServers.Server, _ folder: String) async throws -> [String] {
    var request = RedisFixture.request(path, in: folder)
    request.servers = [server.program.path]
    return try await RedisEngine().withSandbox(request) { sandbox in
      #expect(sandbox.facts.clockHeld == server.holdsClock, "\(server.version)")
      return try await RedisFixture.digests {
        try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
      }.records
    }
  }

  private func leftOut(by server: TestServers.Server) -> [ContentKind] {
    ContentKind.all.filter { !$0.isKnown(to: server) }
  }

  @Test("keep every kind of value so that our reader and every server that loads it read it alike")
  func alike() async throws {
    let servers = await TestServers.found()
    // Who can hold most says what is right.
    let widest = try #require(servers.max { leftOut(by: $0).count > leftOut(by: $1).count })
    try await RedisFixture.withFolder { folder in
      let nobodys = leftOut(by: widest).map(\.name)
      if !nobodys.isEmpty { print("not tried, since no server here holds it: \(nobodys.joined(separator: ", "))") }
      for writer in servers {
        let known = ContentKind.all.filter { $0.isKnown(to: writer) }
        #expect(known.count >= 18, "\(writer.version) leaves out \(leftOut(by: writer).map(\.name))")
        let expected = try await RedisFixture.digests(ofArtifact: dump(widest, known, folder))
        for manner in Manner.allCases {
          let path = try dump(writer, known, folder, manner)
          let records = try await RedisFixture.digests(ofArtifact: path)
          #expect(records == expected, "\(writer.version) \(manner)")
          guard manner != .used else { continue }
          let format = try #require(RDBVersion(ofFile: path))
          for reader in servers {
            guard reader.program.loads(format) else {
              await #expect { try await held(path, by: reader, folder) } throws: { error in
                (error as? RestoreRejected)?.isVersion == true
              }
              continue
            }
            #expect(
              try await held(path, by: reader, folder) == records, "\(format) of \(writer.version) in \(reader.version)"
            )
          }
        }
      }
    }
  }

  @Test("keep fields that expire by themselves: one field's expiry shifted by a millisecond is another record")
  func expiringFields() async throws {
    let kinds = ContentKind.all.filter(\.expiresByField)
    let shifted = kinds.flatMap(\.commands).map { command in
      command.map { $0 == "4000000000000" ? "4000000000001" : $0 == "4000000000001" ? "4000000000002" : $0 }
    }
    try await RedisFixture.withFolder { folder in
      for server in await TestServers.found() where server.knowsExpiringFields {
        let records = try await RedisFixture.digests(ofArtifact: dump(server, kinds, folder))
        #expect(records.count == 2)
        let path = try dump(server, shifted, folder)
        let others = try await RedisFixture.digests(ofArtifact: path)
        #expect(Set(others).isDisjoint(with: records) && others.count == 2, "\(server.version)")
        #expect(try await held(path, by: server, folder) == others, "\(server.version)")
        let without = try dump(server, kinds.flatMap(\.commands).filter { $0[0] == "HSET" }, folder)
        #expect(Set(try await RedisFixture.digests(ofArtifact: without)).isDisjoint(with: records))
      }
    }
  }

  @Test(
    "are known by what they say",
    arguments: [
      ("Redis server v=2.8.17 sha=0", "redis 2.8.17", 6, nil), ("Redis server v=3.2.6 sha=0", "redis 3.2.6", 7, nil),
      ("Redis server v=6.2.5 sha=0", "redis 6.2.5", 9, nil), ("Redis server v=7.0.15 sha=0", "redis 7.0.15", 10, nil),
      ("Redis server v=7.2.1 sha=0", "redis 7.2.1", 11, nil), ("Redis server v=8.2.3 sha=0", "redis 8.2.3", 12, nil),
      ("Valkey server v=8.1.8 sha=0", "valkey 8.1.8", 11, nil), ("Valkey server v=9.1.2 sha=0", "valkey 9.1.2", 11, 80),
    ] as [(String, String, Int?, Int?)])
  func versions(line: String, text: String, redis: Int?, valkey: Int?) {
    let version = RedisServerProgram.Version(parsing: line)
    #expect(version?.description == text)
    #expect(version?.newest(of: .redis) == redis && version?.newest(of: .valkey) == valkey)
    #expect(RedisServerProgram.Version(parsing: "something else 7.0") == nil)
  }
}
