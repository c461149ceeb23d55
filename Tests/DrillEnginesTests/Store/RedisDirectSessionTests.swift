import DrillCrypto
import DrillModel
import Foundation
import Testing

@testable import DrillEngines
@testable import DrillProduction

@Suite("Asking a Redis store from a thread")
struct RedisDirectSessionTests {
  private func operation(_ words: [String]) -> DrillModel.Operation {
    let key = Array((words.count > 1 ? words[1] : "").utf8)
    return .init(
      name: words[0], slot: RedisSlot.slot(of: key), key: key, statement: .command(words.map { Array($0.utf8) }))
  }

  private static let questions: [[String]] = [
    ["GET", "text"], ["get", "absent"], ["GET", "h"], ["MGET", "text", "absent"], ["HGETALL", "h"],

    ["HMGET", "h", "f", "no"], ["SMEMBERS", "s"], ["SISMEMBER", "s", "a"],
    ["LRANGE", "l", "0", "-1"], ["LRANGE", "l-big", "0", "-1"], ["ZRANGE", "z", "0", "-1", "WITHSCORES"],
    ["ZRANGE", "z", "0", "1"], ["ZSCORE", "z", "e"], ["ZMSCORE", "z", "a", "none"], ["XRANGE", "x", "-", "+"],
    ["TYPE", "s"], ["EXISTS", "s"], ["PTTL", "expires"], ["PTTL", "text"], ["PEXPIRETIME", "absent"], ["GET", "big"],
    ["SET", "text", "overwritten"], ["RANDOMKEY"], ["GET", "text"],
  ]

  private func direct(
    _ store: any DirectStore, _ operations: [DrillModel.Operation], timeout: Duration = .seconds(30)
  ) throws -> [RecordedAnswer?] {
    let session = try store.openDirectSession()
    defer { session.close() }
    var answers = [RecordedAnswer?](repeating: nil, count: operations.count)
    session.perform(operations[...], next: [], timeout: timeout) { index, answer, _ in
      #expect(answers[index] == nil, "each operation is answered once")
      answers[index] = answer
    }
    return answers
  }

  @Test("gives the answers that a session in a task gives, of every kind and size, and writes nothing")
  func sameAnswers() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder, RedisFixture.fillWithEverything)
      try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder)) { sandbox in
        let operations = (Self.questions + [["SMEMBERS", "s-big"]] + Self.questions).map(operation)
        let expected = try await sandbox.withSession { await $0.perform(operations, timeout: .seconds(30)) }.map {
          timed -> RecordedAnswer in
          switch timed.reply {
          case .answered(let answer):
            RecordedAnswer(digest: SHA256.digest(answer.canonicalBytes), shape: answer.shape)
          case .indeterminate(let reason): RecordedAnswer(digest: nil, shape: reason)
          }
        }
        let store = try #require(sandbox as? any DirectStore)
        #expect(store.answersDirectly)
        let found = try direct(store, operations)
        for (index, answer) in found.enumerated() {
          #expect(
            answer == expected[index],
            "\(operations[index].name) \(String(decoding: operations[index].key, as: UTF8.self))")
        }
      }
    }
  }

  @Test("asks each shard for its own slots, and says of a slot that is nowhere that it is not here")
  func shards() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.init(masters: 3, replicasPerMaster: 0, syncDelaySeconds: 0), below: folder)
      { cluster in
        try await cluster.fill(records: 300, seed: 2)
        try await RedisLiveCluster.with(cluster.description) { live in
          #expect(!live.answersDirectly, "a live store is read at a rate")
          let keys = try await live.sampleKeys(seed: 1, size: 100).keys.entries
          let operations = keys.map { entry in
            operation(["TYPE", String(decoding: entry.key, as: UTF8.self)])
          }
          let members = live.store.members
          let store = RedisStore(shards: members, topology: try await live.topology(), kind: .live, isUnpaced: true)
          let found = try direct(store, operations)
          #expect(found.allSatisfy { $0?.digest != nil })
          let part = RedisStore(
            shards: Array(members.prefix(1)), topology: try await live.topology(), kind: .live, isUnpaced: true)
          let some = try direct(part, operations)
          for (index, answer) in some.enumerated() {
            let isHere = members[0].slots.contains(operations[index].slot)
            #expect((answer?.digest != nil) == isHere)
            if !isHere { #expect(answer?.shape == "the shard of its slot is not here") }
          }
        }
      }
    }
  }

  @Test("a server that stops, or goes, leaves what it did not answer indeterminate, and says why")
  func stoppedServer() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        let store = RedisStore(
          shards: [.init(name: "a", slots: .all, endpoint: server.masters[0])], topology: RedisFixture.topology,
          kind: .sandbox)
        let session = try store.openDirectSession()
        defer { session.close() }
        func ask() -> [RecordedAnswer] {
          var answers: [RecordedAnswer] = []
          session.perform([operation(["GET", "k"]), operation(["GET", "l"])], next: [], timeout: .milliseconds(200)) {
            _, answer, _ in
            answers.append(answer)
          }
          return answers
        }
        #expect(ask().allSatisfy { $0.shape == "nothing" })
        try await RedisConnection.with(server.masters[0]) { connection in
          let pid = try #require(
            RedisInfo(try await connection.ask("INFO", "server").text ?? "")["process_id"].flatMap { Int32($0) })
          kill(pid, SIGSTOP)
          let stopped = ask()
          kill(pid, SIGCONT)
          #expect(stopped.map(\.shape) == ["timed-out", "timed-out"])
          #expect(ask().map(\.shape) == ["timed-out", "timed-out"], "nothing could be matched any more")
        }
      }
    }
  }

  @Test("an interruption from another thread ends a wait")
  func interrupted() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        let store = RedisStore(
          shards: [.init(name: "a", slots: .all, endpoint: server.masters[0])], topology: RedisFixture.topology,
          kind: .sandbox)
        try await RedisConnection.with(server.masters[0]) { connection in
          let pid = try #require(
            RedisInfo(try await connection.ask("INFO", "server").text ?? "")["process_id"].flatMap { Int32($0) })
          kill(pid, SIGSTOP)
          defer { kill(pid, SIGCONT) }
          // Nobody answers the log-in of a stopped server: the session is opened before.
          kill(pid, SIGCONT)
          let session = try store.openDirectSession()
          kill(pid, SIGSTOP)
          let interrupt = session.interrupt
          Thread { interrupt() }.start()
          var shapes: [String] = []
          session.perform([operation(["GET", "k"])], next: [], timeout: .seconds(3600)) { _, answer, _ in
            shapes.append(answer.shape)
          }
          #expect(shapes == ["unreachable"])
          session.close()
          interrupt()
        }
      }
    }
  }

  @Test("a wrong password is told as that")
  func refused() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        let store = RedisStore(
          shards: [
            .init(
              name: "a", slots: .all, endpoint: server.masters[0],
              credentials: RedisCredentials(username: "nobody", password: Secret("x")))
          ], topology: RedisFixture.topology, kind: .sandbox)
        let error = #expect(throws: DrillError.self) { _ = try store.openDirectSession() }
        #expect(error?.code == .authenticationFailed)
        let nowhere = RedisStore(
          shards: [.init(name: "a", slots: .all, endpoint: .unix(path: folder + "/none"))],
          topology: RedisFixture.topology, kind: .sandbox)
        #expect(throws: DrillError.self) { _ = try nowhere.openDirectSession() }
      }
    }
  }
}

@Suite("A Redis sandbox under load")
struct RedisSandboxLoadTests {
  private func write(_ verb: SandboxWrite.Verb, size: Int = 100, number: Int = 0) -> LoadStep {
    .write(
      SandboxWrite(
        verb, tag: Array("t".utf8), number: number, salt: 7, value: [UInt8](repeating: 0x78, count: size),
        member: number, slot: RedisSlot.slot))
  }

  private func perform(_ steps: [LoadStep], on store: any LoadedStore) throws -> [RecordedAnswer] {
    let session = try store.openLoadSession()
    defer { session.close() }
    var answers = [RecordedAnswer?](repeating: nil, count: steps.count)
    session.perform(steps[...], timeout: .seconds(30)) { index, answer, _ in answers[index] = answer }
    return answers.compactMap { $0 }
  }

  private func withSandbox(
    memory: UInt64? = nil, _ body: @escaping @Sendable (any LoadBearing) async throws -> Void
  ) async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      var request = RedisFixture.request(path, in: folder)
      request.memoryLimitBytes = memory
      try await RedisEngine().withSandbox(request) { try await body(try #require($0 as? any LoadBearing)) }
    }
  }

  @Test("takes every kind of write while it is under load, and none afterwards")
  func writes() async throws {
    try await withSandbox { sandbox in
      let steps = SandboxWrite.Verb.allCases.map { write($0) }
      try await sandbox.withLoad { store in
        let answers = try perform(steps, on: store)
        #expect(answers.count == steps.count && answers.allSatisfy { $0.digest != nil }, "\(answers)")
        #expect(!answers.contains { $0.shape.hasPrefix("error") }, "\(answers)")
      }
      let key = Array("{t}\(SandboxWrite.nameSpace)7:c0".utf8)
      let question = DrillModel.Operation(
        name: "get", slot: RedisSlot.slot(of: key), key: key, statement: .command([Array("GET".utf8), key]))
      let replies = try await sandbox.withSession { await $0.perform([question], timeout: .seconds(5)) }
      #expect(replies.map(\.reply) == [.answered(.blob(Array("1".utf8)))], "it was written")
      // The same server, with what a session under load would send.
      let closed = try #require(sandbox as? RedisSandbox)
      let session = try RedisLoadedStore(
        members: closed.store.members, slots: try #require(closed.store.slotTable)
      ).openLoadSession()
      defer { session.close() }
      session.perform([write(.incr)], timeout: .seconds(5)) { _, answer, _ in
        #expect(answer == RecordedAnswer(digest: nil, shape: "NOREPLICAS"))
      }
    }
  }

  @Test("shuts writes out again when what it was under load for fails")
  func shutOnFailure() async throws {
    try await withSandbox { sandbox in
      await #expect(throws: CancellationError.self) {
        try await sandbox.withLoad { _ in throw CancellationError() }
      }
      let member = try #require((sandbox as? RedisSandbox)?.store.members.first)
      try await RedisConnection.with(member.endpoint, member.credentials) { connection in
        let reply = try await connection.send([Array("SET".utf8), Array("x".utf8), Array("y".utf8)])
        #expect(reply.errorCode == "NOREPLICAS")
      }
    }
  }

  @Test("refuses what does not fit into its memory, lives on, and has its answers still")
  func outOfMemory() async throws {
    try await withSandbox { sandbox in
      let key = Array("k".utf8)
      let question = LoadStep.ask(
        .init(name: "get", slot: RedisSlot.slot(of: key), key: key, statement: .command([Array("GET".utf8), key])))
      let room = try #require((sandbox as? RedisSandbox)?.headroom["a"])
      let size = 8 << 20
      let steps = (0...Int(room) / size + 2).map { write(.set, size: size, number: $0) } + [question]
      try await sandbox.withLoad { store in
        let session = try store.openLoadSession()
        defer { session.close() }
        var shapes: [String] = []
        for index in steps.indices {
          session.perform(steps[index...index], timeout: .seconds(30)) { _, answer, _ in shapes.append(answer.shape) }
        }
        #expect(shapes.first == "text of 2 bytes")
        #expect(shapes.dropLast().last == "OOM")
        #expect(shapes.last == "blob of 1 bytes")
      }
    }
  }

  @Test("a session that only reads sends no write")
  func readingSession() async throws {
    try await withSandbox { sandbox in
      let store = try #require((sandbox as? RedisSandbox)?.store)
      let session = try RedisDirectSession(
        store.members, slots: try #require(store.slotTable), takesWrites: false)
      defer { session.close() }
      session.perform([write(.set)], timeout: .seconds(5)) { _, answer, _ in
        #expect(answer.shape == "writes are not let in")
      }
    }
  }

  /// What makes it impossible to write to a live store: no such type is ``LoadBearing``, and an operation that is none
  /// of the reading commands is not sent.
  @Test("a live cluster bears no load")
  func liveBearsNone() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        try await RedisLiveCluster.with(server.description) { live in
          #expect((live as Any) as? any LoadBearing == nil)
          #expect((live.store as Any) as? any LoadBearing == nil)
        }
      }
    }
  }
}
