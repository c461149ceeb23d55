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
}
