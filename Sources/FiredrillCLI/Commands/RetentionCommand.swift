import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct RetentionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retention", abstract: "What a retention rule would keep and drop.", subcommands: [Check.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Say what a rule would drop and keep of a catalog and why; refuse what must stay. Deletes nothing.",
      discussion: """
        Refused (exit 1): the predecessor of an increment that stays, a backup that a migration which has not ended can go back to, and the newest backup of a
        cluster that a drill verified. A backup whose manifest cannot be believed stays, and leaves the plan inconclusive (exit 2), as does a ledger that is
        not there. The rule's fields are in drills/README.md.

        EXAMPLE
          firedrill retention check /backups --rule retention.yaml --trust seal.pub
          firedrill retention check /backups --rule retention.yaml --trust seal.pub --at 2026-12-31 --json
        """)

    @Argument(
      help: "The catalog: a folder, or a remote one such as s3://bucket/path (needs rclone).", completion: .directory)
    var catalog: String

    @Option(name: .long, help: "The retention rule.", completion: .file(extensions: ["yaml", "yml"]))
    var rule: String

    @Option(name: .long, help: "A trusted public key; repeat for more.", completion: .file())
    var trust: [String] = []

    @Flag(name: .long, help: "Believe manifests without a signature.")
    var unsigned = false

    @Option(
      name: .long, help: "As of this time instead of now: 2026-12-31, 2026-12-31T04:00:00Z, or how long ago (2d).")
    var at: String?

    @OptionGroup var ledger: LedgerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard !trust.isEmpty || unsigned else {
        throw ValidationError("Name the keys that you trust with --trust, or say --unsigned.")
      }
    }

    func run() async throws {
      let events = common.progress.handler
      let now = Instant.now
      let request = RetentionRequest(
        catalog: catalog, rule: rule, trust: trust, requiresSignature: !unsigned, ledger: ledger.path,
        at: try at.map { try Firedrill.time($0, before: now) } ?? now)
      let plan = try await interruptible { try await Firedrill.retention(request, events: events) }
      if common.json {
        try Terminal.sayJSON(RetentionDocument(plan))
      } else if !common.quiet || plan.verdict != .pass {
        Terminal.say(RetentionText(plan).text(Terminal.style))
      }
      if plan.verdict != .pass { throw CommandOutcome(status: ExitStatus(plan.verdict)) }
    }
  }
}
