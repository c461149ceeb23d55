import DrillModel
import Foundation
import Synchronization
import Testing

@testable import DrillEngines

/// Chains of a full backup and change streams of real servers, restored to points at which the servers saved a copy of
/// themselves.
@Suite("Chains of Redis backups", .serialized)
struct RedisChainTests {
  /// A moment at which nothing was written, and the server's own copy of itself then.
  struct Moment: Sendable {
    var position: String
    var time: Instant
    /// Whether the time tells it from what was written before and after.
    var isTimed: Bool
    var copy: String
    var shard: String
  }

  static func position(_ connection: RedisConnection) async throws -> String {
    let info = RedisInfo(try await connection.ask("INFO", "replication").text ?? "")
    return "\(info["master_replid"] ?? ""):\(info.number("master_repl_offset") ?? 0)"
  }

  static func write(_ connection: RedisConnection, _ writes: inout RandomWrites, steps: Int) async throws {
    let commands = (0..<steps).flatMap { _ in writes.step() }.map { $0.map { Array($0.utf8) } }
    let replies = await connection.pipeline(commands, timeout: .seconds(30))
    if let failure = replies.failure { throw failure }
  }

  /// Sleeps past the second after now, so that a later write is made in another second than all before.
  static func pass(_ time: Instant) async throws {
    while Instant.now.millisecondsSince1970 / 1000 <= time.millisecondsSince1970 / 1000 {
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  static func moment(
    _ connection: RedisConnection, _ folder: String, _ number: Int, isTimed: Bool, shard: String = "standalone"
  ) async throws -> Moment {
    // What was written in this second was received in it, or in the next.
    if isTimed { try await Task.sleep(for: .milliseconds(150)) }
    let time = Instant.now
    let moment = Moment(
      position: try await position(connection), time: time, isTimed: isTimed,
      copy: try await RedisFixture.snapshot(connection, in: folder, "moment-\(number)"), shard: shard)
    if isTimed { try await pass(time) }
    return moment
  }

  static func contents(
    _ chain: ShardChain, _ point: RestorePoint, in folder: String
  ) async throws -> (records: Set<AOFLogs.Content>, assembled: AssembledShard, facts: ReadFacts) {
    let place = "\(folder)/assembled-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let assembled = try RedisEngine().assemble(chain, upTo: point, in: place)
    let (records, facts) = try await AOFLogs.contents(of: assembled.file)
    return (records, assembled, facts)
  }

  static func withoutLeftOut(_ records: Set<AOFLogs.Content>, _ facts: ReadFacts) -> Set<AOFLogs.Content> {
    let names = Set(facts.leftOutRecords.map { "\($0.namespace) \($0.key)" })
    return records.filter { !names.contains("\($0.namespace) \($0.key)") }
  }

  static func link(
    _ backup: CapturedBackup, _ name: String, shard: String = "standalone"
  ) throws -> ShardChain.Increment {
    .init(
      backup: name, files: backup.files.filter { $0.shard == shard },
      position: try #require(backup.cut.positions[shard]),
      time: backup.cut.time)
  }

  @Test("twenty seeded points in a full and five increments are each equal to the copy that the server made then")
  func points() async throws {
    let seed: UInt64 = 20_261_127
    try await PrivateRedisCluster.with(
      masters: 1, replicas: 0, isCluster: false, delay: 0, options: ["repl-backlog-size", "16mb"]
    ) { cluster in
      let changes = try cluster.newFolder("changes")
      let isDone = Mutex(false)
      try await RedisLiveCluster.with(cluster.description()) { live in
        try await RedisConnection.with(cluster.masters[0].endpoint) { connection in
          var writes = RandomWrites(seed: seed)
          try await Self.write(connection, &writes, steps: 100)
          let full = try await live.capture(CapturePlan(follows: true), into: try cluster.newFolder("full")) { _ in }
          let done: @Sendable () -> Bool = { isDone.withLock { $0 } }
          try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
              try await live.follow(from: full.cut, topology: full.topology, into: changes, isDone: done)
            }
            defer { isDone.withLock { $0 = true } }
            let stream = StreamRecorder.path(folder: changes, shard: "standalone")
            let isFollowed = await RedisFixture.eventually { (StreamCopy.lastOffset(of: stream) ?? 0) > 0 }
            #expect(isFollowed)
            var moments: [Moment] = []
            var chain = ShardChain(shard: "standalone", base: full.files[0], increments: [])
            var last = full
            for number in 1...5 {
              // Of what comes out of a backlog nobody knows when it was made.
              let isRecorded = number != 2
              for step in 0..<4 {
                try await Self.write(connection, &writes, steps: 25)
                moments.append(
                  try await Self.moment(
                    connection, cluster.folder, moments.count, isTimed: isRecorded && step.isMultiple(of: 2)))
              }
              try await Self.write(connection, &writes, steps: 25)
              let increment = try await live.captureIncrement(
                on: IncrementPredecessor(
                  cut: last.cut, topology: last.topology, changes: isRecorded ? changes : nil, restored: { [] }),
                CapturePlan(coherence: number == 4 ? .coherent : .perShard),
                into: "\(cluster.folder)/increment-\(number)"
              ) { held in
                #expect(held.remaining > .zero)
              }
              chain.increments.append(try Self.link(increment, "increment-\(number)"))
              last = increment
            }
            isDone.withLock { $0 = true }
            try await tasks.waitForAll()

            var random = SeededGenerator(seed: seed)
            var leftOut = 0
            for number in 0..<20 {
              let moment =
                number < moments.count ? moments[number] : moments[Int(random.next() % UInt64(moments.count))]
              let byTime = moment.isTimed && random.next().isMultiple(of: 2)
              let (records, assembled, facts) = try await Self.contents(
                chain, byTime ? .time(moment.time) : .positions(["standalone": moment.position]), in: cluster.folder)
              let copy = Self.withoutLeftOut(try await AOFLogs.contents(ofSnapshot: moment.copy), facts)
              let label: Comment = "seed \(seed), moment \(number), \(byTime ? "by time" : "by position")"
              #expect(assembled.problems.isEmpty, label)
              #expect(assembled.position == moment.position, label)
              #expect(records == copy, "\(label)\n\(AOFLogs.differences(records, copy))")
              leftOut += facts.leftOutRecords.count
            }
            #expect(leftOut < 60, "most keys are modelled")

            // Two independent readers: a server on what was put together, with all of its links, and one cut off within.
            for point in [RestorePoint.end, .positions(["standalone": moments[13].position])] {
              let place = try cluster.newFolder("sandbox-\(point == .end)")
              let assembled = try RedisEngine().assemble(chain, upTo: point, in: place)
              var request = RedisFixture.request(assembled.file.path, in: place)
              request.files = [assembled.file]
              request.topology = Topology(epoch: 1, shards: [.init(name: "standalone", slots: .all)])
              let held = try await RedisEngine().withSandbox(request) { sandbox in
                try await AOFLogs.contents {
                  try await sandbox.readRecords(shard: "standalone", selection: .all, into: $0)
                }.records
              }
              let (ours, facts) = try await AOFLogs.contents(of: assembled.file)
              let theirs = Self.withoutLeftOut(held, facts)
              #expect(ours == theirs, "seed \(seed)\n\(AOFLogs.differences(ours, theirs))")
            }
            // A time among what came out of a backlog cannot be told: that is said, and nothing later is restored.
            let untimed = try await Self.contents(chain, .time(moments[5].time), in: cluster.folder)
            #expect(untimed.assembled.shortfall?.contains("nobody knows when") == true)
            #expect(untimed.assembled.position == chain.increments[0].position)
            // Every link's facts join.
            var position = try #require(full.cut.positions["standalone"])
            for increment in chain.increments {
              let facts = try RedisEngine().incrementFacts(increment.files[0])
              #expect(facts.problems.isEmpty && facts.from == position && facts.to == increment.position)
              #expect(facts.shard == "standalone")
              position = increment.position
            }
          }
        }
      }
    }
  }

  @Test("a slot that moves to another shard in the window is replayed in both; a shard that is new since is refused")
  func moves() async throws {
    try await PrivateRedisCluster.with(masters: 2, replicas: 1, delay: 0, options: ["repl-backlog-size", "16mb"]) {
      cluster in
      func id(_ index: Int) async throws -> String {
        try await RedisConnection.with(cluster.masters[index].endpoint) {
          try await $0.ask("CLUSTER", "MYID").text ?? ""
        }
      }
      let (source, target) = (try await id(0), try await id(1))
      // {b} is in slot 3300, the first master's.
      try await RedisConnection.with(cluster.masters[0].endpoint) { connection in
        for index in 0..<20 { try await connection.ask("SET", "{b}k\(index)", "v\(index)", "PX", "3600000") }
        try await connection.ask("SET", "{b}stays", "v")
      }
      try await RedisLiveCluster.with(cluster.description()) { live in
        let full = try await live.capture(
          CapturePlan(coherence: .coherent), into: try cluster.newFolder("full")
        ) { _ in }
        try await RedisConnection.with(cluster.masters[0].endpoint) { from in
          try await RedisConnection.with(cluster.masters[1].endpoint) { to in
            try await to.ask("CLUSTER", "SETSLOT", "3300", "IMPORTING", source)
            try await from.ask("CLUSTER", "SETSLOT", "3300", "MIGRATING", target)
            for index in 0..<20 {
              try await from.ask(
                "MIGRATE", "127.0.0.1", String(cluster.masters[1].port), "{b}k\(index)", "0", "5000")
            }
          }
        }
        let increment = try await live.captureIncrement(
          on: IncrementPredecessor(cut: full.cut, topology: full.topology, restored: { [] }),
          CapturePlan(coherence: .coherent), into: "\(cluster.folder)/increment"
        ) { _ in }
        #expect(increment.cut.coherence == .coherent && increment.topology.moves.count == 1)
        for (index, shard) in [source, target].enumerated() {
          let chain = ShardChain(
            shard: shard, base: try #require(full.files.first { $0.shard == shard }),
            increments: [try Self.link(increment, "increment", shard: shard)])
          let (records, assembled, _) = try await Self.contents(chain, .end, in: cluster.folder)
          let copy = try await RedisConnection.with(cluster.masters[index].endpoint) {
            try await RedisFixture.snapshot($0, in: cluster.folder, "copy-\(index)")
          }
          let expected = try await AOFLogs.contents(ofSnapshot: copy)
          #expect(assembled.problems.isEmpty && records == expected, "\(AOFLogs.differences(records, expected))")
          #expect(records.count == (index == 0 ? 1 : 20))
        }
        // A shard that is not the predecessor's, and a history that is another one.
        var cut = full.cut
        cut.positions[target] = nil
        let isNew = await Self.code(live, full, cut, cluster)
        #expect(isNew == .referenceUnavailable)
        cut.positions[target] = String(repeating: "0", count: 40) + ":1"
        let isOther = await Self.code(live, full, cut, cluster)
        #expect(isOther == .referenceUnavailable)
      }
    }
  }

  static func code(
    _ live: RedisLiveCluster, _ full: CapturedBackup, _ cut: Cut, _ cluster: PrivateRedisCluster
  ) async -> DrillError.Code? {
    await RedisConnectionTests.code {
      _ = try await live.captureIncrement(
        on: IncrementPredecessor(cut: cut, topology: full.topology, restored: { [] }), CapturePlan(),
        into: "\(cluster.folder)/refused"
      ) { _ in }
    }
  }

  @Test("an increment from a backlog that is too short is refused with what to do, before anything is paused")
  func tooShort() async throws {
    try await PrivateRedisCluster.with(
      masters: 1, replicas: 0, isCluster: false, delay: 0, options: ["repl-backlog-size", "16384"]
    ) { cluster in
      try await RedisLiveCluster.with(cluster.description()) { live in
        let full = try await live.capture(CapturePlan(), into: try cluster.newFolder("full")) { _ in }
        let estimate = try await live.estimate(CapturePlan(coherence: .coherent, isIncrement: true))
        #expect(estimate.forkMs == 0 && estimate.memoryNeededBytes == 0 && estimate.pauseMs > 0)
        #expect(estimate.lines.contains { $0.contains("no snapshot, no fork") })
        try await RedisConnection.with(cluster.masters[0].endpoint) { connection in
          for _ in 0..<40 { try await connection.ask("SET", "large", String(repeating: "v", count: 4096)) }
        }
        await #expect {
          _ = try await live.captureIncrement(
            on: IncrementPredecessor(cut: full.cut, topology: full.topology, restored: { [] }), CapturePlan(),
            into: "\(cluster.folder)/increment"
          ) { _ in }
        } throws: { error in
          guard let error = error as? DrillError else { return false }
          return error.code == .referenceUnavailable && error.detail.contains("repl-backlog-size")
        }
        #expect(!FileManager.default.fileExists(atPath: "\(cluster.folder)/increment/standalone.aof"))
      }
    }
  }
}
