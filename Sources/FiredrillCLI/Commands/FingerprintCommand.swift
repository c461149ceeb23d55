import ArgumentParser
import DrillModel
import Firedrill

struct FingerprintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fingerprint",
    abstract: "The fingerprint of a store's or file's contents: equal contents, equal root.",
    discussion: """
      EXAMPLE
        firedrill fingerprint dump.rdb
        firedrill fingerprint /var/lib/redis/appendonlydir
        firedrill fingerprint 'redis://127.0.0.1:7001?cluster=true' --via commands
        firedrill fingerprint 'rediss://10.0.0.11:6379?ca=ca.pem'
      """)

  @Argument(help: "A backup's folder, a file, a folder of files, or a Redis URL (see firedrill diff --help).")
  var source: String

  @Option(name: .long, help: "The catalog in which a backup's id lies.", completion: .directory)
  var catalog: String?

  @Option(name: .long, help: "How a Redis URL is read: replication or commands.")
  var via: ReadingPath = .replication

  @Flag(name: .long, help: "With --json: all cells. A cell with one record exposes its hash.")
  var cells = false

  @OptionGroup var identity: IdentityOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let events = common.progress.handler
    let (source, catalog, via) = (source, catalog, via)
    let keys = try identity.section
    let result = try await interruptible {
      try await Firedrill.fingerprint(of: source, catalog: catalog, via: via, keys: keys, events: events)
    }
    if common.json {
      try Terminal.sayJSON(cells ? result : result.withoutCells)
    } else {
      Terminal.say(result.text)
    }
    if !result.problems.isEmpty { throw CommandOutcome(status: .fail) }
  }
}
