import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// The same content, written and read by servers of all versions that are at hand.
@Suite("Servers of several versions and families")
struct ServerVersionTests {
  /// What every server since 5.0 keeps; times are given, so that all keep the same.
  private static var commands: [[String]] {
    func many(_ count: Int, _ make: (Int) -> [String]) -> [String] { (0..<count).flatMap(make) }
    return [
      ["SET", "text", "some text"], ["SET", "empty", ""], ["SET", "number", "-42"],
      ["SET", "big", String(repeating: "0123456789", count: 30_000)], ["SET", "expires", "v"],
      ["PEXPIREAT", "expires", "4000000000123"], ["RPUSH", "l", "1", "b", "1"],
      ["RPUSH", "l-big"] + many(2000) { ["element \($0)"] }, ["SADD", "s-int", "3", "1", "2"], ["SADD", "s", "b", "a"],
      ["SADD", "s-big"] + many(2000) { ["member \($0)"] }, ["HSET", "h", "f", "v", "g", "", "n", "123456789012"],
      ["HSET", "h-big"] + many(2000) { ["f\($0)", "\($0)"] },
      ["ZADD", "z", "1", "a", "-0.1", "b", "inf", "c", "-inf", "d", "-0", "e", "1e300", "f", "5", "7"],
      ["ZADD", "z-big"] + many(2000) { ["\(Double($0) / 3)", "member \($0)"] },
      ["XADD", "x", "5-1", "f", "v", "f", "w"], ["XADD", "x", "7-0", "g", ""], ["XDEL", "x", "7-0"],
      ["XGROUP", "CREATE", "x", "g1", "0"], ["XGROUP", "CREATE", "x", "g2", "5-1"],
      ["XREADGROUP", "GROUP", "g1", "alice", "STREAMS", "x", ">"],
      ["XCLAIM", "x", "g1", "alice", "0", "5-1", "TIME", "1700000000000", "RETRYCOUNT", "3"],
      ["PFADD", "hll", "a", "b", "c"], ["SETBIT", "bits", "77", "1"], ["SELECT", "3"],
      ["SET", "text", "another database"],
    ]
  }

  private static let expiringFields = [
    ["HSET", "h-small", "a", "1", "b", "2"], ["HPEXPIREAT", "h-small", "4000000000000", "FIELDS", "1", "a"],
    ["HSET", "h-large"] + (0..<600).flatMap { ["f\($0)", "\($0)"] },
    ["HPEXPIREAT", "h-large", "4000000000001", "FIELDS", "2", "f1", "f599"],
  ]

  private func dump(_ server: TestServers.Server, _ commands: [[String]], _ folder: String) throws -> String {
    try PrivateRedis.with([], program: server.program.path) { redis in
      for command in commands { try redis.command(command.map { Array($0.utf8) }) }
      let path = "\(folder)/\(server.version.description.replacing(" ", with: "-"))-\(commands.count).rdb"
      try FileManager.default.copyItem(atPath: try redis.save(), toPath: path)
      return path
    }
  }

  private func held(_ path: String, by server: TestServers.Server, _ folder: String) async throws -> [String] {
    var request = RedisFixture.request(path, in: folder)
    request.server = server.program.path
    return try await RedisEngine().withSandbox(request) { sandbox in
      #expect(sandbox.facts.clockHeld)
      return try await RedisFixture.digests {
        try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
      }.records
    }
  }

  @Test("write files that our reader and every server that loads them read alike, and refuse the others by version")
  func alike() async throws {
    let servers = await TestServers.found()
    try await RedisFixture.withFolder { folder in
      var reference: [String]?
      for writer in servers {
        let path = try dump(writer, Self.commands, folder)
        let records = try await RedisFixture.digests(ofArtifact: path)
        #expect(reference == nil || records == reference, "\(writer.version) writes other content")
        reference = reference ?? records
        let format = try #require(RDBVersion(ofFile: path))
        for reader in servers {
          guard reader.program.loads(format) else {
            await #expect { try await held(path, by: reader, folder) } throws: { error in
              (error as? RestoreRejected)?.isVersion == true
            }
            continue
          }
          #expect(
            try await held(path, by: reader, folder) == records, "\(format) of \(writer.version) in \(reader.version)")
        }
      }
    }
  }

  @Test("keep fields that expire by themselves, and our reader and the servers read them alike")
  func expiringFields() async throws {
    try await RedisFixture.withFolder { folder in
      var reference: [String]?
      for server in await TestServers.found() where server.knowsExpiringFields {
        let path = try dump(server, Self.expiringFields, folder)
        let records = try await RedisFixture.digests(ofArtifact: path)
        #expect(records.count == 2)
        #expect(reference == nil || records == reference, "\(server.version) keeps other expiries")
        reference = reference ?? records
        #expect(try await held(path, by: server, folder) == records, "\(server.version)")
        let without = try dump(server, Self.expiringFields.filter { $0[0] == "HSET" }, folder)
        #expect(Set(try await RedisFixture.digests(ofArtifact: without)).isDisjoint(with: records))
      }
    }
  }

  @Test(
    "are known by what they say",
    arguments: [
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
