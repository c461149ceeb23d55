import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "What was recorded.",
    subcommands: [List.self, Show.self, Verify.self, PolicyChangesCommand.self, Prune.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List recorded runs, newest first.",
      discussion: """
        EXAMPLE
          firedrill ledger list --limit 20
        """)

    @Option(name: .long, help: "At most so many.") var limit = 50
    @Option(name: .long, help: "Only runs of this cluster.") var cluster: String?
    @Option(name: .long, help: "Only runs of this drill.") var drill: String?
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let runs = try Ledger.open(at: ledger.path, mode: .readOnly).runs(limit: limit, cluster: cluster, drill: drill)
      if common.json { try Terminal.sayJSON(runs) } else { Terminal.say(RunListing(runs).text(Terminal.style)) }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show one recorded run in full.",
      discussion: """
        EXAMPLE
          firedrill ledger show quickstart-20260131T040000Z-1a2b3c
        """)

    @Argument(help: ArgumentHelp("A run's id, or a beginning of it that only one run has.", valueName: "run"))
    var runID: String
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let run = try Ledger.open(at: ledger.path, mode: .readOnly).run(runID)
      if common.json, let whole = run.run {
        try Terminal.sayJSON(RunDocument(whole))
      } else if common.json {
        try Terminal.sayJSON(run.entry)
      } else {
        Terminal.say(RunDetails(run).text(Terminal.style))
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Recompute the ledger's tree and hold it against its heads and anchors.",
      discussion: """
        A log cannot see its own tail cut off: name the catalogs that hold signed tree heads, and they are held against the ledger.

        EXAMPLE
          firedrill ledger verify --anchors /backups
        """)

    @Option(
      name: .long, help: "A catalog whose anchored tree heads to hold the ledger against; repeat for more.",
      completion: .directory)
    var anchors: [String] = []

    @Option(
      name: .long, help: "A public key that may have signed the anchored heads; repeat for more.", completion: .file())
    var trust: [String] = []

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let verification = try Firedrill.verifyLedger(at: ledger.path, anchors: anchors, trust: trust)
      if common.json {
        try Terminal.sayJSON(verification)
      } else if !common.quiet {
        Terminal.say(VerificationText(verification).text(Terminal.style))
      }
      if !verification.problems.isEmpty { throw CommandOutcome(status: .fail) }
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "prune", abstract: "Drop what is bulky of old runs; what they found stays, and the tree verifies.",
      discussion: """
        A run's drill file, findings one by one and report go; verdict, level, counts and times stay. It cannot be undone.

        EXAMPLE
          firedrill ledger prune --older-than 90d
        """)

    @Option(name: .long, help: "Age from which on details are dropped, such as 90d.") var olderThan: String
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let dropped = try Firedrill.pruneLedger(at: ledger.path, olderThan: Firedrill.duration(olderThan))
      if common.json {
        try Terminal.sayJSON(["dropped": dropped])
      } else if !common.quiet {
        Terminal.say("dropped the details of \(dropped) record\(dropped == 1 ? "" : "s")")
      }
    }
  }
}
