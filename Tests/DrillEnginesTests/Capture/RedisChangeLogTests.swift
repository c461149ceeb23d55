import DrillModel
import Foundation
import Synchronization
import Testing

@testable import DrillEngines

@Suite("Following what changes after a cut")
struct RedisChangeLogTests {
  static let history = String(repeating: "a", count: 40)

  static func encoded(_ text: String) -> [UInt8] {
    let words = text.split(separator: " ")
    return Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
  }

  static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = NSTemporaryDirectory() + "firedrill-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// Records `commands` after offset 1000; returns the offset after each.
  static func record(_ commands: [String], in folder: String, database: UInt32? = 0) throws -> [UInt64] {
    let recorder = try StreamRecorder(
      path: StreamRecorder.path(folder: folder, shard: "s"),
      StreamHeader(shard: "s", history: history, after: 1000, database: database))
    return try commands.map { command in
      try recorder.take(ReceivedBytes(bytes: encoded(command)))
      return recorder.offset
    }
  }

  static func log(_ folder: String, from: UInt64 = 1000, to: UInt64, history: String = history) throws -> RedisChangeLog
  {
    try RedisChangeLog(folder: folder, shard: "s", from: "\(Self.history):\(from)", to: "\(history):\(to)")
  }

  @Test(
    "of a slot in flight the target's stream tells too: new keys are written there, and the owner never hears of them")
  func inFlight() throws {
    try Self.withFolder { folder in
      func record(_ shard: String, _ command: String) throws -> String {
        let recorder = try StreamRecorder(
          path: StreamRecorder.path(folder: folder, shard: shard),
          StreamHeader(shard: shard, history: Self.history, after: 1000, database: 0))
        try recorder.take(ReceivedBytes(bytes: Self.encoded(command)))
        return "\(Self.history):\(recorder.offset)"
      }
      let ends = ["source": try record("source", "PING"), "target": try record("target", "SET new 1")]
      let slot = RedisSlot.slot(of: Array("new".utf8))
      func topology(_ moves: [Topology.Move]) -> Topology {
        Topology(
          epoch: 1, shards: [.init(name: "source", slots: .all), .init(name: "target", slots: SlotSet())], moves: moves)
      }
      func fact(_ moves: [Topology.Move], without shard: String? = nil) throws -> ChangeFact {
        func cut(_ positions: [String: String]) -> Cut {
          Cut(time: .now, coherence: .perShard, positions: positions.filter { $0.key != shard }, proof: [])
        }
        return try RedisChangeEvidence(
          folder: folder, cut: cut(ends.mapValues { _ in "\(Self.history):1000" }), topology: topology(moves),
          snapshot: CapturedBackup(
            files: [], cut: cut(ends), topology: topology(moves), engineVersion: "7", pause: .zero)
        ).evidence(namespace: "db0", key: Array("new".utf8), slot: slot)
      }
      let move = Topology.Move(slot: slot, source: "source", target: "target")
      #expect(try fact([move]) == .changed)
      #expect(try fact([move], without: "target") == .unknown)
      #expect(try fact([]) == .unchanged)
    }
  }

  @Test("a key is named in windows that hold its command, and in no other")
  func windows() throws {
    try Self.withFolder { folder in
      let ends = try Self.record(["SET a 1", "PING", "SET b 1", "MULTI", "SET c 1", "EXEC"], in: folder)
      let key = { (text: String) in Array(text.utf8) }
      for (index, end) in ends.enumerated() {
        let log = try Self.log(folder, to: end)
        #expect(log.isWhole, "\(index)")
        #expect(log.names(key("a"), database: 0))
        #expect(log.names(key("b"), database: 0) == (index >= 2))
        #expect(log.names(key("c"), database: 0) == (index >= 4))
        #expect(!log.names(key("a"), database: 1))
      }
      let later = try Self.log(folder, from: ends[0], to: ends[5])
      #expect(later.isWhole && !later.names(key("a"), database: 0) && later.names(key("b"), database: 0))
      for (log, why) in [
        (try Self.log(folder, to: ends[5] + 1), "past the end"),
        (try Self.log(folder, from: 999, to: ends[5]), "before the start"),
        (try Self.log(folder, to: ends[5], history: String(repeating: "b", count: 40)), "another history"),
      ] {
        #expect(!log.isWhole && log.gap != nil, "\(why)")
      }
    }
  }

  @Test("a torn or damaged log is whole up to its last whole entry, never further")
  func torn() throws {
    try Self.withFolder { folder in
      let ends = try Self.record(["SET a 1", "SET b 1", "SET c 1"], in: folder)
      let path = StreamRecorder.path(folder: folder, shard: "s")
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      for count in 0..<whole.count {
        try whole.prefix(count).write(to: URL(fileURLWithPath: path))
        let last = try Self.log(folder, to: ends[2])
        #expect(!last.isWhole, "cut at \(count)")
        let first = try Self.log(folder, to: ends[0])
        #expect(!first.isWhole || first.names([0x61], database: 0), "cut at \(count)")
      }
      for index in whole.indices {
        var flipped = whole
        flipped[index] ^= 1
        try flipped.write(to: URL(fileURLWithPath: path))
        #expect(!(try Self.log(folder, to: ends[2])).isWhole, "flipped at \(index)")
      }
      try whole.write(to: URL(fileURLWithPath: path))
      #expect(try Self.log(folder, to: ends[2]).isWhole)
    }
  }

  @Test("an unknown command ends what the log tells; flushes name everything in their database")
  func unknownAndFlush() throws {
    try Self.withFolder { folder in
      let ends = try Self.record(["SET a 1", "SELECT 2", "FLUSHDB", "SELECT 0", "JSON.SET k 1", "SET b 1"], in: folder)
      let log = try Self.log(folder, to: ends[3])
      #expect(log.isWhole && log.names([0x7A], database: 2) && !log.names([0x7A], database: 0))
      let past = try Self.log(folder, to: ends[4])
      #expect(!past.isWhole && past.gap?.contains("JSON.SET") == true)
    }
    try Self.withFolder { folder in
      let ends = try Self.record(["SET a 1", "FLUSHALL", "SELECT 1", "SET b 1"], in: folder, database: nil)
      let log = try Self.log(folder, to: ends[0])
      #expect(log.names([0x61], database: 0) && log.names([0x61], database: 9))
      #expect(try Self.log(folder, to: ends[1]).names([0x7A], database: 9))
    }
  }

  @Test("a stream may be cut anywhere, and hold line breaks between its commands, which do not count")
  func cuts() throws {
    let bytes = Self.encoded("SET a 1") + [0x0A] + Self.encoded("MSET b 1 c 2") + [0x0A, 0x0A] + Self.encoded("PING")
    func recorder(_ folder: String, _ name: String) throws -> StreamRecorder {
      try StreamRecorder(
        path: "\(folder)/\(name)", StreamHeader(shard: "s", history: Self.history, after: 0, database: 0))
    }
    try Self.withFolder { folder in
      for cut in 0...bytes.count {
        let stream = try recorder(folder, "cut-\(cut)")
        try stream.take(ReceivedBytes(bytes: Array(bytes[..<cut])))
        try stream.take(ReceivedBytes(bytes: Array(bytes[cut...])))
        #expect(stream.offset == UInt64(bytes.count - 3))
        let scan = try StreamScan(path: "\(folder)/cut-\(cut)")
        #expect(scan.gap == nil && scan.end.offset == stream.offset && scan.commands == 3)
      }
      let broken = try recorder(folder, "broken")
      #expect(throws: DrillError.self) { try broken.take(ReceivedBytes(bytes: Array("+OK\r\n".utf8))) }
    }
  }

  @Test("logs of the form that kept the names of keys alone are refused with what to do, and so is a missing one")
  func old() throws {
    try Self.withFolder { folder in
      #expect(try Self.log(folder, to: 2000).gap?.contains("none of this shard") == true)
      try Data("FDCHANGE".utf8).write(to: URL(fileURLWithPath: folder + "/s.changes"))
      #expect(try Self.log(folder, to: 2000).gap?.contains("record it again") == true)
      try Data("FDCHANGE".utf8).write(to: URL(fileURLWithPath: folder + "/s.aof"))
      #expect(try Self.log(folder, to: 2000).gap?.contains("record it again") == true)
    }
  }

  /// Commands of many kinds on keys `{t}name-…`; returns the keys that they change.
  static func change(_ connection: RedisConnection, _ tag: String) async throws -> Set<String> {
    func key(_ name: String) -> String { "{\(tag)}\(name)" }
    try await connection.ask("SET", key("string"), "v")
    try await connection.ask("HSET", key("hash"), "f", "v")
    try await connection.ask("RPUSH", key("list"), "a", "b")
    try await connection.ask("LMOVE", key("list"), key("list-2"), "LEFT", "RIGHT")
    try await connection.ask("XADD", key("stream"), "*", "f", "v")
    try await connection.ask("SET", key("short"), "v", "PX", "1")
    try await connection.ask(
      "EVAL", "redis.call('SET', KEYS[1], 'v') return redis.call('GET', KEYS[2])", "2", key("script"), key("read"))
    try await connection.ask("ZADD", key("sorted"), "1", "m")
    try await connection.ask("ZUNIONSTORE", key("union"), "2", key("sorted"), key("only-read"))
    try await connection.ask("MULTI")
    try await connection.ask("INCR", key("counter"))
    try await connection.ask("EXEC")
    return Set(
      ["string", "hash", "list", "list-2", "stream", "short", "script", "sorted", "union", "counter"].map(key))
  }

  static let candidates = [
    "string", "hash", "list", "list-2", "stream", "short", "script", "read", "sorted", "union", "only-read", "counter",
    "untouched", "before",
  ]

  static func evidence(
    _ engine: RedisEngine, _ cluster: PrivateRedisCluster, _ backup: CapturedBackup, _ snapshot: CapturedBackup,
    _ changes: String?
  ) async throws -> any ChangeEvidence {
    try await engine.changeEvidence(
      for: cluster.description(),
      in: ChangeWindow(
        cut: backup.cut, restored: backup.files, topology: backup.topology, snapshot: snapshot, changes: changes,
        patience: .seconds(20)))
  }

  @Test("a log that ends before the snapshot is not waited for where nobody records it", .timeLimit(.minutes(1)))
  func ended() async throws {
    try await RedisFixture.withFolder { folder in
      let end = try #require(try Self.record(["SET a 1"], in: folder).last)
      let topology = Topology(epoch: 1, shards: [.init(name: "s", slots: .all)])
      func cut(_ offset: UInt64) -> Cut {
        Cut(
          time: Instant(millisecondsSince1970: 0), coherence: .perShard, positions: ["s": "\(Self.history):\(offset)"],
          proof: [])
      }
      let evidence = try await RedisEngine().changeEvidence(
        for: ClusterDescription(name: "shop", engine: "redis"),
        in: ChangeWindow(
          cut: cut(1000), restored: [], topology: topology,
          snapshot: CapturedBackup(
            files: [], cut: cut(end + 1), topology: topology, engineVersion: "7.0.15", pause: .zero),
          changes: folder, patience: .seconds(86_400)))
      #expect(evidence.evidence(namespace: "db0", key: Array("a".utf8), slot: Slot(0)) == .unknown)
    }
  }

  @Test("following from a capture names exactly the keys that change after the cut", arguments: [true, false])
  func follow(coherent: Bool) async throws {
    let engine = RedisEngine()
    try await PrivateRedisCluster.with(masters: 2, replicas: 1, delay: 1) { cluster in
      // {b} is the first master's, {a} the second's.
      func each<R: Sendable>(_ body: (RedisConnection, String) async throws -> R) async throws -> [R] {
        var results: [R] = []
        for (node, tag) in zip(cluster.masters, ["b", "a"]) {
          results.append(try await RedisConnection.with(node.endpoint) { try await body($0, tag) })
        }
        return results
      }
      _ = try await each { connection, tag in try await connection.ask("SET", "{\(tag)}before", "v") }
      let changes = try cluster.newFolder("changes")
      try await RedisLiveCluster.with(cluster.description()) { live in
        let plan = CapturePlan(coherence: coherent ? .coherent : .perShard, follows: true)
        let backup = try await live.capture(plan, into: try cluster.newFolder("backup")) { _ in }
        // Changes made before following begins are not missed: the link has been open since the cut.
        var changed = Set(try await each { try await Self.change($0, $1) }.flatMap { $0 })
        let isDone = Mutex(false)
        let snapshot = try await withThrowingTaskGroup(of: CapturedBackup?.self) { tasks in
          let done: @Sendable () -> Bool = { isDone.withLock { $0 } }
          tasks.addTask {
            try await live.follow(from: backup.cut, topology: backup.topology, into: changes, isDone: done)
            return nil
          }
          changed.formUnion(
            try await each { connection, tag in
              try await connection.ask("SET", "{\(tag)}late", "v")
              return "{\(tag)}late"
            })
          let snapshot = try await live.capture(CapturePlan(), into: try cluster.newFolder("later")) { _ in }
          let evidence = try await Self.evidence(engine, cluster, backup, snapshot, changes)
          for tag in ["a", "b"] {
            for name in Self.candidates + ["late"] {
              let key = "{\(tag)}\(name)"
              let bytes = Array(key.utf8)
              let fact = evidence.evidence(namespace: "db0", key: bytes, slot: engine.slot(ofKey: bytes))
              #expect(fact == (changed.contains(key) ? .changed : .unchanged), "\(key)")
            }
          }
          isDone.withLock { $0 = true }
          _ = try await tasks.next()
          return snapshot
        }
        // A key that changes after the later snapshot is not named for its window.
        let tooEarly = try await Self.evidence(engine, cluster, backup, backup, changes)
        #expect(tooEarly.evidence(namespace: "db0", key: Array("{a}late".utf8), slot: Slot(15495)) == .unchanged)
        let none = try await Self.evidence(engine, cluster, backup, snapshot, nil)
        #expect(none.evidence(namespace: "db0", key: Array("{a}late".utf8), slot: Slot(15495)) == .unknown)
      }
      // Nobody counts us as a replica any more.
      for node in cluster.masters + cluster.replicas {
        let info = try await RedisConnection.with(node.endpoint) { RedisInfo(try await $0.ask("INFO").text ?? "") }
        let expected: UInt64 = cluster.masters.contains { $0.port == node.port } ? 1 : 0
        #expect(info.number("connected_slaves") == expected)
      }
    }
  }

  @Test("following later goes on from the backlog; where it is too short, that is said, and no snapshot is begun")
  func backlog() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      let endpoint = cluster.masters[0].endpoint
      let backup = try await RedisLiveCluster.with(cluster.description()) { live in
        try await live.capture(CapturePlan(), into: try cluster.newFolder("backup")) { _ in }
      }
      try await RedisConnection.with(endpoint) { try await $0.ask("SET", "late", "v") }
      func follow(_ folder: String) async -> DrillError.Code? {
        await RedisConnectionTests.code {
          try await RedisLiveCluster.with(cluster.description()) { live in
            try await live.follow(from: backup.cut, topology: backup.topology, into: try cluster.newFolder(folder)) {
              true
            }
          }
        }
      }
      #expect(await follow("a") == nil)
      let offset = try await RedisConnection.with(endpoint) {
        RedisInfo(try await $0.ask("INFO").text ?? "").number("master_repl_offset") ?? 0
      }
      let cut = try #require(backup.cut.positions["standalone"])
      let history = try #require(cut.split(separator: ":").first)
      let log = try RedisChangeLog(
        folder: cluster.folder + "/a", shard: "standalone", from: cut, to: "\(history):\(offset)")
      #expect(log.isWhole && log.names(Array("late".utf8), database: 0) && !log.names(Array("early".utf8), database: 0))

      try await RedisConnection.with(endpoint) { connection in
        try await connection.ask("CONFIG", "SET", "repl-backlog-size", "16384")
        for _ in 0..<40 { try await connection.ask("SET", "large", String(repeating: "v", count: 4096)) }
      }
      let forks = try await RedisConnection.with(endpoint) {
        RedisInfo(try await $0.ask("INFO").text ?? "").number("total_forks")
      }
      #expect(await follow("b") == .referenceUnavailable)
      #expect(
        forks
          == (try await RedisConnection.with(endpoint) {
            RedisInfo(try await $0.ask("INFO").text ?? "").number("total_forks")
          }))
      try await RedisConnection.with(endpoint) { try await $0.ask("CONFIG", "SET", "min-replicas-to-write", "1") }
      #expect(await follow("c") == .captureRefused)
    }
  }

  @Test("a link that is lost is opened again where it ended, and nothing is missed")
  func lostLink() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      let endpoint = cluster.masters[0].endpoint
      let changes = try cluster.newFolder("changes")
      let isDone = Mutex(false)
      try await RedisLiveCluster.with(cluster.description()) { live in
        let backup = try await live.capture(CapturePlan(follows: true), into: try cluster.newFolder("backup")) { _ in }
        let done: @Sendable () -> Bool = { isDone.withLock { $0 } }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          tasks.addTask {
            try await live.follow(from: backup.cut, topology: backup.topology, into: changes, isDone: done)
          }
          try await RedisConnection.with(endpoint) { connection in
            for index in 0..<20 {
              try await connection.ask("SET", "k\(index)", "v")
              if index % 5 == 4 { try await connection.ask("CLIENT", "KILL", "TYPE", "replica") }
            }
          }
          isDone.withLock { $0 = true }
          try await tasks.waitForAll()
        }
        let offset = try await RedisConnection.with(endpoint) {
          RedisInfo(try await $0.ask("INFO").text ?? "").number("master_repl_offset") ?? 0
        }
        let cut = try #require(backup.cut.positions["standalone"])
        let history = try #require(cut.split(separator: ":").first)
        let log = try RedisChangeLog(
          folder: changes, shard: "standalone", from: cut, to: "\(history):\(offset)")
        #expect(log.isWhole, "\(log.gap ?? "")")
        for index in 0..<20 { #expect(log.names(Array("k\(index)".utf8), database: 0), "k\(index)") }
      }
    }
  }
}
