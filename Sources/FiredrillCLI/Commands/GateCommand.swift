public import ArgumentParser
public import DrillEvidence
import DrillModel
import Firedrill
import Foundation

struct GateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Decide from recorded facts whether a move may go on. Exit 0 open, 1 closed, 2 inconclusive.",
    discussion: """
      EXAMPLE
        firedrill gate drills/examples/cutover-policy.yaml --stage final --catalog /backups --key seal --format json -o decision.json
        firedrill gate verify decision.json --trust seal.pub
      """, subcommands: [Decide.self, Verify.self], defaultSubcommand: Decide.self)

  enum Form: String, ExpressibleByArgument, CaseIterable { case text, json, junit, markdown }

  struct Decide: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "decide", abstract: "Decide by a policy. The word `decide` may be left out.",
      discussion: """
        Shows for each clause the fact that decided it. The decision is recorded in the ledger; with --key it is signed, and stands until it expires or a newer
        epoch, cut or failing run is recorded.

        EXAMPLE
          firedrill gate decide cutover-policy.yaml --stage final --key seal --format json -o decision.json
        """)

    @Argument(help: "The policy file.", completion: .file(extensions: ["yaml", "yml"]))
    var policy: String

    @Option(name: .long, help: "readiness, or final, which asks more.")
    var stage: GateStage = .readiness

    @Option(name: .long, help: "The catalog that says which backups are retained.", completion: .directory)
    var catalog: String?

    @Option(name: .long, help: "The private key to sign with (see firedrill keygen).", completion: .file())
    var key: String?

    @Option(name: .long, help: "text, json (with the signed decision, for gate verify), junit or markdown.")
    var format: Form?

    @Option(name: .shortAndLong, help: "Write to this file; the terminal gets the text.", completion: .file())
    var output: String?

    @Flag(name: .long, help: "Decide, but neither sign nor record it.")
    var dryRun = false

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let result = try Firedrill.gate(
        policy: policy, stage: stage, ledger: ledger.path, catalog: catalog, key: key, isRecorded: !dryRun)
      let form = format ?? (common.json ? .json : .text)
      let plain = GateText(result.decision, recordingError: result.recordingError)
      if let output {
        try write(rendered(result, as: form), to: output)
        if !common.quiet, !common.json { Terminal.say(plain.text(Terminal.style)) }
      } else if form == .text {
        if !common.quiet || result.status != .pass { Terminal.say(plain.text(Terminal.style)) }
      } else {
        Terminal.say(try rendered(result, as: form))
      }
      if let problem = result.recordingError {
        Terminal.complain("the decision above is NOT recorded: \(problem)  [\(problem.code.rawValue)]")
      }
      if result.status != .pass { throw CommandOutcome(status: result.status) }
    }

    private func rendered(_ result: Firedrill.GateResult, as form: Form) throws -> String {
      switch form {
      case .text: GateText(result.decision, recordingError: result.recordingError).text()
      case .json: try CanonicalJSON.text(result.document) + "\n"
      case .junit: GateJUnit(result.decision).text
      case .markdown: GateMarkdown(result.decision).text
      }
    }

    private func write(_ text: String, to path: String) throws {
      do {
        try text.write(toFile: Workplace.absolute(path), atomically: true, encoding: .utf8)
      } catch {
        throw DrillError(.io, subject: path, detail: "the decision cannot be written here", underlying: error)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Say whether a decision still stands. Exit 0 it is open and stands, 1 refused, 2 could not look.",
      discussion: """
        Refused: no trusted signature, not open, expired, made from another ledger, or the ledger holds a newer epoch, a newer cut or a failing run.

        EXAMPLE
          firedrill gate verify decision.json --trust seal.pub
        """)

    @Argument(help: "The decision, as --format json wrote it.", completion: .file())
    var decision: String

    @Option(name: .long, help: "A public key that may have signed it; repeat for more.", completion: .file())
    var trust: [String]

    @Flag(name: .long, help: "Accept it without looking into a ledger for anything newer.")
    var withoutLedger = false

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let verification = try Firedrill.verifyGate(
        decision: decision, trust: trust, ledger: withoutLedger ? nil : ledger.path)
      if common.json {
        try Terminal.sayJSON(verification)
      } else if !common.quiet || !verification.isAccepted {
        Terminal.say(GateVerificationText(verification).text(Terminal.style))
      }
      if !verification.isAccepted { throw CommandOutcome(status: .fail) }
    }
  }
}

extension GateStage: ExpressibleByArgument {}
