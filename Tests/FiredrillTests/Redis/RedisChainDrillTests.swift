import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

@testable import DrillEngines

/// Chains of captured increments of a real cluster, drilled at their end and at the cut of a full backup taken later.
@Suite("A drill of a Redis Cluster's chain", .serialized, .capturedRedis)
struct RedisChainDrillTests {
  private struct Chain: Sendable {
    var bench: DrillBench
    var increments: [String] = []
    /// A full backup that was taken between the last two increments.
    var later = ""

    func drill(_ lines: [String], level: Level = .content) async throws -> Run {
      try await bench.run(.init(level: level, more: lines))
    }

    func of(_ backup: String) -> DrillBench { DrillBench(folder: bench.folder, backup: backup) }
  }

  /// The suite's backup, an increment, a full backup, and another increment, with writes in between.
  private func withChain(_ body: @Sendable (Chain) async throws -> Void) async throws {
    try await CapturedRedis.withBench { bench, cluster in
      func capture(on predecessor: String?) async throws -> String {
        try await Firedrill.capture(
          cluster: bench.folder + "/shop.yaml", to: bench.folder + "/backups", key: bench.folder + "/seal",
          on: predecessor
        ).manifest.backup
      }
      var chain = Chain(bench: bench)
      func write(_ round: Int) async throws {
        for index in 0..<20 {
          try await cluster.send("SET", "chain:\(index)", "value-\(round)-\(String(repeating: "v", count: 8))")
          try await cluster.send("HSET", "chain:hash:\(index)", "round", String(round))
        }
      }
      // A new full backup, since what was written before it is in no backlog for sure.
      let full = try await capture(on: nil)
      try await write(1)
      chain.increments.append(try await capture(on: full))
      try await write(2)
      chain.later = try await capture(on: nil)
      try await write(3)
      chain.increments.append(try await capture(on: chain.increments[0]))
      try await body(chain)
    }
  }

  @Test("answers as production did at its end, and equals a full backup that was taken later at that one's cut")
  func equivalence() async throws {
    try await withChain { chain in
      let run = try await chain.drill(["backup: {id: \(chain.increments[1])}"], level: .answers)
      expectClean(run)
      #expect(run.comparisons.allSatisfy { $0.isEqual })
      let equal = try await chain.drill([
        "backup: {id: \(chain.increments[1]), at: {backup: \(chain.later)}}", "reference: {backup: \(chain.later)}",
      ])
      expectClean(equal, at: .content)
      #expect(equal.drift.isEmpty && equal.backups.map { $0.cut?.coherence } == [.coherent])
    }
  }

  @Test("up to a time of which nobody knows what was made before it is inconclusive, and says why")
  func untimed() async throws {
    try await withChain { chain in
      // Taken from a backlog, its changes have no times: all of them lie between two cuts.
      let cuts = try chain.increments.map { try chain.of($0).manifest().cut.time.millisecondsSince1970 }
      let between = Instant(millisecondsSince1970: (cuts[0] + cuts[1]) / 2)
      let run = try await chain.drill(
        ["backup: {id: \(chain.increments[1]), at: \"\(between)\"}"], level: .restored)
      #expect(run.verdict == .inconclusive && run.findings.isEmpty)
      #expect(run.obstacles.contains { $0.code == .referenceUnavailable && $0.detail.contains("nobody knows when") })
    }
  }

  @Test("at a position at which no change ends is backup-missing, and not what lies before it")
  func astray() async throws {
    try await withChain { chain in
      try chain.of(chain.later).reseal { manifest in
        for (shard, position) in manifest.cut.positions {
          let known = try #require(ReplicationPosition(position))
          manifest.cut.positions[shard] = "\(known.history):\(known.offset - 1)"
        }
      }
      let run = try await chain.drill(
        ["backup: {id: \(chain.increments[1]), at: {backup: \(chain.later)}}"], level: .restored)
      expect(run, .fail, [.backupMissing], at: .manifest)
      #expect(run.findings.allSatisfy { $0.observed.contains("no change ends there") })
    }
  }

  @Test(
    "with one valid but wrong write, sealed again, passes all checksums and is found by chain equivalence, at the key")
  func wrongWrite() async throws {
    try await withChain { chain in
      let last = chain.of(chain.increments[1])
      // It is written in the first round after the increment before, so that it lies before the full backup's cut.
      let key = "chain:3"
      let holding = try last.dataArtifacts().map(last.path(of:)).first { try WrongWrite.holds("value-2-", key, in: $0) }
      let path = try #require(holding)
      try WrongWrite.replace("value-2-", key, in: path)
      try last.reseal()
      let whole = try await chain.drill(["backup: {id: \(chain.increments[1])}"], level: .restored)
      expectClean(whole, at: .restored)
      let run = try await chain.drill([
        "backup: {id: \(chain.increments[1]), at: {backup: \(chain.later)}}", "reference: {backup: \(chain.later)}",
      ])
      expect(run, .fail, [.driftUnexplained], at: .drift)
      #expect(run.findings.map(\.subject.key) == [.clear(Array(key.utf8))])
    }
  }
}

/// Puts another value in the place of a write's, of the same length, as whoever sealed it might have.
private enum WrongWrite {
  static func holds(_ value: String, _ key: String, in path: String) throws -> Bool {
    let reader = try StreamReader(path: path)
    while true {
      switch try reader.next() {
      case .command: if matches(reader.command, value, key) { return true }
      case .end: return false
      default: continue
      }
    }
  }

  private static func matches(_ command: AOFCommand, _ value: String, _ key: String) -> Bool {
    command.keyword(0) == "SET" && command.array(1) == Array(key.utf8) && command.array(2).starts(with: value.utf8)
  }

  static func replace(_ value: String, _ key: String, in path: String) throws {
    let reader = try StreamReader(path: path)
    let recorder = try StreamRecorder(path: path + ".new", reader.header)
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .command:
        var words = reader.command.arrays(0..<reader.command.count)
        if matches(reader.command, value, key) { words[2][0] = UInt8(ascii: "X") }
        var bytes: [UInt8] = []
        RESPEncoder.append(words, to: &bytes)
        try recorder.take(ReceivedBytes(bytes: bytes))
      default: continue
      }
    }
    precondition(recorder.offset == reader.offset)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
  }
}
