import DrillEngines
import DrillModel
import Foundation

/// Kills a drill that captures, restores and compares with a live production, in place of one of its calls, and looks what is left once the next one has run.
///
/// The drill is run once undisturbed, to learn how many calls it makes and which of them belong to which stage. Points are drawn from the seed, the stages in turn, so
/// that each stage has its share of them however few calls it makes.
struct KillPoints: Sendable {
  var program: ScenarioProgram
  var seed: UInt64
  /// Absolute; everything lies below it.
  var root: String
  var events: DrillEventHandler

  /// How often a point that was not reached is moved, and by how many calls.
  private static let mostTries = 4
  private static let stepBack = 25

  /// - Parameter told: called with each result as it comes.
  /// - Throws: `DrillError` where the undisturbed drill is not clean, or the library that kills is not there.
  func run(
    _ points: Int, on engine: ProductionFile.Engine, told: @escaping @Sendable (KillResult) -> Void
  ) async throws -> [KillResult] {
    let library = try FaultLibrary.path()
    return try await StandingBase.with(.live, engine, seed: seed, below: root) { base in
      let stages = try await stages(of: base, library)
      events(
        .note("\(engine.rawValue): \(stages.last?.calls.upperBound ?? 0) calls in \(stages.count) stages of the drill"))
      var random = SeededGenerator(seed: seed, purpose: "kill points")
      var results: [KillResult] = []
      for number in 0..<points {
        let stage = stages[number % stages.count]
        var call = stage.calls.lowerBound + random.index(below: stage.calls.count)
        var result = try await kill(at: call, in: stage.name, of: base, library)
        for _ in 0..<KillPoints.mostTries where result.unproven != nil {
          // Threads do not interleave twice in the same way: the last calls of a run may not be reached. An earlier one.
          call -= KillPoints.stepBack
          result = try await kill(at: call, in: stage.name, of: base, library)
        }
        told(result)
        results.append(result)
      }
      return results
    }
  }

  private struct CalledStage {
    var name: String
    var calls: Range<Int>
  }

  /// The stages by what is said when each ends.
  private func stages(of base: StandingBase, _ library: String) async throws -> [CalledStage] {
    try await withBench(of: base) { bench in
      var bench = bench
      let shown = bench.path("shown")
      bench.environment = ["LD_PRELOAD": library, "FIREDRILL_FAULTS_SHOWN": shown]
      let outcome = try await program.run(bench)
      guard outcome.status == ExitStatus.pass.rawValue else {
        throw DrillError(
          .io, subject: "kill points",
          detail: "the drill is not clean before it is killed: \(outcome.lines.suffix(3).joined(separator: " · "))")
      }
      var stages: [CalledStage] = []
      var begin = 1
      for words in FaultLibrary.shown(at: shown) {
        guard words.count > 1, let call = Int(words[1]), call > begin else { continue }
        let name = words.count > 2 ? words[2].split(separator: ":").first.map(String.init) : nil
        if words[0] == "said", let stage = name.flatMap(Stage.init(rawValue:)) {
          stages.append(CalledStage(name: stage.rawValue, calls: begin..<call))
          begin = call
        } else if words[0] == "calls" {
          stages.append(CalledStage(name: "recording", calls: begin..<call))
        }
      }
      guard stages.count > 4 else {
        throw DrillError(.io, subject: "kill points", detail: "the drill does not say how far it is")
      }
      return stages
    }
  }

  private func kill(
    at call: Int, in stage: String, of base: StandingBase, _ library: String
  ) async throws -> KillResult {
    try await withBench(of: base) { bench in
      var result = KillResult(engine: base.engine, seed: seed, call: call, stage: stage, name: "", left: [])
      var killed = bench
      let shown = bench.path("shown")
      killed.environment = [
        "LD_PRELOAD": library, "FIREDRILL_FAULTS_SHOWN": shown, "FIREDRILL_FAULTS_KILL_AT": "\(call)",
      ]
      let first = try await program.run(killed)
      let mark = FaultLibrary.shown(at: shown).first { $0.first == "kill" }
      result.name = mark?.last ?? ""
      if mark == nil || first.status != nil {
        result.unproven = "the drill ended with \(first.status.map(String.init) ?? "a signal") before its call \(call)"
        return result
      }
      let next = try await program.run(bench)
      let said = next.lines.suffix(3).map { "it said: \($0)" }
      if next.status != ExitStatus.pass.rawValue {
        result.left.append("the next drill ended with \(next.status.map(String.init) ?? "a signal")")
        result.left += said
      }
      result.left += ScenarioRemains(of: bench).sentences
      try await look(at: &bench, began: first.lines.contains { $0.hasPrefix("manifest: ") }, into: &result)
      return result
    }
  }

  /// The ledger verifies, and what was begun stands in it.
  private func look(at bench: inout ScenarioBench, began: Bool, into result: inout KillResult) async throws {
    bench.command = ["ledger", "verify"]
    let verified = try await program.run(bench)
    if verified.status != ExitStatus.pass.rawValue {
      result.left.append("the ledger does not verify: \(verified.lines.last ?? "")")
    }
    bench.command = ["ledger", "list", "--json"]
    let listed = try await program.run(bench)
    struct Entry: Decodable { var state: String }
    let states = (try? JSONDecoder().decode([Entry].self, from: Data(listed.output)))?.map(\.state) ?? []
    result.states = states.sorted()
    let others = states.count { $0 == "interrupted" } + states.count { $0 == "finished" } - 1
    if states.contains(where: { $0 != "interrupted" && $0 != "finished" }) || !states.contains("finished")
      || !(others == 1 || others == 0 && !began)
    {
      result.left.append("the ledger holds the runs \(states), and one more than the next was begun")
    }
  }

  private func withBench<R: Sendable>(
    of base: StandingBase, _ body: (inout ScenarioBench) async throws -> R
  ) async throws -> R {
    let folder = "\(root)/k\(String(UInt32.random(in: .min ... .max), radix: 36))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.copyItem(atPath: base.folder, toPath: folder)
    var bench = ScenarioBench(
      folder: folder, engine: base.engine, seed: seed, program: program, drill: base.drill,
      command: ["run", "drill.yaml"],
      variables: base.variables)
    bench.printsJSON = false
    bench.drill["backup"] = nil
    bench.drill["capture"] = "{key: seal}"
    bench.drill["workload"] = "workload.yaml"
    return try await body(&bench)
  }
}
