import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run drills: restore, check, replay, compare, record.",
    discussion: """
      EXAMPLE
        firedrill run drills/quickstart.yaml --report report.html
        firedrill run --max-age 20h nightly.yaml
        firedrill run --again nightly-20260131T040000Z-1a2b3c
      """)

  @Argument(help: "Drill files.", completion: .file(extensions: ["yaml", "yml"]))
  var drills: [String] = []

  @Option(name: .long, help: "Run this recorded run's drill again, from the ledger: same files, same seed.")
  var again: String?

  @Option(name: .long, help: "Use this seed instead of the drill's.")
  var seed: UInt64?

  @Option(
    name: .long,
    help: "Skip a drill of which a run passed within this time, such as 20h, under the same policy and at its level.")
  var maxAge: String?

  @Flag(name: .long, help: "Show keys in clear, on screen and in the ledger, instead of their redacted form.")
  var showKeys = false

  @Option(
    name: .long,
    help: "Write an HTML report: to this file if it ends in .html, otherwise as RUN.html into this folder.",
    completion: .file(extensions: ["html"]))
  var report: String?

  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard drills.isEmpty == (again != nil) else {
      throw ValidationError("Name drill files, or --again with a run's id.")
    }
    guard again == nil || maxAge == nil else { throw ValidationError("--again runs in any case; leave out --max-age.") }
  }

  func run() async throws {
    var statuses: [ExitStatus] = []
    var outcomes: [DrillOutcome] = []
    let events = common.progress.handler
    let options = RunOptions(ledger: ledger.ledger, seed: seed, showsKeys: showKeys)
    if let again {
      let path = ledger.path
      outcomes = try await interruptible {
        try await Firedrill.run(again: again, ledger: path, options: options, events: events)
      }
    } else {
      let age = try maxAge.map(Firedrill.duration)
      for path in drills {
        do {
          let result = try await interruptible {
            try await Firedrill.run(drill: path, unlessPassedWithin: age, options: options, events: events)
          }
          switch result {
          case .ran(let ran): outcomes += ran
          case .skipped(let skipped): try say(skipped)
          }
        } catch let error as DrillError where error.code == .alreadyRunning {
          Terminal.complain(error)
          statuses.append(.inconclusive)
        }
      }
    }
    for outcome in outcomes {
      if common.json {
        try Terminal.sayJSON(RunDocument(outcome.run, recordingError: outcome.recordingProblem))
      } else if !common.quiet || outcome.run.verdict != .pass || outcome.recordingProblem != nil {
        Terminal.say(RunSummary(outcome.run, recordingError: outcome.recordingProblem).text(Terminal.style))
      }
      statuses.append(ExitStatus(outcome.run.verdict))
      if let problem = outcome.recordingProblem {
        Terminal.complain("the result above is NOT recorded: \(problem)  [\(problem.code.rawValue)]")
        statuses.append(.inconclusive)
      }
    }
    if let report { statuses += try writeReports(outcomes, to: report) }
    try finish(statuses)
  }

  private func say(_ skipped: DrillSkipped) throws {
    if common.json {
      try Terminal.sayJSON(["skipped": skipped])
    } else if !common.quiet {
      Terminal.say("drill \(skipped.drill) was skipped: it relies on run \(skipped.reliesOn), which passed")
    }
  }

  /// One file a run in a folder; a single file shows the worst run, and says so where there were more.
  private func writeReports(_ outcomes: [DrillOutcome], to place: String) throws -> [ExitStatus] {
    let isFile = place.hasSuffix(".html") || place.hasSuffix(".htm")
    let worst = outcomes.max { $0.run.verdict < $1.run.verdict }
    do {
      for outcome in isFile ? [worst].compactMap({ $0 }) : outcomes {
        let path = isFile ? place : "\(place.hasSuffix("/") ? String(place.dropLast()) : place)/\(outcome.run.id).html"
        let page = try Firedrill.report(outcome, ledger: outcome.ledger)
        try Firedrill.write(ReportHTML(page).text(), to: Workplace.absolute(path))
        if !common.quiet { Terminal.note("report: \(path)") }
      }
    } catch let error as DrillError {
      Terminal.complain("the report could not be written: \(error)  [\(error.code.rawValue)]")
      return [.inconclusive]
    }
    if isFile, outcomes.count > 1, let worst, !common.quiet {
      Terminal.note(
        "report: it shows \(worst.run.id), the worst of \(outcomes.count) runs; name a folder to get them all")
    }
    return []
  }

  /// Fail outranks inconclusive, which outranks pass.
  private func finish(_ statuses: [ExitStatus]) throws {
    for status in [ExitStatus.fail, .inconclusive] where statuses.contains(status) {
      throw CommandOutcome(status: status)
    }
  }
}
