import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("The class and the reason of a backup", .capturedShop)
struct StatedClassTests {
  @Test("a capture and a seal state them in the signed manifest, and a run records both")
  func stated() async throws {
    try await CapturedShop.withBench { bench in
      let place = TestBench(folder: bench.folder)
      let captured = try await FiredrillProcess.run(
        [
          "capture", bench.folder + "/shop.yaml", "--to", bench.catalog, "--key", bench.folder + "/seal", "--retention",
          "pre-move", "--rationale", "before shard-0 is split", "--json",
        ], in: place)
      #expect(captured.status == 0, "\(captured.errors)")
      #expect(try captured.json()["retention"] as? String == "pre-move")
      let run = try await bench.run("reference: captured")
      #expect(run.backups.first?.stated?.retention == "pre-move")
      #expect(run.backups.first?.stated?.rationale == "before shard-0 is split")
      let dump = bench.folder + "/only.rdb"
      try Data(KeptBackups.rdb([0: [.init("k", "v")]])).write(to: URL(fileURLWithPath: dump))
      let sealed = try await FiredrillProcess.run(
        [
          "seal", dump, "--cluster", "shop", "--cut", "2026-01-31T04:00:00Z", "--to", bench.folder + "/sealed", "--key",
          bench.folder + "/seal", "--no-slot-map", "--retention", "post-move", "--json",
        ], in: place)
      #expect(try sealed.json()["retention"] as? String == "post-move", "\(sealed.output)\(sealed.errors)")
    }
  }

  @Test("a drill that takes a backup states what its file says, and that it took it where the file says nothing")
  func drilled() async throws {
    try await CapturedShop.withBench { bench in
      let run = try await bench.run("capture: {key: seal, retention: nightly, rationale: the small hours}")
      #expect(run.backups.first?.stated?.retention == "nightly")
      #expect(run.backups.first?.stated?.rationale == "the small hours")
      let plain = try await bench.run("capture: {key: seal}")
      #expect(plain.backups.first?.stated?.retention == nil)
      #expect(plain.backups.first?.stated?.rationale == "taken by drill nightly")
    }
  }

  @Test("a drill whose artifacts could be changed says so, and restores them all the same")
  func mutable() async throws {
    try await CapturedShop.withBench { bench in
      let run = try await bench.run("immutability: required")
      #expect(run.levels.contains { $0.level == .restored })
      #expect(run.verdict != .pass)
      if run.obstacles.isEmpty {
        #expect(Set(run.findings.map(\.code)) == [.artifactMutable])
        #expect(run.findings.count == (try bench.manifest().artifacts.count) + 1)
      }
    }
  }
}
