import ArgumentParser
import DrillModel
import Firedrill

struct CaptureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture", abstract: "Back up a live cluster at one cut, with what it answers there, and seal it.",
    discussion: """
      Says first what it will cost production, and refuses what does not fit the cluster file's limits. Nothing is written to the cluster.

      EXAMPLE
        firedrill capture cluster.yaml --to /backups --key seal
        firedrill capture cluster.yaml --to /backups --key seal --retention pre-move --rationale "before shard 4 is split"
        firedrill capture cluster.yaml --to /backups --key seal --follow    # until Ctrl-C
        firedrill capture cluster.yaml --to /backups --key seal --on latest   # what changed since the newest backup
        firedrill capture cluster.yaml --to /backups --key seal --encode zstd --encode age --recipient age1…
        firedrill capture managed.yaml --to /backups --key seal --via commands   # where nobody may replicate
      """)

  @Argument(help: "The cluster file.", completion: .file(extensions: ["yaml", "yml"]))
  var cluster: String

  @Option(name: .long, help: "The catalog's folder; made if it is not there.", completion: .directory)
  var to: String

  @Option(name: .long, help: "The private key to seal with (see firedrill keygen).", completion: .file())
  var key: String

  @Flag(name: .long, help: "Go on recording what changes after the cut, until interrupted.")
  var follow = false

  @Option(
    name: .long,
    help: "How Redis records are read, instead of what the cluster file says: replication, or commands (no one cut).")
  var via: ReadingPath?

  @Option(name: .long, help: "The backup's retention class, such as pre-move; kept in the manifest.")
  var retention: String?

  @Option(name: .long, help: "Why the backup is taken now; kept in the manifest.")
  var rationale: String?

  @Option(
    name: .long, help: "Take an increment on this backup of the catalog: its id, or latest. Absent: a full backup.")
  var on: String?

  @Option(name: .long, help: "With --on: a public key that may have signed it, beside --key; repeat for more.")
  var trust: [String] = []

  @Option(
    name: .long,
    help:
      "How artifacts are stored, instead of what the cluster file says: zstd, gzip, lz4, age, gpg or cms; repeat, innermost first."
  )
  var encode: [String] = []

  @Option(
    name: .long,
    help:
      "Whom to encrypt to: age1…, or a file with age recipients, OpenPGP public keys or a certificate; repeat for more.",
    completion: .file())
  var recipient: [String] = []

  @OptionGroup var identity: IdentityOptions

  @Flag(name: .long, help: "Only say what it would cost.")
  var estimate = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let events = common.progress.handler
    let (path, catalog, key, retention, rationale) = (cluster, to, key, retention, rationale)
    let (follow, via, predecessor, trust) = (follow, via, on, trust)
    let encoding = try EncodingSection(flags: encode, recipients: recipient)
    let opening = try identity.section
    if estimate {
      let estimate = try await interruptible {
        try await Firedrill.estimate(cluster: path, via: via, isIncrement: predecessor != nil)
      }
      if common.json {
        try Terminal.sayJSON(estimate)
      } else {
        for line in estimate.lines + estimate.refusals { Terminal.say(line) }
      }
      if !estimate.refusals.isEmpty { throw CommandOutcome(status: .inconclusive) }
      return
    }
    let backup = try await interruptible {
      try await Firedrill.capture(
        cluster: path, to: catalog, key: key, retention: retention, rationale: rationale, follows: follow, via: via,
        on: predecessor, trust: trust, encoding: encoding, keys: opening, events: events)
    }
    if common.json {
      try Terminal.sayJSON(backup.manifest)
    } else if !common.quiet {
      Terminal.say(BackupText.describe(backup.manifest, digest: backup.digest))
    }
  }
}
