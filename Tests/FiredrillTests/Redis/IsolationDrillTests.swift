import DrillEngines
import DrillEvidence
import DrillModel
import DrillProduction
import Firedrill
import Foundation
import Testing

@Suite("A drill that asks for proof of its isolation", .serialized, .capturedRedis)
struct IsolationDrillTests {
  @Test("passes where every trial holds in namespaces, the live cluster's nodes among them, and records each")
  func proven() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let containment = await RedisEngine().containment()
      let run = try await bench.run("sandbox: {folder: work, isolation: namespaces, proof: required}")
      guard containment.isolation == .namespaces else {
        expect(run, .inconclusive, obstacles: [.isolationUnavailable])
        return
      }
      expectClean(run)
      let proof = try #require(run.sandbox?.proof)
      #expect(proof.with(.held).map(\.kind) == IsolationTrial.Kind.allCases, "\(proof)")
      let entry = try #require(try bench.recorded().first)
      let kept = try Ledger.open(at: bench.ledger, mode: .readOnly).run(entry.run)
      #expect(kept.run?.sandbox?.proof == proof)
    }
  }

  @Test("goes to the live cluster for it only where it does so anyway, or names that trial")
  func untouched() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let run = try await bench.run("sandbox: {folder: work, proof: [listens-on-tcp, other-user]}")
      expectClean(run)
      #expect(run.sandbox?.proof?[.liveEndpoint]?.outcome == .notTried)
    }
  }

  @Test("is inconclusive without bubblewrap, with what held recorded; the same backup passes where nothing is required")
  func withoutBubblewrap() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let programs = bench.folder + "/programs"
      try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: false)
      for name in ["redis-server", "setpriv", "prlimit", "perl"] {
        let place = try #require(SandboxTools.executable(name))
        try FileManager.default.createSymbolicLink(atPath: "\(programs)/\(name)", withDestinationPath: place)
      }
      func run(_ sandbox: String) async throws -> (status: Int32, output: String) {
        try bench.write(.init(more: ["sandbox: {folder: work, \(sandbox)}"]))
        let ended = try FiredrillProgram.run(
          ["run", "drill.yaml"], in: bench.folder,
          environment: ["PATH": programs, "FIREDRILL_WORK": bench.folder + "/w"])
        return (ended.status, ended.output)
      }
      let plain = try await run("isolation: process")
      #expect(plain.status == 0, "\(plain.output)")
      #expect(plain.output.contains("isolation: process"))
      #expect(plain.output.contains("did not hold: tcp-loopback"))
      for more in ["isolation: namespaces", "proof: required", "proof: tcp-loopback"] {
        let refused = try await run(more)
        #expect(refused.status == 2, "\(more): \(refused.output)")
        #expect(refused.output.contains("isolation-unavailable"), "\(more): \(refused.output)")
      }
      let held = try await run("proof: [listens-on-tcp, other-user, memory-limit, core-dump]")
      #expect(held.status == 0, "\(held.output)")
    }
  }

  @Test("refuses a trial that there is none of, by its place in the file")
  func misspelt() async throws {
    try await CapturedRedis.withBench { bench, _ in
      let error = await #expect(throws: DrillError.self) {
        try await bench.run("sandbox: {folder: work, proof: [tcp-loopbak]}")
      }
      #expect(error?.code == .badFile)
      #expect(error?.detail.contains("tcp-loopback") == true)
    }
  }
}
