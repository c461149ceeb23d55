import ArgumentParser
import DrillEvidence
import DrillModel
import Firedrill

struct SealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal", abstract: "Give files that another tool made a signed manifest.",
    discussion: """
      Finds RDB files, append-only logs and SQLite databases by their content, copies them into a catalog, reads every record of the copies and signs what was read. A damaged \
      file is a finding, and then nothing is sealed. From then on it shows whether the bytes changed; it does not show that they are what production held: \
      nothing was read from the live servers.

      EXAMPLE
        firedrill seal /dumps/2026-01-31 --cluster shop --to /backups --key seal
        firedrill seal a.rdb b.rdb c.rdb --cluster shop --to /backups --key seal --topology nodes.conf
        firedrill seal appendonlydir --cluster shop --to /backups --key seal --cut 2026-01-31T04:00:00Z
        firedrill seal appendonlydir --cluster shop --to /backups --key seal --on latest   # what was written since
        firedrill seal dump.rdb.zst.age --encoding zstd --encoding age --identity recovery.age --cluster shop --to /backups --key seal
        firedrill seal app.sqlite --cluster app --to /backups --key seal --cut 2026-01-31T04:00:00Z
        firedrill seal /dumps/2026-01-31 --cluster shop --in-place --key seal --digests /dumps/2026-01-31/SHA256SUMS
      """)

  @Argument(help: "Files, or folders in which they lie.", completion: .file())
  var paths: [String]

  @Option(name: .long, help: "The cluster that they are of.")
  var cluster: String

  @Option(name: .long, help: "The catalog's folder; made if it is not there.", completion: .directory)
  var to: String?

  @Option(name: .long, help: "The private key to seal with (see firedrill keygen).", completion: .file())
  var key: String

  @Option(name: .long, help: "Seal only what append-only logs grew by since this backup: its id, or latest.")
  var on: String?

  @Option(name: .long, help: "With --on: a public key that may have signed it, beside --key; repeat for more.")
  var trust: [String] = []

  @Flag(name: .long, help: "Seal the one folder where it lies; nothing is copied.")
  var inPlace = false

  @Option(name: .long, help: "NAME=PATH: which shard a file is, where its name and keys do not tell; repeat for more.")
  var shard: [String] = []

  @Option(name: .long, help: "NAME=RANGES: the slots that a shard owns (a=0-8191); repeat for more.")
  var slots: [String] = []

  @Option(
    name: .long,
    help: "Which shard owns which slots: YAML (drills/README.md), a nodes.conf, or what CLUSTER NODES says.",
    completion: .file())
  var topology: String?

  @Flag(name: .long, help: "The files are of single stores, of which each holds whatever it holds.")
  var noSlotMap = false

  @Option(name: .long, help: "When the backup was begun, where the files do not tell: 2026-01-31T04:00:00Z.")
  var cut: String?

  @Option(name: .long, help: "A SHA256SUMS that came with the files.", completion: .file())
  var digests: String?

  @Option(name: .long, help: "A detached signature of it, by OpenSSL, minisign or GnuPG.", completion: .file())
  var digestsSignature: String?

  @Option(name: .long, help: "The signer's public key.", completion: .file())
  var digestsKey: String?

  @Option(name: .long, help: "The backup's retention class, such as pre-move; kept in the manifest.")
  var retention: String?

  @Option(name: .long, help: "Why the backup was taken; kept in the manifest.")
  var rationale: String?

  @Flag(name: .long, help: "Show keys in clear.")
  var showKeys = false

  @Option(
    name: .long,
    help: "The filters that the files are encoded with: zstd, gzip, lz4, age, gpg or cms; repeat, innermost first.")
  var encoding: [String] = []

  @OptionGroup var identity: IdentityOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (to == nil) == inPlace else {
      throw ValidationError("Name the catalog with --to, or seal a folder where it lies with --in-place.")
    }
    guard on == nil || (!inPlace && digests == nil) else {
      throw ValidationError(
        "--on seals an increment into a catalog: name it with --to, without --in-place and --digests.")
    }
    guard digests != nil || (digestsSignature == nil && digestsKey == nil) else {
      throw ValidationError("--digests-signature and --digests-key are about a list that --digests names.")
    }
  }

  func run() async throws {
    let events = common.progress.handler
    var request = SealRequest(paths: paths, cluster: cluster, catalog: to, key: key)
    request.inPlace = inPlace
    request.shards = shard
    request.slots = slots
    request.topology = topology
    request.hasNoSlotMap = noSlotMap
    request.cut = cut
    request.digests = try digests.map {
      try DigestsSource(list: $0, signature: digestsSignature, key: digestsKey)
    }
    request.retention = retention
    request.rationale = rationale
    request.on = on
    request.trust = trust
    request.showsKeys = showKeys
    request.encodings = encoding
    request.keys = try identity.section
    let result = try await interruptible { [request] in try await Firedrill.seal(request, events: events) }
    switch result {
    case .sealed(let sealed, let folder):
      if common.json {
        try Terminal.sayJSON(sealed.manifest)
      } else if !common.quiet {
        Terminal.say(BackupText.describe(sealed.manifest, digest: sealed.digest))
        Terminal.say("lies in    \(folder)")
      }
    case .refused(let findings):
      if common.json {
        try Terminal.sayJSON(findings)
      } else {
        Terminal.say(FindingsText.refused(findings))
      }
      throw CommandOutcome(status: .fail)
    }
  }
}
