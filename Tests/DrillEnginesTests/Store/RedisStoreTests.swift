import DrillModel
import Foundation
import Testing

@testable import DrillEngines
@testable import DrillProduction

@Suite("A Redis store")
struct RedisStoreTests {
  private func operation(_ words: String...) -> DrillModel.Operation {
    let key = Array(words.dropFirst().first?.utf8 ?? "".utf8)
    return .init(
      name: words[0], slot: RedisSlot.slot(of: key), key: key, statement: .command(words.map { Array($0.utf8) }))
  }

  private func replies(_ store: some Store, _ operations: [DrillModel.Operation]) async throws -> [Reply] {
    try await store.withSession { await $0.perform(operations, timeout: .seconds(30)).map(\.reply) }
  }

  private func blob(_ text: String) -> Answer { .blob(Array(text.utf8)) }

  @Test(
    "answers in canonical form: unordered where the server defines no order, times as they are and not as they run out")
  func answers() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder, RedisFixture.fillWithEverything)
      try await RedisEngine().withSandbox(RedisFixture.request(path, in: folder)) { sandbox in
        let asked: [(DrillModel.Operation, Reply)] = [
          (operation("GET", "text"), .answered(blob("some text"))), (operation("get", "absent"), .answered(.null)),
          (operation("GET", "h"), .answered(.error("WRONGTYPE"))),
          (operation("MGET", "text", "absent"), .answered(.array([blob("some text"), .null]))),
          (
            operation("HGETALL", "h"),
            .answered(.unordered([.array([blob("g"), blob("")]), .array([blob("f"), blob("v")])]))
          ),
          (operation("HMGET", "h", "f", "no"), .answered(.array([blob("v"), .null]))),
          (operation("SMEMBERS", "s"), .answered(.unordered([blob("a"), blob("b")]))),
          (operation("LRANGE", "l", "0", "-1"), .answered(.array([blob("1"), blob("b"), blob("1")]))),
          (
            operation("ZRANGE", "z", "0", "1", "WITHSCORES"),
            .answered(.array([.array([blob("d"), .real(-.infinity)]), .array([blob("b"), .real(-0.1)])]))
          ),
          (operation("ZRANGE", "z", "0", "1"), .answered(.array([blob("d"), blob("b")]))),
          (operation("ZSCORE", "z", "e"), .answered(.real(0))),
          (operation("TYPE", "s"), .answered(.text(Array("set".utf8)))),
          (operation("EXISTS", "s"), .answered(.integer(1))),
          (operation("PTTL", "expires"), .answered(.integer(4_000_000_000_123))),
          (operation("PTTL", "text"), .answered(.integer(-1))),
          (operation("PTTL", "absent"), .answered(.integer(-2))),
          (operation("SET", "text", "overwritten"), .indeterminate("not a command that only reads")),
          (operation("RANDOMKEY"), .indeterminate("not a command that only reads")),
        ]
        let found = try await replies(sandbox, asked.map(\.0))
        for (index, (operation, expected)) in asked.enumerated() {
          #expect(found[index].canonical == expected.canonical, "\(operation.name)")
        }
        // Nothing was written by asking for it.
        let found1 = try await replies(sandbox, [operation("GET", "text")])
        #expect(found1 == [.answered(blob("some text"))])
      }
    }
  }

  @Test("has no answer, and does not fail, where the server is gone")
  func serverGone() async throws {
    try await RedisFixture.withFolder { folder in
      let store = try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        let store = RedisStore(
          shards: [(name: "a", slots: .all, endpoint: server.masters[0])], topology: RedisFixture.topology)
        let found2 = try await replies(store, [operation("GET", "k")])
        #expect(found2 == [.answered(.null)])
        return store
      }
      let error = await #expect(throws: DrillError.self) { try await replies(store, [operation("GET", "k")]) }
      #expect(error?.code == .unreachable)
    }
  }

  @Test("notices that it moved while it was read")
  func moved() async throws {
    try await RedisFixture.withFolder { folder in
      try await SyntheticRedisCluster.with(.standalone, below: folder) { server in
        for number in 0..<400 { try await server.send("SET", "key\(number)", "v") }
        let store = RedisStore(
          shards: [(name: "a", slots: .all, endpoint: server.masters[0])], topology: RedisFixture.topology)
        let quiet = try await store.readRecords(shard: "a", selection: .all) { _ in }
        #expect(quiet.records == 400)
        let error = await #expect(throws: DrillError.self) {
          var isFirst = true
          _ = try await store.readRecords(shard: "a", selection: .all) { _ in
            guard isFirst else { return }
            isFirst = false
            try SyncSend.send(["SET", "new key", "v"], to: server.masters[0])
          }
        }
        #expect(error?.code == .storeMoved)
      }
    }
  }

  @Test("asks a slot that was moving at the cut of the shard that held the key")
  func movingSlot() async throws {
    try await RedisFixture.withFolder { folder in
      let source = try await RedisFixture.artifact(in: folder, named: "source") {
        try await $0.ask("MSET", "{t}stayed", "s", "{t}both", "source")
      }
      let target = try await RedisFixture.artifact(in: folder, named: "target") {
        try await $0.ask("MSET", "{t}moved", "t", "{t}both", "target")
      }
      let slot = RedisSlot.slot(of: Array("t".utf8))
      var rest = SlotSet.all
      rest.remove(slot)
      var request = RedisFixture.request(source, in: folder)
      request.files = [
        .init(shard: "source", format: "rdb", path: source), .init(shard: "target", format: "rdb", path: target),
      ]
      request.topology = Topology(
        epoch: 2, shards: [.init(name: "source", slots: SlotSet([slot])), .init(name: "target", slots: rest)],
        moves: [.init(slot: slot, source: "source", target: "target")])
      try await RedisEngine().withSandbox(request) { sandbox in
        let found = try await replies(
          sandbox,
          [
            operation("GET", "{t}stayed"), operation("GET", "{t}moved"), operation("GET", "{t}both"),
            operation("GET", "{t}none"),
            operation("MGET", "{t}stayed", "{t}moved"), operation("MGET", "{t}stayed", "{t}both"),
          ])
        #expect(
          found == [
            .answered(blob("s")), .answered(blob("t")), .answered(blob("source")), .answered(.null),
            .indeterminate(Reply.keysApart),
            .answered(.array([blob("s"), blob("source")])),
          ])
      }
    }
  }

  @Test("says nothing for a slot whose shard is not here")
  func absentShard() async throws {
    try await RedisFixture.withFolder { folder in
      let path = try await RedisFixture.artifact(in: folder) { try await $0.ask("SET", "k", "v") }
      var request = RedisFixture.request(path, in: folder)
      request.topology = Topology(
        epoch: 1, shards: [.init(name: "a", slots: SlotSet(0...99)), .init(name: "b", slots: SlotSet(100...16383))])
      try await RedisEngine().withSandbox(request) { sandbox in
        let found3 = try await replies(sandbox, [operation("GET", "foo")])
        #expect(found3 == [.indeterminate("the shard of its slot is not here")])
      }
    }
  }

  @Test("of a real cluster, read live and restored, holds the same")
  func clusterRestored() async throws {
    try await RedisFixture.withFolder { folder in
      let shape = SyntheticRedisCluster.Shape(
        masters: 3, replicasPerMaster: 1, password: Secret("secret"), syncDelaySeconds: 0)
      try await SyntheticRedisCluster.with(shape, below: folder) { cluster in
        try await cluster.fill(records: 3000, seed: 11)
        let end = ContinuousClock.now + .milliseconds(300)
        let written = try await cluster.keepWriting(records: 3000, seed: 12, perSecond: 2000) { .now > end }
        #expect(written > 0)
        let engine = RedisEngine()
        try await engine.withLive(cluster.description) { live in
          let backup = try await live.capture(CapturePlan(), into: "\(folder)/capture") { _ in }
          let request = SandboxRequest(
            files: backup.files, topology: backup.topology, clock: backup.cut.time, folder: folder,
            loadTimeout: .seconds(120))
          try await engine.withSandbox(request) { sandbox in
            #expect(sandbox.shards == live.shards)
            for file in backup.files {
              let stored = try await RedisFixture.digests { try engine.readArtifact(file, selection: .all, into: $0) }
              let restored = try await RedisFixture.digests {
                try await sandbox.readRecords(shard: file.shard, selection: .all, into: $0)
              }
              // What had expired before the cut and was not yet removed is in the file, and no server loads it.
              let held = stored.records.filter { record in
                let expiry = record.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
                return expiry == RecordBatch.noExpiry || expiry >= backup.cut.time.millisecondsSince1970
              }
              #expect(restored.records == held)
              #expect(held.count > 500)
            }
          }
        }
      }
    }
  }
}

extension Reply {
  /// What makes two replies the same: multisets are compared as such.
  var canonical: [UInt8] {
    switch self {
    case .answered(let answer): answer.canonicalBytes
    case .indeterminate(let reason): Array("indeterminate \(reason)".utf8)
    }
  }
}
