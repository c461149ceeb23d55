import DrillEngines
import DrillModel
import Foundation
import Synchronization

/// Runs scenarios on the engines that they apply to, each on a copy of its base, with its clean neighbour beside it.
struct ScenarioRunner: Sendable {
  var program: ScenarioProgram
  var seed: UInt64
  /// Absolute; bases and copies lie below it.
  var root: String
  /// How many run at once.
  var width: Int
  var events: DrillEventHandler

  struct Case: Sendable {
    var scenario: Scenario
    var engine: ProductionFile.Engine
  }

  /// - Parameter told: called with each result as it comes, in no order.
  func run(_ cases: [Case], told: @escaping @Sendable (ScenarioResult) -> Void) async throws -> [ScenarioResult] {
    var results: [ScenarioResult] = []
    for base in ScenarioBase.allCases {
      for engine in ProductionFile.Engine.allCases {
        let own = cases.filter { $0.scenario.base == base && $0.engine == engine }
        guard !own.isEmpty else { continue }
        events(.note("making the base \(base.rawValue) on \(engine.rawValue) for \(own.count) scenarios"))
        results += try await StandingBase.with(base, engine, seed: seed, below: root) { standing in
          try await runAll(own, on: standing, told: told)
        }
      }
    }
    return results.sorted {
      ($0.faultClass.rawValue, $0.scenario, $0.engine.rawValue) < (
        $1.faultClass.rawValue, $1.scenario, $1.engine.rawValue
      )
    }
  }

  private func runAll(
    _ cases: [Case], on base: StandingBase, told: @escaping @Sendable (ScenarioResult) -> Void
  ) async throws -> [ScenarioResult] {
    let neighbours = Neighbours()
    return try await concurrently(cases, atMost: width) { one in
      let result = try await run(one, on: base, neighbours)
      told(result)
      return result
    }
  }

  private func run(_ one: Case, on base: StandingBase, _ neighbours: Neighbours) async throws -> ScenarioResult {
    let scenario = one.scenario
    let expected = scenario.expected[one.engine] ?? .clean
    let start = ContinuousClock.now
    var result = ScenarioResult(
      scenario: scenario.name, family: scenario.family, faultClass: scenario.faultClass, about: scenario.about,
      engine: one.engine, seed: seed,
      proofs: [], foundBy: [], firstStage: nil, differences: [], unproven: [], neighbour: [], elapsedMs: 0)
    do {
      let (outcome, proofs) = try await outcome(of: scenario, planting: scenario.before + scenario.plants, on: base)
      result.proofs = proofs
      result.status = outcome.status
      result.unproven = outcome.unproven + (proofs.isEmpty ? ["nothing shows that anything was planted"] : [])
      result.differences = outcome.differences(from: expected)
      if !result.differences.isEmpty { result.differences += outcome.lines.suffix(3).map { "it said: \($0)" } }
      let codes =
        outcome.findings.isEmpty ? outcome.obstacles.map(\.code.rawValue) : outcome.findings.map(\.code.rawValue)
      result.foundBy = Set(codes).sorted()
      result.firstStage = outcome.firstStage
    } catch let error where !(error is CancellationError) {
      result.unproven = ["it could not be planted: \(error)"]
    }
    result.neighbour = try await neighbours.once(scenario.neighbourKey) {
      do {
        let (outcome, _) = try await outcome(of: scenario, planting: scenario.before + scenario.neighbour, on: base)
        let differences = outcome.unproven + outcome.differences(from: .clean)
        return differences.isEmpty ? [] : differences + outcome.lines.suffix(3).map { "it said: \($0)" }
      } catch let error where !(error is CancellationError) {
        return ["it could not be run: \(error)"]
      }
    }
    result.elapsedMs = start.duration(to: .now).milliseconds
    return result
  }

  /// Plants, runs the program and takes away the copy.
  private func outcome(
    of scenario: Scenario, planting plants: [any Plant], on base: StandingBase
  ) async throws -> (ScenarioOutcome, [String]) {
    let folder = "\(root)/s\(String(UInt32.random(in: .min ... .max), radix: 36))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: base.folder, toPath: folder)
    for shared in base.shared {
      try FileManager.default.removeItem(atPath: "\(folder)/\(shared)")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(shared)", withDestinationPath: "\(base.folder)/\(shared)")
    }
    var variables = try ScenarioVariables.all(of: base, seed: seed)
    variables["bench"] = folder
    let bench = ScenarioBench(
      folder: folder, engine: base.engine, seed: seed, program: program,
      drill: base.drill.merging(scenario.drill) { $1 }, command: scenario.command, variables: variables)
    for (name, text) in scenario.files {
      try Data(bench.filled(text).utf8).write(to: URL(fileURLWithPath: bench.path(name)))
    }
    return try await planted(plants[...], in: bench)
  }

  private func planted(
    _ plants: ArraySlice<any Plant>, in bench: ScenarioBench
  ) async throws -> (
    ScenarioOutcome, [String]
  ) {
    let proofs = Mutex([String]())
    func next(_ plants: ArraySlice<any Plant>, _ bench: ScenarioBench) async throws -> ScenarioOutcome {
      guard let first = plants.first else {
        proofs.withLock { $0 = bench.proofs }
        return try await program.run(bench)
      }
      return try await first.planted(in: bench) { try await next(plants.dropFirst(), $0) }
    }
    let outcome = try await next(plants, bench)
    return (outcome, proofs.withLock { $0 })
  }
}

extension Scenario {
  /// Scenarios with one key have the same clean neighbour.
  fileprivate var neighbourKey: String {
    guard harmless.isEmpty, files.isEmpty, before.isEmpty else { return "own \(name)" }
    let anew = neighbour.compactMap { ($0 as? ContentPlant).map { "\($0.file) \($0.isLive)" } }
    return "\(command) \(drill.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) \(anew)"
  }
}

/// What clean neighbours came to: each is run once, however many scenarios have it.
private actor Neighbours {
  private var running: [String: Task<[String], any Error>] = [:]

  func once(_ key: String, _ run: @escaping @Sendable () async throws -> [String]) async throws -> [String] {
    if let known = running[key] { return try await known.value }
    let task = Task { try await run() }
    running[key] = task
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
