import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// Logs that real servers load, or refuse.
@Suite("A sandbox on an append-only log")
struct AOFSandboxTests {
  private func held(
    _ artifact: ArtifactFile, by server: TestServers.Server, _ folder: String, clock: Instant = .now
  ) async throws -> Set<AOFLogs.Content> {
    var request = RedisFixture.request(artifact.path, in: folder, clock: clock)
    request.files = [artifact]
    request.servers = [server.program.path]
    return try await RedisEngine().withSandbox(request) { sandbox in
      #expect(sandbox.facts.clockHeld)
      return try await AOFLogs.contents {
        try await sandbox.readRecords(shard: "a", selection: .all, into: $0)
      }.records
    }
  }

  /// A log of several files, and the same as one file.
  private func logs(_ server: TestServers.Server, _ folder: String, seed: UInt64) throws -> [ArtifactFile] {
    let redis = try PrivateRedis.start(
      ["appendonly", "yes", "aof-use-rdb-preamble", "yes"], program: server.program.path)
    defer { redis.end() }
    var writes = RandomWrites(seed: seed, major: server.version.major, knowsExpiringFields: server.knowsExpiringFields)
    redis.toleratesErrors = true
    for half in 0..<2 {
      if half == 1 { try AOFLogs.rewrite(redis) }
      try redis.pipeline((0..<200).flatMap { _ in writes.step() }.map { $0.map { Array($0.utf8) } })
    }
    let copied = try AOFLogs.copy(redis, to: folder)
    guard copied.format == "aof-manifest" else { return [copied] }
    let parts = copied.parts.filter { $0.contains(".base.") } + copied.parts.filter { $0.contains(".incr.") }
    return [copied, try AOFByHand.artifact(try parts.flatMap { try RDB.bytes(path: $0) }, in: folder)]
  }

  @Test("holds what our reader reads, of one file and of several, and with a torn end")
  func same() async throws {
    for (number, server) in await TestServers.found().enumerated() {
      try await RedisFixture.withFolder { folder in
        for artifact in try logs(server, folder, seed: UInt64(1000 + number)) {
          let label: Comment = "seed \(1000 + number), \(server.version), \(artifact.format)"
          let ours = try await AOFLogs.contents(of: artifact).records
          let theirs = try await held(artifact, by: server, folder)
          #expect(ours == theirs, "\(label)\n\(AOFLogs.differences(ours, theirs))")
          let last = artifact.parts.last { $0.contains(".incr.") } ?? artifact.path
          let handle = try #require(FileHandle(forWritingAtPath: last))
          try handle.truncate(atOffset: try handle.seekToEnd() - 3)
          try handle.close()
          let (torn, facts) = try await AOFLogs.contents(of: artifact)
          #expect(facts.leftOutBytes[.tornTail] ?? 0 > 0, label)
          let tornHeld = try await held(artifact, by: server, folder)
          #expect(torn == tornHeld, "\(label), torn\n\(AOFLogs.differences(torn, tornHeld))")
        }
      }
    }
  }

  @Test("holds none of the records that had expired at the cut, and the others with their times")
  func expired() async throws {
    var log = AOFByHand()
    log.add("SELECT", "5")
    for number in 0..<300 {
      log.add("SET", "k\(number)", "v", "PXAT", number.isMultiple(of: 3) ? "1000" : "4000000000000")
    }
    try await RedisFixture.withFolder { folder in
      let artifact = try AOFByHand.artifact(log.bytes, in: folder)
      let ours = try await AOFLogs.contents(of: artifact).records
      #expect(ours.count == 300)
      for server in await TestServers.found() {
        let theirs = try await held(artifact, by: server, folder)
        #expect(theirs == ours.filter { $0.expiry > 1000 }, "\(server.version)")
      }
    }
  }

  @Test(
    "is refused by the server where the log is damaged in its middle or lacks a file, and by version where it is old")
  func refused() async throws {
    let log = AOFByHand.sample
    try await RedisFixture.withFolder { folder in
      for server in await TestServers.found() {
        var damaged = log.bytes
        damaged[log.ends[3]] = UInt8(ascii: "?")
        let single = try AOFByHand.artifact(damaged, in: folder)
        await #expect { try await held(single, by: server, folder) } throws: { error in
          (error as? RestoreRejected)?.serverLines.contains { $0.contains("Bad file format") } == true
        }
        let manifest = "file a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"
        let incomplete = try AOFByHand.artifact([("a.1.base.aof", log.bytes)], manifest: manifest, in: folder)
        await #expect { try await held(incomplete, by: server, folder) } throws: { error in
          guard let rejected = error as? RestoreRejected else { return false }
          return rejected.isVersion == (server.version.major < 7)
        }
      }
    }
  }
}
