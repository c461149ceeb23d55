import ArgumentParser
import DrillModel
import Firedrill
import Foundation

extension ScenarioCommand {
  /// Which engines, as all of them ask.
  struct EngineChoice: ParsableArguments {
    @Option(
      name: .long, help: "Only this engine: redis or sqlite.",
      transform: { text in
        guard let engine = ProductionFile.Engine(rawValue: text) else {
          throw ValidationError("An engine is redis or sqlite.")
        }
        return engine
      })
    var engine: ProductionFile.Engine?

    var engines: [ProductionFile.Engine]? { engine.map { [$0] } }
  }

  static func ownProgram() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  }

  struct Clean: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "clean",
      abstract: "Run drills in which nothing is wrong, many of them, and see that none finds anything.",
      discussion: """
        Each seed has a production, a workload and a drill of its own. Exit 1 where one finds something; its seed is printed.

        EXAMPLE
          firedrill scenario clean --seeds 300
          firedrill scenario clean --from 117 --seeds 1 --engine redis
        """)

    @Option(name: .long, help: "How many seeds on each engine.")
    var seeds: UInt64 = 20

    @Option(name: .long, help: "The first seed.")
    var from: UInt64 = 1

    @OptionGroup var choice: EngineChoice
    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard seeds > 0, !from.addingReportingOverflow(seeds).overflow else {
        throw ValidationError("There is at least one seed.")
      }
    }

    func run() async throws {
      let (range, engines, program) = (from..<(from + seeds), choice.engines, try ScenarioCommand.ownProgram())
      let isQuiet = common.json || common.quiet
      let found = try await interruptible {
        try await Firedrill.runClean(
          seeds: range, on: engines, program: program,
          told: { if !isQuiet || !$0.isClean { Terminal.note($0.line) } })
      }
      if common.json {
        try Terminal.sayJSON(found)
      } else {
        Terminal.say("\(found.count { $0.isClean }) of \(found.count) drills without a finding")
      }
      if !found.allSatisfy(\.isClean) { throw CommandOutcome(status: .fail) }
    }
  }

  struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "kill",
      abstract: "Kill drills at seeded points of every stage, and see that nothing of them is left.",
      discussion: """
        Each drill captures, restores, and compares with a live production. It is killed (SIGKILL) in place of one of its calls; then the next drill runs, and nothing
        of the first may be left: no process, folder, socket or mount; the ledger verifies, and the interrupted run stands in it. Needs libCFaults.so beside the
        program, as a build of the sources has it.

        EXAMPLE
          firedrill scenario kill --points 100 --seed 7
        """)

    @Option(name: .long, help: "How many points on each engine.")
    var points = 12

    @Option(name: .long, help: "Decides the points, and the production.")
    var seed: UInt64 = 1

    @OptionGroup var choice: EngineChoice
    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard points > 0 else { throw ValidationError("There is at least one point.") }
    }

    func run() async throws {
      let (points, seed, engines, progress) = (points, seed, choice.engines, common.progress.handler)
      let program = try ScenarioCommand.ownProgram()
      let isQuiet = common.json || common.quiet
      let found = try await interruptible {
        try await Firedrill.runKilled(
          points: points, on: engines, seed: seed, program: program, events: progress,
          told: { if !isQuiet || $0.verdict != .pass { Terminal.note($0.line) } })
      }
      let verdicts = found.map(\.verdict)
      if common.json {
        try Terminal.sayJSON(found)
      } else {
        let unproven = verdicts.count { $0 == .inconclusive }
        Terminal.say(
          "\(verdicts.count { $0 == .pass }) of \(found.count) kills left nothing"
            + (unproven == 0 ? "" : ", \(unproven) came after the end of the drill") + "; seed \(seed)")
      }
      let verdict = Verdict.combining(verdicts)
      if verdict != .pass { throw CommandOutcome(status: ExitStatus(verdict)) }
    }
  }
}
