import DrillModel
import Foundation
import Glibc
import Testing

@testable import Firedrill

/// A few of the drills that `firedrill scenario clean` runs by the hundred.
@Suite("Drills in which nothing is wrong", .serialized)
struct CleanSeedTests {
  @Test("find nothing, whatever the seed", .timeLimit(.minutes(10)), arguments: ProductionFile.Engine.allCases)
  func clean(on engine: ProductionFile.Engine) async throws {
    try await TestBench.with { bench in
      let first = UInt64.random(in: 0...UInt64(UInt32.max))
      let program = ScenarioProgram(path: try FiredrillProcess.executable)
      let results = try await CleanSeeds(program: program, root: bench.folder, width: 1)
        .run(first..<(first + 3), on: engine) { _ in }
      #expect(results.map(\.seed) == [first, first + 1, first + 2])
      for result in results { #expect(result.isClean, "\(result.line)") }
    }
  }

  @Test("a finding is not called clean, whatever the exit status says")
  func canary() async throws {
    try await TestBench.with { bench in
      // A program that says that all is well and finds something all the same.
      let path = bench.folder + "/firedrill"
      try Data("#!/bin/sh\necho '[{\"code\": \"checksum-mismatch\", \"stage\": \"integrity\"}]'\n".utf8).write(
        to: URL(fileURLWithPath: path))
      #expect(chmod(path, 0o755) == 0)
      let results = try await CleanSeeds(program: ScenarioProgram(path: path), root: bench.folder, width: 1)
        .run(5..<6, on: .sqlite) { _ in }
      #expect(results.map(\.differences) == [["findings not expected: checksum-mismatch"]])
    }
  }
}
