import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Everything about a backup that needs no restore: signature, bytes, decoding, slots.",
    discussion: """
      EXAMPLE
        firedrill check /backups/shop-20260131T040000Z-1a2b3c --trust seal.pub
        firedrill check /dumps/2026-01-31 --unsigned    # files that nobody sealed
        firedrill check /backups/BACKUP --trust seal.pub --expect shop.yaml    # complete for the live cluster?
        firedrill check /backups/BACKUP --trust seal.pub --identity recovery.age    # stored encrypted
        firedrill check shop-20260131T040000Z-1a2b3c --catalog s3://bucket/shop --trust seal.pub
      """)

  @Argument(help: "A backup's folder, or its id beside --catalog.", completion: .directory)
  var backup: String

  @Option(
    name: .long, help: "The catalog: a folder, or a remote one such as s3://bucket/path (needs rclone).",
    completion: .directory)
  var catalog: String?

  @Option(name: .long, help: "A trusted public key; repeat for more.", completion: .file())
  var trust: [String] = []

  @Flag(name: .long, help: "Do not require a signature.")
  var unsigned = false

  @Option(
    name: .long,
    help:
      "The topology that it should cover: a topology file (drills/README.md), a nodes.conf, a cluster file whose live cluster is asked, or `recorded`: the ledger's newest.",
    completion: .file())
  var expect: String?

  @Flag(name: .long, help: "Show keys in clear.")
  var showKeys = false

  @Flag(name: .long, help: "Require that no artifact can be changed where it lies (drills/README.md, immutability).")
  var immutable = false

  @OptionGroup var identity: IdentityOptions
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard !trust.isEmpty || unsigned else {
      throw ValidationError("Name the keys that you trust with --trust, or say --unsigned.")
    }
  }

  func run() async throws {
    let events = common.progress.handler
    var request = CheckRequest(
      backup: backup, catalog: catalog, trust: trust, requiresSignature: !unsigned, showsKeys: showKeys,
      ledger: ledger.path)
    if immutable { request.immutability = ImmutabilityProbe() }
    request.expect = expect
    request.keys = try identity.section
    let run = try await interruptible { [request] in try await Firedrill.check(request, events: events) }
    if common.json {
      try Terminal.sayJSON(RunDocument(run))
    } else if !common.quiet || run.verdict != .pass {
      Terminal.say(RunSummary(run, isRecorded: false).text(Terminal.style))
    }
    if run.verdict != .pass { throw CommandOutcome(status: ExitStatus(run.verdict)) }
  }
}
