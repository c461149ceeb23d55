import ArgumentParser
import DrillModel
import Firedrill

struct ChainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chain", abstract: "Full backups and the increments on them.", subcommands: [Check.self])

  func run() async throws { throw CommandOutcome(helpFor: Self.self) }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Hold the links of a catalog's chains against each other, without a restore.",
      discussion: """
        Reads every manifest, and what increments say of themselves; hashes no full backup. See `firedrill check` and drills for the rest.

        EXAMPLE
          firedrill chain check /backups --trust seal.pub
          firedrill chain check /backups shop-20260131T050000Z-4d5e6f --trust seal.pub
        """)

    @Argument(
      help: "The catalog: a folder, or a remote one such as s3://bucket/path (needs rclone).", completion: .directory)
    var catalog: String

    @Argument(help: "The last backup of one chain; absent: all chains.")
    var backup: String?

    @Option(name: .long, help: "A trusted public key; repeat for more.", completion: .file())
    var trust: [String] = []

    @Flag(name: .long, help: "Do not require signatures.")
    var unsigned = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard !trust.isEmpty || unsigned else {
        throw ValidationError("Name the keys that you trust with --trust, or say --unsigned.")
      }
    }

    func run() async throws {
      let (catalog, backup, trust, unsigned) = (catalog, backup, trust, unsigned)
      let events = common.progress.handler
      let report = try await interruptible {
        try await Firedrill.checkChains(
          in: catalog, tip: backup, trust: trust, requiresSignature: !unsigned, events: events)
      }
      if common.json {
        try Terminal.sayJSON(report)
      } else if !common.quiet || report.verdict != .pass {
        Terminal.say(report.text)
      }
      if report.verdict != .pass { throw CommandOutcome(status: ExitStatus(report.verdict)) }
    }
  }
}
