import ArgumentParser
import DrillModel
import Firedrill

struct LocateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "locate",
    abstract: "Which backups, shards and artifacts hold a record, since when, with which digest.",
    discussion: """
      Reads every data file of the catalogs in full, and writes nothing. A key is text; bytes that cannot be printed are written \\xNN, or the whole key with --hex.
      The name under which a finding shows a key (key: and 16 digits) is found as well, with the ledger that made it. A row's key is its primary key: 42, or 42,7
      where it has two columns. Exit 0 where all that was asked is known, 2 where it was not found and not everything could be read.

      EXAMPLE
        firedrill locate user:1042 /backups --trust seal.pub
        firedrill locate key:0c7d31f09ab2e468 /backups --ledger nightly.sqlite
      """)

  @Argument(help: "The key.") var key: String
  @Argument(
    help: "The catalogs: folders, or remote ones such as s3://bucket/path (need rclone).", completion: .directory)
  var catalogs: [String]

  @Flag(name: .long, help: "The key is given in hexadecimal.") var hex = false
  @Option(name: .long, help: "Only backups of this cluster.") var cluster: String?
  @Option(name: .long, help: "A trusted public key, to check manifests with; repeat for more.", completion: .file())
  var trust: [String] = []
  @Flag(name: .long, help: "Show the key in clear, and the SHA-256 of its record.") var showKeys = false
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let events = common.progress.handler
    let request = LocateRequest(
      key: key, isHex: hex, catalogs: catalogs, cluster: cluster, trust: trust, showsKeys: showKeys,
      ledger: ledger.path)
    let result = try await interruptible { try await Firedrill.locate(request, events: events) }
    if common.json { try Terminal.sayJSON(result) } else { Terminal.say(result.text) }
    if result.isInconclusive { throw CommandOutcome(status: .inconclusive) }
  }
}
