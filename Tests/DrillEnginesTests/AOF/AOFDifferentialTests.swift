import DrillModel
import Foundation
import Testing

@testable import DrillEngines

/// What our reader makes of a log, against what the server that wrote it holds, by its commands and by its snapshot.
@Suite("An append-only log of a real server")
struct AOFDifferentialTests {
  struct Setting: CustomTestStringConvertible {
    var rewrites: Bool
    var preamble: Bool
    var stamps: Bool
    var testDescription: String { "rewritten \(rewrites), snapshot \(preamble), time stamps \(stamps)" }
  }

  static let settings = [
    Setting(rewrites: false, preamble: true, stamps: false), Setting(rewrites: true, preamble: true, stamps: true),
    Setting(rewrites: true, preamble: false, stamps: false),
  ]

  private func compare(
    _ server: TestServers.Server, _ setting: Setting, seed: UInt64, steps: Int, _ folder: String
  ) async throws {
    let isBefore7 = server.version.major < 7
    // Under `everysec`, a server whose disk is slow answers before it has written its log.
    var options = ["appendonly", "yes", "appendfsync", "no", "aof-use-rdb-preamble", setting.preamble ? "yes" : "no"]
    if !isBefore7 { options += ["aof-timestamp-enabled", setting.stamps ? "yes" : "no"] }
    var writes = RandomWrites(
      seed: seed, major: server.version.major, knowsExpiringFields: server.knowsExpiringFields)
    let place = "\(folder)/\(seed)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    let redis = try PrivateRedis.start(options, program: server.program.path)
    defer { redis.end() }
    redis.toleratesErrors = true
    for half in 0..<2 {
      if half == 1, setting.rewrites { try AOFLogs.rewrite(redis) }
      try redis.pipeline((0..<steps).flatMap { _ in writes.step() }.map { $0.map { Array($0.utf8) } })
    }
    redis.toleratesErrors = false
    let artifact = try AOFLogs.copy(redis, to: place)
    #expect(artifact.parts.isEmpty == isBefore7)
    let (ours, facts) = try await AOFLogs.contents(of: artifact)
    let label: Comment = "seed \(seed), \(server.version), \(setting.testDescription)"
    #expect(facts.problems.isEmpty && facts.leftOutRecords.isEmpty && facts.leftOutBytes.isEmpty, label)
    #expect(facts.leftOutRecords.isEmpty, "\(facts.notes)")
    #expect(facts.records == UInt64(ours.count), label)
    let snapshot = try await AOFLogs.contents(ofSnapshot: redis.save())
    let isSaved = ours == snapshot
    #expect(isSaved, "\(label): log −, snapshot +\n\(AOFLogs.differences(ours, snapshot))")
    // Before, a server tells when keys expire only where its clock stands still.
    if isBefore7 { return }
    let held = try await AOFLogs.contents(ofServer: redis.socketPath)
    let isHeld = ours == held
    #expect(isHeld, "\(label): log −, server +\n\(AOFLogs.differences(ours, held))")
  }

  @Test("holds what the server holds, whatever was written", arguments: 0..<3)
  func same(_ number: Int) async throws {
    let setting = Self.settings[number]
    try await RedisFixture.withFolder { folder in
      for server in await TestServers.found() {
        for seed in 0..<4 {
          let seed = UInt64(number * 100 + seed)
          try await compare(server, setting, seed: seed, steps: 400, folder)
          try FileManager.default.removeItem(atPath: "\(folder)/\(seed)")
        }
      }
    }
  }
}
