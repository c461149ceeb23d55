import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct FindingsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "findings", abstract: "What runs found, followed from run to run until it is resolved.",
    subcommands: [List.self, Show.self, Acknowledge.self, Note.self, Withdraw.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List findings that are open, overdue ones first.",
      discussion: """
        A finding is resolved by a later run that looked at the same thing and did not find it, never by one that did not look.

        EXAMPLE
          firedrill findings list --cluster shop --overdue
        """)

    @Option(name: .long, help: "Only findings on this cluster.") var cluster: String?
    @Flag(help: "Only those that are open, which is what is shown without this; or those that were closed as well.")
    var selection: Selection = .open
    @Flag(name: .long, help: "Only those whose deadline has passed.") var overdue = false
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    enum Selection: String, EnumerableFlag { case open, all }

    func run() async throws {
      let now = Instant.now
      let findings = try Firedrill.findings(ledger: ledger.path, cluster: cluster, at: now).filter {
        (selection == .all || $0.isOpen) && (!overdue || $0.isOverdue(at: now))
      }
      if common.json {
        try Terminal.sayJSON(findings.map { FindingDocument($0, at: now) })
      } else {
        Terminal.say(FindingListing(findings, at: now).text(Terminal.style))
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show one finding: since when, seen by which runs, who said what.",
      discussion: """
        EXAMPLE
          firedrill findings show 3fa1c2
        """)

    @Argument(help: findingHelp) var finding: String
    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      let now = Instant.now
      let found = try Firedrill.findings(ledger: ledger.path, at: now).named(finding)
      if common.json {
        try Terminal.sayJSON(FindingDocument(found, at: now))
      } else {
        Terminal.say(FindingDetails(found, at: now).text(Terminal.style))
      }
    }
  }

  struct Acknowledge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "acknowledge",
      abstract: "Say that somebody knows of a finding and works on it; its deadline stands.",
      discussion: """
        EXAMPLE
          firedrill findings acknowledge 3fa1c2 --why "disk is being replaced, ticket 4711"
        """)

    @Argument(help: findingHelp) var finding: String
    @OptionGroup var words: ActionOptions

    func run() async throws { try words.record(.acknowledge, on: finding) }
  }

  struct Note: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "note",
      abstract: "Leave a word on a finding, for whoever sees its like next: the playbook shows it.",
      discussion: """
        EXAMPLE
          firedrill findings note 3fa1c2 --why "it was the replica on node 4: out of sync since the upgrade"
        """)

    @Argument(help: findingHelp) var finding: String
    @OptionGroup var words: ActionOptions

    func run() async throws { try words.record(.note, on: finding) }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "withdraw", abstract: "Close a finding that no run can resolve, since what it was about is gone.",
      discussion: """
        It stays in the ledger, with who withdrew it and why; a run that sees it again opens it again.

        EXAMPLE
          firedrill findings withdraw 3fa1c2 --why "the backup was deleted by retention on 2026-02-01"
        """)

    @Argument(help: findingHelp) var finding: String
    @OptionGroup var words: ActionOptions

    func run() async throws { try words.record(.withdraw, on: finding) }
  }

  private static let findingHelp: ArgumentHelp = "A finding's name, or a beginning of it that only one finding has."
}

/// Who says what, of a finding.
struct ActionOptions: ParsableArguments {
  @Option(name: .long, help: "Who says so; by default the login name.") var who: String?
  @Option(name: .long, help: "The reason, or the note; kept for ever.") var why: String
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func record(_ action: FindingAction.Action, on finding: String) throws {
    let now = Instant.now
    let found = try Firedrill.act(
      action, on: finding, who: who ?? Firedrill.loginName, why: why, ledger: ledger.path, at: now)
    if common.json {
      try Terminal.sayJSON(FindingDocument(found, at: now))
    } else if !common.quiet {
      Terminal.say(FindingDetails(found, at: now).text(Terminal.style))
    }
  }
}
