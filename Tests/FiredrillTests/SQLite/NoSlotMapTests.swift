import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("A drill of a store without a slot map", .capturedShop)
struct NoSlotMapTests {
  @Test("passes, over all shards at once")
  func whole() async throws { try await drill("shards: 4", .answers) { expectClean($0) } }

  @Test("compares their content where they are restored one after the other, and puts no question to a part of them")
  func waves() async throws {
    try await drill("memory: 1KiB", .content) { run in
      expectClean(run, at: .content)
      #expect(run.answers == nil)
    }
    try await drill("memory: 1KiB", .answers) { expect($0, .inconclusive) }
  }

  @Test("compares nothing with production where it restores a sample of them, and does not claim to")
  func sampled() async throws {
    try await drill("shards: 2", .content) { run in
      expect(run, .inconclusive)
      #expect(run.level == .restored)
    }
    try await drill("shards: 2", .restored) { expectClean($0, at: .restored) }
  }

  private func drill(_ sandbox: String, _ level: Level, _ judge: (Run) -> Void) async throws {
    try await CapturedShop.withBench { bench in
      let mapped = try String(contentsOfFile: bench.folder + "/shop.yaml", encoding: .utf8)
      let unmapped = mapped.replacing(/, slots: "[^"]*"/, with: "")
      #expect(mapped != unmapped)
      try Data(unmapped.utf8).write(to: URL(fileURLWithPath: bench.folder + "/unmapped.yaml"))
      let catalog = bench.folder + "/unmapped"
      try FileManager.default.createDirectory(atPath: catalog, withIntermediateDirectories: true)
      _ = try await Firedrill.capture(
        cluster: bench.folder + "/unmapped.yaml", to: catalog, key: bench.folder + "/seal")
      judge(
        try await bench.run(
          .init(
            cluster: "unmapped.yaml", catalog: "unmapped", level: level, more: ["sandbox: {folder: work, \(sandbox)}"]))
      )
    }
  }
}
