import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Values of modules, from a file and through a server that has the module.
@Suite("Values of modules")
struct ModuleTests {
  private func dump(
    _ commands: [[String]], modules: [String], in folder: String, program: String = "redis-server"
  ) throws -> String {
    try PrivateRedis.with(modules.flatMap { ["loadmodule", $0] }, program: program) { redis in
      for command in commands { try redis.command(command.map { Array($0.utf8) }) }
      let path = "\(folder)/\(UInt32.random(in: .min ... .max)).rdb"
      try FileManager.default.copyItem(atPath: try redis.save(), toPath: path)
      return path
    }
  }

  private func held(
    _ path: String, modules: [String], in folder: String, program: String = "redis-server"
  ) async throws -> (records: [String], facts: ReadFacts) {
    var request = RedisFixture.request(path, in: folder)
    request.servers = [program]
    request.modules = modules
    return try await RedisEngine().withSandbox(request) { sandbox in
      try await RedisFixture.digests { try await sandbox.readRecords(shard: "a", selection: .all, into: $0) }
    }
  }

  private static let commands = [
    ["FD.SET", "m1", "-5", "1.5", "some text"], ["FD.SET", "m2", "1", "0", String(repeating: "long ", count: 50_000)],
    ["FD.SET", "m3", "2", "0", ""], ["PEXPIREAT", "m3", "4000000000123"], ["SET", "text", "v"], ["SELECT", "2"],
    ["FD.SET", "m1", "7", "-0.25", "in another database"],
  ]

  @Test("are the same from the file and through the server, expiry and database included; their fields are noted")
  func alike() async throws {
    try await RedisFixture.withFolder { folder in
      guard let module = try await TestModule.compiled(in: folder) else { return }
      let path = try dump(Self.commands, modules: [module], in: folder)
      let artifact = try await RedisFixture.digests {
        try RedisEngine().readArtifact(ArtifactFile(shard: "a", format: "rdb", path: path), selection: .all, into: $0)
      }
      #expect(artifact.records.count == 5 && artifact.facts.opaqueRecords == 4)
      #expect(
        artifact.facts.notes.contains("4 values of a module, of type firedrill version 1, are compared as stored bytes")
      )
      #expect(artifact.facts.notes.contains("2 fields that module firedrill keeps beside the records were passed over"))
      let restored = try await held(path, modules: [module], in: folder)
      #expect(restored.records == artifact.records)
      #expect(restored.facts.records == 5 && restored.facts.opaqueRecords == 0)

      var other = Self.commands
      other[0][2] = "-6"
      let changed = try await RedisFixture.digests(ofArtifact: dump(other, modules: [module], in: folder))
      #expect(Set(changed).symmetricDifference(artifact.records).count == 2)
    }
  }

  @Test("without their module nothing is known: the sentence names the type and what to do, and it is no finding")
  func missing() async throws {
    try await RedisFixture.withFolder { folder in
      guard let module = try await TestModule.compiled(in: folder) else { return }
      for commands in [Self.commands, [["SET", "text", "v"]]] {
        let path = try dump(commands, modules: [module], in: folder)
        await #expect { try await held(path, modules: [], in: folder) } throws: { error in
          guard let error = error as? DrillError else { return false }
          return error.code == .moduleMissing && error.subject == "a" && error.detail.contains("type firedrill ")
            && error.detail.contains("sandbox: {modules: [PATH]}")
        }
      }
      let path = try dump(Self.commands, modules: [module], in: folder)
      await #expect { try await held(path, modules: ["\(folder)/none.so"], in: folder) } throws: { error in
        (error as? DrillError)?.code == .moduleMissing
      }
    }
  }

  @Test("that their module refuses are a finding; those that it writes otherwise are other records with the same keys")
  func refused() async throws {
    try await RedisFixture.withFolder { folder in
      guard let module = try await TestModule.compiled(in: folder),
        let refusing = try await TestModule.compiled(in: folder, .refusing),
        let rewriting = try await TestModule.compiled(in: folder, .rewriting)
      else { return }
      let path = try dump(Self.commands, modules: [module], in: folder)
      await #expect(throws: RestoreRejected.self) { try await held(path, modules: [refusing], in: folder) }
      let artifact = try await RedisFixture.digests(ofArtifact: path)
      let rewritten = try await held(path, modules: [rewriting], in: folder)
      #expect(Set(artifact).intersection(rewritten.records).count == 1 && rewritten.records.count == 5)
    }
  }

  /// The modules that Redis' makers ship, where `make test-servers` put them.
  @Test("of RedisJSON, RediSearch and RedisBloom are the same from the file and through every server that has them")
  func shipped() async throws {
    let contents: [(module: String, commands: [[String]], modules: Int)] = [
      (
        "rejson",
        [
          ["JSON.SET", "j", "$", #"{"a":[1,2.5,-0.0,1e300,true,null],"ü":{"x":"y"},"n":12345678901234567890}"#],
          ["JSON.SET", "k", "$", "3"], ["PEXPIREAT", "k", "4000000000123"], ["SET", "text", "v"],
        ], 2
      ),
      (
        "redisbloom",
        [
          ["BF.ADD", "b", "x"], ["CF.ADD", "c", "x"], ["CMS.INITBYDIM", "d", "10", "3"], ["TDIGEST.CREATE", "e"],
        ], 4
      ),
      (
        "redisearch",
        [
          ["FT.CREATE", "i", "PREFIX", "1", "d:", "SCHEMA", "name", "TEXT"], ["HSET", "d:1", "name", "some words"],
          ["HSET", "d:2", "name", "other words"],
        ], 0
      ),
    ]
    try await RedisFixture.withFolder { folder in
      for content in contents {
        guard let module = TestServers.module(content.module) else { continue }
        for server in await TestServers.found() where server.version.family == .valkey || server.version.major >= 7 {
          let program = server.program.path
          let path: String
          do {
            path = try dump(content.commands, modules: [module], in: folder, program: program)
          } catch {
            print("not tried: \(content.module) in \(server.version): \(error)")
            continue
          }
          let artifact = try await RedisFixture.digests {
            try RedisEngine().readArtifact(
              ArtifactFile(shard: "a", format: "rdb", path: path), selection: .all, into: $0)
          }
          #expect(artifact.facts.opaqueRecords == UInt64(content.modules), "\(content.module) of \(server.version)")
          let restored = try await held(path, modules: [module], in: folder, program: program)
          #expect(restored.records == artifact.records, "\(content.module) in \(server.version)")
          await #expect { try await held(path, modules: [], in: folder, program: program) } throws: { error in
            (error as? DrillError)?.code == .moduleMissing
          }
        }
      }
    }
  }

  @Test("are answered as JSON, and found by search once the store is ready, like those of the server that wrote them")
  func answers() async throws {
    guard let json = TestServers.module("rejson"), let search = TestServers.module("redisearch"),
      let server = await TestServers.found().first(where: { $0.version.description.hasPrefix("redis 7.4") })
    else { return }
    func operation(_ words: String...) -> DrillModel.Operation {
      let key = Array((words[0] == "FT.SEARCH" ? "d:1" : words[1]).utf8)
      return DrillModel.Operation(
        name: words[0], slot: RedisSlot.slot(of: key), key: key, statement: .command(words.map { Array($0.utf8) }))
    }
    try await RedisFixture.withFolder { folder in
      var commands = [
        ["JSON.SET", "j", "$", #"{"b":[1,2.5],"a":{"x":"y"}}"#],
        ["FT.CREATE", "i", "PREFIX", "1", "d:", "SCHEMA", "name", "TEXT"],
      ]
      for number in 0..<3000 { commands.append(["HSET", "d:\(number)", "name", "word\(number % 100) common"]) }
      let path = try dump(commands, modules: [json, search], in: folder, program: server.program.path)
      var request = RedisFixture.request(path, in: folder)
      request.servers = [server.program.path]
      request.modules = [json, search]
      let asked = [
        operation("JSON.GET", "j"), operation("JSON.GET", "j", "$.b[1]"), operation("JSON.GET", "absent"),
        operation("FT.SEARCH", "i", "@name:word7", "LIMIT", "0", "100"),
        operation("FT.SEARCH", "i", "common", "LIMIT", "0", "5"), operation("FT.SEARCH", "none", "x"),
      ]
      let replies = try await RedisEngine().withSandbox(request) { sandbox in
        try await sandbox.withSession { await $0.perform(asked, timeout: .seconds(20)).map(\.reply) }
      }
      func blob(_ text: String) -> Answer { .blob(Array(text.utf8)) }
      #expect(
        replies[0]
          == .answered(
            .unordered([
              .array([blob("b"), .array([.integer(1), .real(2.5)])]),
              .array([blob("a"), .unordered([.array([blob("x"), blob("y")])])]),
            ])))
      #expect(replies[1] == .answered(.array([.real(2.5)])))
      #expect(replies[2] == .answered(.null))
      guard case .answered(.array(let found)) = replies[3], case .unordered(let documents) = found.last else {
        Issue.record("\(replies[3])")
        return
      }
      #expect(found.first == .integer(30) && documents.count == 30)
      #expect(replies[4] == .answered(.array([.integer(3000)])))
    }
  }
}
