import DrillEngines
public import DrillModel
import Foundation

extension Firedrill {
  /// The scenarios below a folder, or of one file, by class and name.
  ///
  /// - Throws: `DrillError`: `usage`, `bad-file`.
  public static func scenarios(at path: String) throws -> [Scenario] {
    try ScenarioFile.readAll(at: Workplace.absolute(path))
  }

  /// Plants each scenario's fault on each engine that it applies to, in a copy, and holds what `program` finds against what it has to find.
  ///
  /// - Parameters:
  ///   - program: absolute path of the `firedrill` that is tried.
  ///   - engines: nil: all.
  ///   - told: called with each result as it comes.
  /// - Throws: `DrillError` where a base cannot be made; `CancellationError`.
  public static func run(
    _ scenarios: [Scenario], on engines: [ProductionFile.Engine]? = nil, seed: UInt64, program: String,
    events: @escaping DrillEventHandler = { _ in }, told: @escaping @Sendable (ScenarioResult) -> Void = { _ in }
  ) async throws -> [ScenarioResult] {
    let cases = scenarios.flatMap { scenario in
      scenario.engines.filter { engines?.contains($0) ?? true }.map {
        ScenarioRunner.Case(scenario: scenario, engine: $0)
      }
    }
    return try await RunFolder.with(below: Workplace.workRoot()) { folder in
      try await ScenarioRunner(
        program: ScenarioProgram(path: program), seed: seed, root: folder, width: processorCount, events: events
      ).run(cases, told: told)
    }
  }

  /// Runs drills in which nothing is wrong, for each seed with another production, workload and selection: none may find anything.
  ///
  /// - Parameters:
  ///   - program: absolute path of the `firedrill` that is tried.
  ///   - told: called with each result as it comes.
  /// - Throws: `DrillError` where there is no production to be had; `CancellationError`.
  public static func runClean(
    seeds: Range<UInt64>, on engines: [ProductionFile.Engine]? = nil, program: String,
    told: @escaping @Sendable (CleanResult) -> Void = { _ in }
  ) async throws -> [CleanResult] {
    try await RunFolder.with(below: Workplace.workRoot()) { folder in
      var results: [CleanResult] = []
      for engine in engines ?? ProductionFile.Engine.allCases {
        results += try await CleanSeeds(
          program: ScenarioProgram(path: program), root: folder, width: processorCount
        ).run(seeds, on: engine, told: told)
      }
      return results
    }
  }

  /// Kills a drill at seeded points of every stage, and looks what is left once the next one has run.
  ///
  /// - Parameters:
  ///   - points: how many on each engine.
  ///   - program: absolute path of the `firedrill` that is tried.
  ///   - told: called with each result as it comes.
  /// - Throws: `DrillError`: `feature-missing` where the library that kills was not built; where the base cannot be made; `CancellationError`.
  public static func runKilled(
    points: Int, on engines: [ProductionFile.Engine]? = nil, seed: UInt64, program: String,
    events: @escaping DrillEventHandler = { _ in }, told: @escaping @Sendable (KillResult) -> Void = { _ in }
  ) async throws -> [KillResult] {
    try await RunFolder.with(below: Workplace.workRoot()) { folder in
      // One after the other for each engine: two captures of one production would wait for each other.
      try await withThrowingTaskGroup(of: [KillResult].self) { group in
        for engine in engines ?? ProductionFile.Engine.allCases {
          group.addTask {
            try await KillPoints(program: ScenarioProgram(path: program), seed: seed, root: folder, events: events)
              .run(points, on: engine, told: told)
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
    }
  }
}
