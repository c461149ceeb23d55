import DrillModel
import Foundation
import Glibc
import Synchronization
import Testing

@testable import DrillEngines

@Suite("Reading a snapshot as it comes")
struct SnapshotReaderTests {
  /// Fills a server with `count` strings of a kilobyte that do not compress away.
  static func fill(_ connection: RedisConnection, _ count: Int, seed: UInt64 = 7) async throws {
    var state = seed
    for start in stride(from: 0, to: count, by: 500) {
      let commands = (start..<min(start + 500, count)).map { index -> [[UInt8]] in
        let value = [UInt64](unsafeUninitializedCapacity: 125) { words, count in
          for index in 0..<125 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            words[index] = state
          }
          count = 125
        }.withUnsafeBytes { Array($0) }
        return [Array("SET".utf8), Array("key:\(index)".utf8), value]
      }
      let replies = await connection.pipeline(commands, timeout: .seconds(30))
      #expect(replies.failure == nil)
    }
  }

  @Test("a live server's records are the ones that its captured file holds, and nothing is stored")
  func equalToFile() async throws {
    try await PrivateRedisCluster.with(masters: 1, replicas: 1, isCluster: false, delay: 0) { cluster in
      try await RedisConnection.with(cluster.masters[0].endpoint) { master in
        try await Self.fill(master, 20_000)
        // The snapshot is the replica's, which may be behind.
        #expect(try await master.ask("WAIT", "1", "60000", timeout: .seconds(70)).integer == 1)
      }
      try await RedisLiveCluster.with(cluster.description()) { live in
        let streamed = Mutex<(pieces: Int, bytes: Int)>((0, 0))
        let facts = try await live.readSnapshot(shard: "standalone", selection: .all) { batch in
          streamed.withLock { $0 = ($0.pieces + batch.pieces.count, $0.bytes + batch.bytes.count) }
        }
        let backup = try await live.capture(CapturePlan(), into: try cluster.newFolder("a")) { _ in }
        var pieces = 0
        var bytes = 0
        let stored = try RedisEngine().readArtifact(backup.files[0], selection: .all) { batch in
          pieces += batch.pieces.count
          bytes += batch.bytes.count
        }
        #expect(facts.records == 20_000)
        #expect(facts.records == stored.records)
        #expect(facts.problems.isEmpty)
        #expect(facts.bytesAfterEnd == 0)
        #expect(streamed.withLock { $0.pieces } == pieces)
        #expect(streamed.withLock { $0.bytes } == bytes)
        if case .present(let stored, let computed) = facts.checksum {
          #expect(stored == computed)
        } else {
          Issue.record("no checksum")
        }
        let selected = Mutex(0)
        let slots = SlotSet(0...99)
        _ = try await live.readSnapshot(shard: "standalone", selection: .slots(slots)) { batch in
          #expect(batch.pieces.allSatisfy { slots.contains($0.slot) })
          selected.withLock { $0 += batch.pieces.count }
        }
        #expect(selected.withLock { $0 } > 0 && selected.withLock { $0 } < 20_000)
      }
      #expect(!FileManager.default.fileExists(atPath: cluster.masters[0].folder + "/dump.rdb"))
    }
  }

  @Test("whoever stops taking records, or is cancelled, ends the link at once; the server keeps no replica of it")
  func stopping() async throws {
    struct Stop: Error {}
    try await PrivateRedisCluster.with(masters: 1, replicas: 0, isCluster: false, delay: 0) { cluster in
      let endpoint = cluster.masters[0].endpoint
      try await RedisConnection.with(endpoint) { try await Self.fill($0, 30_000) }
      let description = cluster.description()
      try await RedisLiveCluster.with(description) { live in
        await #expect(throws: Stop.self) {
          try await live.readSnapshot(shard: "standalone", selection: .all) { _ in throw Stop() }
        }
      }
      let hasBegun = Mutex(false)
      let task = Task {
        try await RedisLiveCluster.with(description) { live in
          try await live.readSnapshot(shard: "standalone", selection: .all) { _ in
            hasBegun.withLock { $0 = true }
            usleep(20_000)
          }
        }
      }
      while !hasBegun.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
      task.cancel()
      let result = await task.result
      #expect(throws: (any Error).self) { try result.get() }
      try await RedisConnection.with(endpoint) { connection in
        while RedisInfo(try await connection.ask("INFO").text ?? "").number("connected_slaves") != 0 {
          try await Task.sleep(for: .milliseconds(20))
        }
      }
    }
  }

  @Test("a full queue makes the link wait, and what was read makes it go on")
  func backPressure() throws {
    let queue = SnapshotQueue(limit: 100)
    let resumed = Mutex(0)
    queue.onRoom { resumed.withLock { $0 += 1 } }
    let bytes = (0..<150).map { UInt8($0) }
    try bytes.withUnsafeBytes { try queue.take($0) }
    #expect(!queue.hasRoom)
    var read: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 40)
    while read.count < 150 {
      let count = try buffer.withUnsafeMutableBytes { try queue.read(into: $0) }
      read += buffer[..<count]
    }
    #expect(read == bytes)
    #expect(resumed.withLock { $0 } == 1)
    queue.end(nil)
    #expect(try buffer.withUnsafeMutableBytes { try queue.read(into: $0) } == 0)
    let broken = SnapshotQueue()
    broken.end(DrillError(.unreachable, detail: "gone"))
    #expect(throws: DrillError.self) { try buffer.withUnsafeMutableBytes { try broken.read(into: $0) } }
  }
}
