import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Synchronization
import Testing

@Suite("Replaying a workload at a store", .serialized)
struct ReplayCommandTests {
  /// A server with some strings, and a workload of GETs in `folder`.
  private func withServer(
    _ fields: String..., body: @escaping @Sendable (UnixRedis, _ workload: String) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      try await UnixRedis.with(folder + "/r") { server in
        try await server.send((0..<500).map { ["SET", "key:\($0)", String(repeating: "v", count: 100 + $0 % 7)] })
        let text = """
          workload: gets
          engine: redis
          operations: 5000
          absent: 5%
          timeout: 60s
          mix: [{verb: get}]

          """
        let path = folder + "/gets.yaml"
        try Data((text + fields.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        try await body(server, path)
      }
    }
  }

  @Test("asks every operation, says how fast, and gives the same digests again, however it asks")
  func digests() async throws {
    try await withServer { server, workload in
      var request = ReplayRequest(workload: workload, store: server.url)
      let paced = try await Firedrill.replay(request)
      #expect(paced.isComplete && paced.operations == 5000 && paced.ratePerSecond > 0)
      #expect(paced.latency?.offered == nil && paced.latency?.operations == 5000)
      for pipelining in [1, 16, 64] {
        for connections in [1, 4] {
          (request.isAtFullSpeed, request.pipelining, request.connections) = (true, pipelining, connections)
          let full = try await Firedrill.replay(request)
          #expect(full.isComplete)
          #expect(full.operationsDigest == paced.operationsDigest && full.answersDigest == paced.answersDigest)
        }
      }
      // One value of those that are asked about.
      try await server.send((0..<500).map { ["SET", "key:\($0)", "another"] })
      let changed = try await Firedrill.replay(request)
      #expect(changed.operationsDigest == paced.operationsDigest && changed.answersDigest != paced.answersDigest)
    }
  }

  @Test("writes nothing: the server has seen no command that writes")
  func readsOnly() async throws {
    try await withServer { server, workload in
      try await server.connection.ask("CONFIG", "RESETSTAT")
      _ = try await Firedrill.replay(ReplayRequest(workload: workload, store: server.url, isAtFullSpeed: true))
      let statistics = try await server.connection.ask("INFO", "commandstats").text ?? ""
      #expect(statistics.contains("cmdstat_get:"))
      #expect(!statistics.contains("cmdstat_set:"))
    }
  }

  @Test(
    "in open loop at half of what the server can, a stall of two seconds is in the 99.9th percentile; not in closed loop"
  )
  func stall() async throws {
    try await withServer("connections: 1", "pipelining: 1") { server, workload in
      var request = ReplayRequest(workload: workload, store: server.url, isAtFullSpeed: true)
      let pid = try #require(
        (try await server.connection.ask("INFO", "server").text ?? "").split(separator: "\r\n").first {
          $0.hasPrefix("process_id:")
        }.flatMap { Int32($0.dropFirst(11)) })
      /// Stops the server for two seconds once the replay is under way.
      func stalled(_ request: ReplayRequest) async throws -> ReplayReport {
        let (underWay, signal) = AsyncStream.makeStream(of: Void.self)
        let replay = Task {
          try await Firedrill.replay(request) { event in
            if case .progress(_, let done, _, _) = event, done >= 500 { signal.yield() }
          }
        }
        for await _ in underWay { break }
        kill(pid, SIGSTOP)
        // The length of the stall, which is what is measured.
        try? await Task.sleep(for: .seconds(2))
        kill(pid, SIGCONT)
        return try await replay.value
      }
      let capacity = try await Firedrill.replay(request).ratePerSecond
      // Long enough that one operation is less than a thousandth, and short enough that the stall is much more.
      request.operations = 20_000
      let closed = try await stalled(request)
      let service = try #require(closed.latency)
      #expect(service.latencyMaxUs >= 1.9e6, "it was stopped")
      #expect(service.latencyP999Us < 1e6, "one of 20000 saw it")

      request.operations = nil
      request.rate = min(capacity / 2, 5000)
      request.duration = .seconds(4)
      let open = try await stalled(request)
      let offered = try #require(open.latency?.offered)
      #expect(offered.latencyP999Us >= 1e6, "\(open.text)")
      #expect(open.isComplete, "\(open.text)")
    }
  }

  @Test("as a command: JSON on standard output, 2 where something was not answered, 64 where it makes no sense")
  func command() async throws {
    try await withServer { server, workload in
      let folder = (workload as NSString).deletingLastPathComponent
      let result = try FiredrillProgram.run(
        ["replay", workload, "--at", server.url, "--operations", "300", "--full-speed", "--json"], in: folder)
      #expect(result.status == 0, "\(result)")
      let report = try JSONDecoder().decode(ReplayReport.self, from: Data(result.output.utf8))
      #expect(report.operations == 300 && report.answersDigest != nil)
      let text = try FiredrillProgram.run(["replay", workload, "--at", server.url, "--operations", "300"], in: folder)
      #expect(text.status == 0 && text.output.contains("a second") && text.output.contains("p99.9"))
      for wrong in [
        ["--at", "dump.rdb"], ["--at", server.url, "--rate", "-1"], ["--at", server.url, "--duration", "3s"],
      ] {
        #expect(try FiredrillProgram.run(["replay", workload] + wrong, in: folder).status == 64, "\(wrong)")
      }
      let gone = try FiredrillProgram.run(["replay", workload, "--at", server.url + "x"], in: folder)
      #expect(gone.status == 2 && gone.errors.contains("unreachable"))
    }
  }
}
