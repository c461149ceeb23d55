import DrillModel
import Foundation
import Testing

@testable import Firedrill

/// A few of the points that `firedrill scenario kill` tries by the hundred; `FIREDRILL_KILL_POINTS` says how many.
@Suite("Killed at seeded calls of every stage", .serialized)
struct KillPointTests {
  private static var points: Int {
    ProcessInfo.processInfo.environment["FIREDRILL_KILL_POINTS"].flatMap { Int($0) } ?? 6
  }

  @Test(
    "nothing of a killed drill is left after the next one, the ledger verifies, and the interrupted run stands in it",
    .timeLimit(.minutes(60)), arguments: ProductionFile.Engine.allCases)
  func killed(on engine: ProductionFile.Engine) async throws {
    try await TestBench.with { bench in
      let seed = UInt64.random(in: 0...UInt64(UInt32.max))
      let program = ScenarioProgram(path: try FiredrillProcess.executable)
      let results = try await KillPoints(program: program, seed: seed, root: bench.folder, events: { _ in })
        .run(KillPointTests.points, on: engine) { _ in }
      #expect(results.count == KillPointTests.points)
      for result in results { #expect(result.left.isEmpty, "seed \(seed): \(result.line)") }
      // The last calls of a run may not be reached a second time; that most were, was worth the trouble.
      #expect(results.count { $0.verdict == .pass } * 2 > results.count, "seed \(seed): \(results.map(\.line))")
      #expect(results.contains { $0.states.contains("interrupted") }, "seed \(seed)")
    }
  }
}
