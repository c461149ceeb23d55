import ArgumentParser
import DrillModel
import Firedrill
import Foundation

struct ScenarioCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenario", abstract: "Plant faults, and see whether each is found as it should be.",
    subcommands: [List.self, Run.self, Matrix.self, Clean.self, Kill.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Selection: ParsableArguments {
    @Argument(help: "The folder of scenarios, or one scenario's file.", completion: .file(extensions: ["yaml"]))
    var place = "drills/scenarios"

    @Option(name: .long, help: "Only scenarios whose name or class contains this; repeat for more.")
    var only: [String] = []

    @OptionGroup var choice: EngineChoice

    func scenarios() throws -> [Scenario] {
      let chosen = try Firedrill.scenarios(at: place).filter { scenario in
        (only.isEmpty || only.contains { scenario.name.contains($0) || scenario.faultClass.rawValue == $0 })
          && (choice.engine.map(scenario.engines.contains) ?? true)
      }
      guard !chosen.isEmpty else {
        throw DrillError(.usage, subject: place, detail: "no scenario of it is chosen; see `firedrill scenario list`")
      }
      return chosen
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Say which scenarios there are.",
      discussion: """
        EXAMPLE
          firedrill scenario list
          firedrill scenario list --only content --engine redis
        """)

    @OptionGroup var selection: Selection
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let rows = try selection.scenarios().map {
        Row(
          name: $0.name, faultClass: $0.faultClass, about: $0.about, engines: $0.engines.map(\.rawValue))
      }
      if common.json { return try Terminal.sayJSON(rows) }
      let width = rows.map(\.name.count).max() ?? 0
      for row in rows {
        Terminal.say("\(row.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(row.about)")
      }
    }

    private struct Row: Encodable {
      var name: String
      var faultClass: Scenario.FaultClass
      var about: String
      var engines: [String]
    }
  }

  struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run scenarios: plant, drill, compare with what has to be found.",
      discussion: """
        Each works on a copy of a small production that is made for it, with this program itself; nothing is recorded. Exit 1 where a fault was not found as stated
        or a clean neighbour was not clean, 2 where a fault could not be planted for sure.

        EXAMPLE
          firedrill scenario run
          firedrill scenario run --only artifact --engine sqlite --seed 7
        """)

    @OptionGroup var selection: Selection

    @Option(name: .long, help: "Decides what is drawn: the production, places of damage, keys.")
    var seed: UInt64 = 1

    @Option(name: .long, help: "Write the results here as JSON, for `scenario matrix`.", completion: .file())
    var results: String?

    @OptionGroup var common: CommonOptions

    func run() async throws {
      let scenarios = try selection.scenarios()
      let (seed, engines, progress) = (seed, selection.choice.engines, common.progress.handler)
      let program = try ScenarioCommand.ownProgram()
      let isQuiet = common.json || common.quiet
      let found = try await interruptible {
        try await Firedrill.run(
          scenarios, on: engines, seed: seed, program: program, events: progress,
          told: { if !isQuiet { Terminal.note($0.line) } })
      }
      if let results { try Firedrill.write(try ScenarioResult.encoded(found), to: Workplace.absolute(results)) }
      if common.json {
        try Terminal.sayJSON(found)
      } else {
        for result in found where !result.caught { Terminal.say(result.text) }
        Terminal.say(
          "\(found.count { $0.caught }) of \(found.count) faults found as stated, with clean neighbours; seed \(seed)")
      }
      let verdict = Verdict.combining(found.map(\.verdict))
      if verdict != .pass { throw CommandOutcome(status: ExitStatus(verdict)) }
    }
  }

  struct Matrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "matrix", abstract: "Fault by engine, with what found it, as Markdown, from the results of a run.",
      discussion: """
        EXAMPLE
          firedrill scenario run --results results.json
          firedrill scenario matrix results.json
          firedrill scenario matrix results.json --by-class
        """)

    @Argument(help: "What `scenario run --results` wrote.", completion: .file(extensions: ["json"]))
    var results: String

    @Flag(name: .long, help: "One line a class, with how many of its faults were caught.")
    var byClass = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
      let results = try ScenarioResult.read(at: Workplace.absolute(results))
      if common.json { return try Terminal.sayJSON(results) }
      let matrix = ScenarioMatrix(results)
      Terminal.say(byClass ? matrix.summary : matrix.markdown)
    }
  }
}
