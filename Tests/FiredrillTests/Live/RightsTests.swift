import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A user without all rights")
struct RightsTests {
  private static func withServer<R: Sendable>(
    _ body: (String, LiveServers.Server, RedisConnection) async throws -> R
  ) async throws -> R {
    try await TemporaryFolder.with { folder in
      try await LiveServers.with(.plain(), in: folder) { server in
        try await LiveBench.fill([server], .none, isCluster: false)
        return try await RedisConnection.with(server.endpoint) { try await body(folder, server, $0) }
      }
    }
  }

  private static func cluster(_ server: LiveServers.Server, _ capture: String) -> String {
    """
    mode: standalone
    nodes: ["127.0.0.1:\(server.port)"]
    auth: {user: firedrill, password_file: password}
    capture: {\(capture)}
    """
  }

  @Test("is told by name what is missing and what to type, before anything is paused or forked")
  func missingRights() async throws {
    let rights = try ReadmeRights.words()
    try await Self.withServer { folder, server, admin in
      func refusal(_ change: [String], _ capture: String) async throws -> DrillError? {
        _ = try await admin.ask("ACL", "DELUSER", "firedrill")
        _ = try await admin.send((["ACL", "SETUSER", "firedrill"] + rights + change).map { Array($0.utf8) })
        do {
          _ = try await LiveBench.capture(folder, Self.cluster(server, capture))
          return nil
        } catch {
          return error as? DrillError
        }
      }
      let coherent = "cut: coherent, max_pause: 10s"
      // The rehearsal of the server, and without it forms of the commands that do nothing.
      for extra in [["+acl|dryrun"], []] {
        let replication = try #require(try await refusal(["-psync"] + extra, "cut: per-shard"))
        #expect(replication.code == .permissionDenied, "\(replication)")
        for words in ["may not PSYNC", "ACL SETUSER firedrill +psync", "via: commands"] {
          #expect(replication.detail.contains(words), "\(words): \(replication)")
        }
        let pause = try #require(try await refusal(["-client|pause", "-replconf"] + extra, coherent))
        #expect(pause.code == .permissionDenied && pause.detail.contains("+replconf +client|pause"), "\(pause)")
        #expect(!pause.detail.contains("via: commands"), "\(pause)")
        // Where nothing is paused, nobody needs the right to pause.
        #expect(try await refusal(["-client|pause", "-client|unpause"] + extra, "cut: per-shard") == nil)
      }
      let unpause = try #require(try await refusal(["-client|unpause", "+acl|dryrun"], coherent))
      #expect(unpause.detail.contains("+client|unpause"), "\(unpause)")
      let info = try #require(try await refusal(["-info"], coherent))
      #expect(info.code == .permissionDenied && info.detail.contains("+info"), "\(info)")
      #expect(try await refusal([], coherent) == nil)
      let stats = try await admin.ask("INFO", "stats").text ?? ""
      // Those that succeeded forked once each; a refused one did not.
      #expect(stats.contains("sync_full:3\r"), "\(stats.split(separator: "\r\n").filter { $0.contains("sync") })")
    }
  }

  @Test("who may not replicate captures by commands: each record as a server held it, and no cut claimed")
  func byCommands() async throws {
    try await Self.withServer { folder, server, admin in
      try await LiveBench.fill([server], .none, isCluster: false, database: 3)
      try await admin.ask("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
      _ = try await admin.send(
        [
          "ACL", "SETUSER", "firedrill", "on", ">pw", "~*", "-@all", "+@read", "+info", "+time", "+select",
          "+function|dump", "+function|list",
        ].map { Array($0.utf8) })
      let bench = try await LiveBench.capture(folder, Self.cluster(server, "via: commands"))
      let cut = try bench.manifest().cut
      #expect(cut.coherence == .window && cut.proof.count == 1)
      #expect(cut.proof[0].contains("read by commands from 20") && cut.proof[0].contains("no one cut"), "\(cut.proof)")
      let url = "redis://127.0.0.1:\(server.port)"
      let equal = try await Firedrill.diff(
        DiffRequest(a: bench.backupFolder, b: url, via: .replication, ledger: folder + "/none"))
      #expect(equal.isEqual, "\(equal.text)")

      // A real server loads it; the window alone earns no more than that, and a live reference read again does.
      let run = try await bench.run(DrillBench.Drill(level: .restored))
      expectClean(run, at: .restored)
      #expect(
        run.level == .restored && run.notes.contains { $0.contains("no record stands at one cut") }, "\(run.notes)")
      let live = try await bench.run(
        DrillBench.Drill(level: .content, more: ["reference: live", "workload: mixed-ttl.yaml"]))
      expectClean(live, at: .content)

      // What changed since has no recorded cause: open, so nothing is claimed.
      try await admin.ask("SET", "string:1", "planted")
      let changed = try await bench.run(DrillBench.Drill(level: .content, more: ["reference: live"]))
      #expect(changed.verdict == .inconclusive && changed.level == .restored, "\(changed.notes)")

      // By the flag, and what does not go together with it.
      let again = try await LiveBench.capture(folder, Self.cluster(server, "cut: per-shard"), via: .commands)
      #expect(try again.manifest().cut.coherence == .window)
      await #expect(throws: DrillError.self) {
        _ = try await LiveBench.capture(folder, Self.cluster(server, "cut: coherent"), via: .commands)
      }
      await #expect(throws: DrillError.self) {
        _ = try await LiveBench.capture(folder, Self.cluster(server, "cut: coherent, via: commands"))
      }
    }
  }

  @Test("a capture by commands is whole under writes: every key that nobody touched, each with a value that it had")
  func byCommandsUnderWrites() async throws {
    try await Self.withServer { folder, server, admin in
      let commands = (0..<5000).map { ["SET", "still:\($0)", "\($0)"] }
      _ = await admin.pipeline(commands.map { $0.map { Array($0.utf8) } }, timeout: .seconds(30))
      let isDone = Flag()
      let writer = Task {
        try await RedisConnection.with(server.endpoint) { connection in
          var number = 0
          while !isDone.isRaised {
            number += 1
            let words = [
              ["SET", "moving:\(number % 500)", "\(number)", "PX", "\(1_000_000 + number)"],
              ["DEL", "moving:\((number * 7) % 500)"],
            ]
            _ = await connection.pipeline(words.map { $0.map { Array($0.utf8) } }, timeout: .seconds(5))
          }
        }
      }
      let bench = try await LiveBench.capture(
        folder, "mode: standalone\nnodes: [\"127.0.0.1:\(server.port)\"]\ncapture: {via: commands}")
      isDone.raise()
      try await writer.value
      let run = try await bench.run(DrillBench.Drill(level: .restored))
      expectClean(run, at: .restored)
      let file = RedisFile(path: bench.path(of: try bench.dataArtifacts()[0]))
      #expect(try file.keys("still:*").count == 5000)
    }
  }
}
