import DrillModel
import Foundation
import Synchronization
import Testing

@testable import DrillEngines

@Suite("Captures of real Redis servers", .serialized)
struct RedisCaptureTests {
  typealias Cluster = PrivateRedisCluster

  /// How often the experiment of cause and effect is made.
  static var rounds: Int { ProcessInfo.processInfo.environment["FIREDRILL_CAPTURES"].flatMap { Int($0) } ?? 3 }

  /// The value in the snapshots' bytes that comes after `prefix`: eight digits. Short strings are stored as they are.
  static func number(_ prefix: String, in files: [ArtifactFile]) throws -> Int {
    for file in files {
      let content = try Data(contentsOf: URL(fileURLWithPath: file.path))
      if let range = content.range(of: Data(prefix.utf8)) {
        return Int(String(decoding: content[range.upperBound..<range.upperBound + 8], as: UTF8.self)) ?? -1
      }
    }
    return -1
  }

  /// Two chains of cause and effect, in opposite directions: each effect is set only after its cause was acknowledged.
  static func write(_ cluster: Cluster, until isDone: @escaping @Sendable () -> Bool) async throws {
    // {a} is in slot 15495, {b} in 3300: the last and the first master's.
    let last = cluster.masters[cluster.masters.count - 1].endpoint
    let first = cluster.masters[0].endpoint
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for (name, causeAt, effectAt, causeTag, effectTag) in [
        ("x", last, first, "{a}", "{b}"), ("y", first, last, "{b}", "{a}"),
      ] {
        tasks.addTask {
          try await RedisConnection.with(causeAt) { cause in
            try await RedisConnection.with(effectAt) { effect in
              var number = 0
              while !isDone() {
                number += 1
                let text = String(format: "%08d", number)
                try await cause.ask("SET", "\(causeTag)cause-\(name)", "cause-\(name)-\(text)", timeout: .seconds(30))
                try await effect.ask(
                  "SET", "\(effectTag)effect-\(name)", "effect-\(name)-\(text)", timeout: .seconds(30))
              }
            }
          }
        }
      }
      try await tasks.waitForAll()
    }
  }

  static func withWriters<R: Sendable>(_ cluster: Cluster, _ body: () async throws -> R) async throws -> R {
    let isDone = Mutex(false)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      let done: @Sendable () -> Bool = { isDone.withLock { $0 } }
      tasks.addTask { try await write(cluster, until: done) }
      do {
        let result = try await body()
        isDone.withLock { $0 = true }
        try await tasks.waitForAll()
        return result
      } catch {
        isDone.withLock { $0 = true }
        throw error
      }
    }
  }

  @Test(
    "coherent captures never hold an effect without its cause; per-shard captures do, and do not call themselves coherent"
  )
  func causeAndEffect() async throws {
    try await Cluster.with(masters: 3, replicas: 1, delay: 1) { cluster in
      try await RedisLiveCluster.with(cluster.description()) { live in
        try await Self.withWriters(cluster) {
          for round in 0..<Self.rounds {
            let folder = try cluster.newFolder("coherent-\(round)")
            let counted = Mutex<UInt64>(0)
            let plan = CapturePlan(coherence: .coherent, maxPause: .seconds(10))
            let backup = try await live.capture(plan, into: folder) { held in
              let counts = try #require(try await held.slotCounts())
              #expect(counts.perSlot.count == Slot.count)
              counted.withLock { $0 = counts.perSlot.values.reduce(0, +) }
            }
            #expect(backup.cut.coherence == .coherent)
            #expect(backup.cut.proof.count == 3)
            #expect(backup.files.map(\.shard) == backup.topology.shards.map(\.name))
            #expect(counted.withLock { $0 } == 4)
            for chain in ["x", "y"] {
              let cause = try Self.number("cause-\(chain)-", in: backup.files)
              let effect = try Self.number("effect-\(chain)-", in: backup.files)
              #expect(
                cause > 0 && (cause == effect || cause == effect + 1),
                "chain \(chain): cause \(cause), effect \(effect)")
            }
          }
          // How often shards' cuts fall between a cause and its effect is the scheduler's business: as many tries as it takes, within reason.
          var torn = 0
          var tries = 0
          while torn == 0, tries < 50 {
            tries += 1
            let loose = try await live.capture(CapturePlan(), into: try cluster.newFolder("loose-\(tries)")) { _ in
              Issue.record("a per-shard capture holds nothing")
            }
            #expect(loose.cut.coherence == .perShard)
            #expect(loose.pause == .zero)
            for chain in ["x", "y"] {
              let effect = try Self.number("effect-\(chain)-", in: loose.files)
              if effect > (try Self.number("cause-\(chain)-", in: loose.files)) { torn += 1 }
            }
          }
          #expect(torn > 0, "no per-shard capture was torn: the experiment shows nothing")
        }
      }
    }
  }

  @Test("snapshots come from replicas in sync, and from the master where there is none")
  func sources() async throws {
    try await Cluster.with(masters: 1, replicas: 1, isCluster: false) { cluster in
      let syncs = { (node: Cluster.Node) in
        try await RedisConnection.with(node.endpoint) {
          RedisInfo(try await $0.ask("INFO").text ?? "").number("sync_full")
        }
      }
      try await RedisLiveCluster.with(cluster.description()) { live in
        #expect(live.shards == ["standalone"])
        let before = try await syncs(cluster.masters[0])
        let backup = try await live.capture(CapturePlan(coherence: .coherent), into: try cluster.newFolder("a")) {
          held in
          let counts = try await held.slotCounts()
          #expect(counts == SlotCounts(namespaces: ["standalone": [:]]))
          #expect(!held.isFingerprintable)
        }
        #expect(backup.topology == Topology(epoch: 0, shards: [Topology.Shard(name: "standalone", slots: .all)]))
        #expect(try await syncs(cluster.masters[0]) == before)
        #expect(try await syncs(cluster.replicas[0]) == 1)
        try await RedisConnection.with(cluster.replicas[0].endpoint) { try await $0.ask("REPLICAOF", "127.0.0.1", "1") }
        _ = try await live.capture(CapturePlan(coherence: .coherent), into: try cluster.newFolder("b")) { _ in }
        #expect(try await syncs(cluster.masters[0]) == (before ?? 0) + 1)
      }
      // The replica's endpoint leads to its master too.
      try await RedisConnection.with(cluster.replicas[0].endpoint) { connection in
        try await connection.ask("REPLICAOF", "127.0.0.1", String(cluster.masters[0].port))
      }
      var description = cluster.description()
      description.endpoints = [cluster.replicas[0].endpoint]
      let map = try await RedisDiscovery.map(of: description)
      #expect(map.shards.map(\.master.endpoint) == [cluster.masters[0].endpoint])
    }
  }

  @Test("a snapshot on the server's own disk is taken only where the plan allows it")
  func serverDisk() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, options: ["repl-diskless-sync", "no"]) {
      cluster in
      try await RedisLiveCluster.with(cluster.description()) { live in
        var plan = CapturePlan(coherence: .coherent)
        let refused = await RedisConnectionTests.code {
          _ = try await live.capture(plan, into: try cluster.newFolder("a")) { _ in Issue.record("held") }
        }
        #expect(refused == .captureRefused)
        plan.allowsServerDisk = true
        let backup = try await live.capture(plan, into: try cluster.newFolder("b")) { _ in }
        #expect(backup.cut.coherence == .coherent)
        #expect(FileManager.default.fileExists(atPath: cluster.masters[0].folder + "/dump.rdb"))
        let sealed = try Data(contentsOf: URL(fileURLWithPath: backup.files[0].path))
        #expect(sealed == (try Data(contentsOf: URL(fileURLWithPath: cluster.masters[0].folder + "/dump.rdb"))))
      }
    }
  }

  @Test("a snapshot that another replica's save is attached to is never called coherent")
  func attachedFork() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, options: ["rdb-key-save-delay", "20000"]) {
      cluster in
      let endpoint = cluster.masters[0].endpoint
      try await RedisConnection.with(endpoint) { connection in
        for index in 0..<50 { try await connection.ask("SET", "k\(index)", "v") }
        let other = try SnapshotFile(path: cluster.folder + "/other.rdb")
        let link = try await ReplicationLink.open(endpoint, .none, transfer: .disk, sink: other)
        link.askForSnapshot()
        let old = try await link.resynced()
        try await connection.ask("SET", "late", "v")

        let plan = CapturePlan(coherence: .coherent, allowsServerDisk: true)
        let map = try await RedisDiscovery.map(of: cluster.description())
        let capture = CoherentCapture(
          survey: try await CaptureSurvey.make(map, plan: plan, credentials: .none), plan: plan, credentials: .none,
          folder: try cluster.newFolder("a"),
          events: { _ in })
        do {
          _ = try await capture.run { _ in Issue.record("an old snapshot was held for the cut") }
          Issue.record("an old snapshot was called coherent")
        } catch let failed as CoherentHold.Failed {
          #expect(failed.reasons.count == 1)
          #expect(failed.reasons.first?.contains("offset \(old.offset)") == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: cluster.folder + "/a").isEmpty)
        // Writes go on at once, and the whole capture waits for the other save and then takes its own.
        try await connection.ask("SET", "later", "v")
        try await RedisLiveCluster.with(cluster.description()) { live in
          let backup = try await live.capture(plan, into: try cluster.newFolder("b")) { _ in }
          let offset = backup.cut.positions["standalone"]?.split(separator: ":").last.flatMap { UInt64($0) } ?? 0
          #expect(offset > old.offset)
        }
        await link.close()
        other.discard()
      }
    }
  }

  @Test("writes resume by themselves when whoever paused them is gone")
  func abandonedPause() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false) { cluster in
      let endpoint = cluster.masters[0].endpoint
      let connection = try await RedisConnection.connect(endpoint)
      let pause = WritePause(
        [WritePause.Master(shard: "s", endpoint: endpoint, connection: connection)], groups: [["s"]],
        credentials: .none, isCluster: false,
        limit: .milliseconds(600))
      try await pause.begin()
      let expiresAt = try #require(pause.expiresAt)
      await connection.close()
      try await RedisConnection.with(endpoint) { try await $0.ask("SET", "k", "v", timeout: .seconds(20)) }
      #expect(ContinuousClock.now >= expiresAt)
    }
  }

  @Test("whoever uses the held cut too long does not hold up writes, and hears that it is over")
  func overstaying() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      let endpoint = cluster.masters[0].endpoint
      // The first PSYNC makes the backlog.
      try await RedisLiveCluster.with(cluster.description()) { live in
        _ = try await live.capture(CapturePlan(), into: try cluster.newFolder("first")) { _ in }
        let plan = CapturePlan(coherence: .coherent, maxPause: .milliseconds(500))
        let backup = try await live.capture(plan, into: try cluster.newFolder("a")) { held in
          #expect(held.remaining > .zero)
          try await RedisConnection.with(endpoint) { try await $0.ask("SET", "k", "v", timeout: .seconds(20)) }
          #expect(held.remaining == .zero)
        }
        #expect(backup.cut.coherence == .coherent)
        #expect(backup.pause <= .milliseconds(500))
      }
    }
  }

  @Test("an error while the cut is held releases writes, leaves no file and is handed on")
  func failingBody() async throws {
    struct Stop: Error {}
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      try await RedisLiveCluster.with(cluster.description()) { live in
        _ = try await live.capture(CapturePlan(), into: try cluster.newFolder("first")) { _ in }
        let folder = try cluster.newFolder("a")
        await #expect(throws: Stop.self) {
          _ = try await live.capture(CapturePlan(coherence: .coherent, maxPause: .seconds(60)), into: folder) { _ in
            throw Stop()
          }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        try await RedisConnection.with(cluster.masters[0].endpoint) {
          try await $0.ask("SET", "k", "v", timeout: .seconds(10))
        }
      }
    }
  }

  @Test("a cancelled capture releases writes and leaves no file")
  func cancelled() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      let folder = try cluster.newFolder("a")
      let description = cluster.description()
      _ = try await RedisLiveCluster.with(description) { live in
        try await live.capture(CapturePlan(), into: try cluster.newFolder("first")) { _ in }
      }
      let isHeld = Mutex(false)
      let task = Task {
        await RedisConnectionTests.code {
          try await RedisLiveCluster.with(description) { live in
            _ = try await live.capture(CapturePlan(coherence: .coherent, maxPause: .seconds(60)), into: folder) { _ in
              isHeld.withLock { $0 = true }
              try await Task.sleep(for: .seconds(60))
            }
          }
        }
      }
      while !isHeld.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
      task.cancel()
      #expect(await task.value == .interrupted)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      try await RedisConnection.with(cluster.masters[0].endpoint) {
        try await $0.ask("SET", "k", "v", timeout: .seconds(10))
      }
    }
  }

  @Test("an open slot stands in the topology at the cut and is counted on both sides; moves in a circle are refused")
  func openSlots() async throws {
    try await Cluster.with(masters: 2, replicas: 0, delay: 1) { cluster in
      let (a, b) = (cluster.masters[0].endpoint, cluster.masters[1].endpoint)
      func id(_ endpoint: Endpoint) async throws -> String {
        try await RedisConnection.with(endpoint) { try await $0.ask("CLUSTER", "MYID").text ?? "" }
      }
      func open(_ slot: Int, from source: Endpoint, to target: Endpoint) async throws {
        let (sourceID, targetID) = (try await id(source), try await id(target))
        try await RedisConnection.with(target) {
          try await $0.ask("CLUSTER", "SETSLOT", String(slot), "IMPORTING", sourceID)
        }
        try await RedisConnection.with(source) {
          try await $0.ask("CLUSTER", "SETSLOT", String(slot), "MIGRATING", targetID)
        }
      }
      // {b} is slot 3300, the first master's. One key moves, one stays.
      try await RedisConnection.with(a) { connection in
        try await connection.ask("SET", "{b}1", "v")
        try await connection.ask("SET", "{b}2", "v")
      }
      try await open(3300, from: a, to: b)
      let port = cluster.masters[1].port
      try await RedisConnection.with(a) { try await $0.ask("MIGRATE", "127.0.0.1", String(port), "{b}1", "0", "5000") }
      try await RedisLiveCluster.with(cluster.description()) { live in
        let backup = try await live.capture(CapturePlan(coherence: .coherent), into: try cluster.newFolder("a")) {
          held in
          let counts = try #require(try await held.slotCounts())
          #expect(counts.perSlot[Slot(3300)] == 2)
          #expect(counts.shards.values.allSatisfy { $0["3300"] == 1 })
        }
        #expect(
          backup.topology.moves == [Topology.Move(slot: Slot(3300), source: try await id(a), target: try await id(b))])
        #expect(backup.topology.epoch > 0)
        try await open(16000, from: b, to: a)
        let estimate = try await live.estimate(CapturePlan(coherence: .coherent))
        #expect(estimate.refusals.count == 1)
        let refused = await RedisConnectionTests.code {
          _ = try await live.capture(CapturePlan(coherence: .coherent), into: try cluster.newFolder("b")) { _ in
            Issue.record("held")
          }
        }
        #expect(refused == .captureRefused)
      }
    }
  }

  @Test("what does not fit is refused before anything is paused or forked, and so is a stranger")
  func refusals() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false, delay: 5) { cluster in
      let endpoint = cluster.masters[0].endpoint
      func code(_ plan: CapturePlan, user: String? = nil, password: String? = nil) async -> DrillError.Code? {
        await RedisConnectionTests.code {
          try await RedisLiveCluster.with(cluster.description(username: user, password: password.map { Secret($0) })) {
            live in
            _ = try await live.capture(plan, into: cluster.folder + "/never") { _ in Issue.record("held") }
          }
        }
      }
      #expect(await code(CapturePlan(coherence: .coherent, maxPause: .milliseconds(900))) == .captureRefused)
      try await RedisConnection.with(endpoint) { connection in
        try await connection.ask("CONFIG", "SET", "min-replicas-to-write", "1")
        try await connection.ask("ACL", "SETUSER", "narrow", "on", ">pw", "+ping", "+info", "~*")
        try await connection.ask("ACL", "SETUSER", "nobody", "on", ">pw", "-@all")
      }
      #expect(await code(CapturePlan(follows: true)) == .captureRefused)
      #expect(await code(CapturePlan(), user: "narrow", password: "pw") == .permissionDenied)
      #expect(await code(CapturePlan(), user: "nobody", password: "pw") == .permissionDenied)
      #expect(await code(CapturePlan(), user: "narrow", password: "wrong") == .authenticationFailed)
      #expect(!FileManager.default.fileExists(atPath: cluster.folder + "/never"))
      let forks = try await RedisConnection.with(endpoint) {
        RedisInfo(try await $0.ask("INFO").text ?? "").number("total_forks")
      }
      #expect(forks == 0)
      var lost = cluster.description()
      lost.endpoints = [.tcp(host: "127.0.0.1", port: 1)]
      #expect(await RedisConnectionTests.code { try await RedisLiveCluster.with(lost) { _ in } } == .unreachable)
      lost.isCluster = true
      #expect(await RedisConnectionTests.code { try await RedisLiveCluster.with(lost) { _ in } } == .unreachable)
    }
  }

  @Test("a user with no more rights than the documented ones can capture, over a unix socket too")
  func narrowUser() async throws {
    try await Cluster.with(masters: 1, replicas: 0, isCluster: false) { cluster in
      try await RedisConnection.with(cluster.masters[0].endpoint) { connection in
        _ = try await connection.send(
          "ACL SETUSER drill on >pw -@all +info +time +config|get +client|pause +client|unpause +psync +replconf +ping"
            .split(separator: " ").map { Array($0.utf8) })
      }
      var description = cluster.description(username: "drill", password: Secret("pw"))
      description.endpoints = [cluster.masters[0].socket]
      try await RedisLiveCluster.with(description) { live in
        let backup = try await live.capture(CapturePlan(coherence: .coherent), into: try cluster.newFolder("a")) { _ in
        }
        #expect(backup.cut.coherence == .coherent)
        #expect(backup.engineVersion.hasPrefix("7."))
      }
    }
  }
}
