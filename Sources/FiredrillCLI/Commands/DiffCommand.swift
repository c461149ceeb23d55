public import ArgumentParser
import DrillModel
public import Firedrill

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare the contents of two stores or files, down to keys. Exit 0 equal, 1 different, 2 could not tell.",
    discussion: """
      A side is a backup's folder (or its id with --catalog), a file (dump.rdb, appendonly.aof, app.sqlite), a folder of such files, an appendonlydir, or a URL: redis://host:port, redis+unix:///path/to.sock,
      with ?cluster=true for all shards; rediss://host:port?ca=ca.pem speaks TLS, with &cert=, &key= and &server_name= where they are needed. A password comes from $FIREDRILL_PASSWORD, a user from the URL (redis://user@host:port), an encrypted key's from $FIREDRILL_KEY_PASSWORD.

      EXAMPLE
        firedrill diff dump.rdb redis+unix:///run/redis.sock
        firedrill diff 'redis://127.0.0.1:7001?cluster=true' 'redis://127.0.0.1:8001?cluster=true' --expiry-bound 10ms
      """)

  @Argument(help: "One side.") var a: String
  @Argument(help: "The other.") var b: String

  @Option(name: .long, help: "The catalog in which a side that is a backup's id lies.", completion: .directory)
  var catalog: String?

  @Option(
    name: .long,
    help: "How a Redis URL is read: replication (its replication stream) or commands (SCAN and typed reads).")
  var via: ReadingPath = .replication

  @Option(
    name: .long, help: "Expiries that differ by no more than this, such as 10ms, are equal: what MIGRATE does to them.")
  var expiryBound: String?

  @Option(name: .long, help: "List at most so many keys.")
  var keys: Int = 20

  @Flag(name: .long, help: "Show keys in clear.") var showKeys = false
  @OptionGroup var identity: IdentityOptions
  @OptionGroup var ledger: LedgerOptions
  @OptionGroup var common: CommonOptions

  func run() async throws {
    let events = common.progress.handler
    var request = DiffRequest(
      a: a, b: b, catalog: catalog, via: via, expiryBound: try expiryBound.map(Firedrill.duration) ?? .zero,
      keyLimit: keys, showsKeys: showKeys,
      ledger: ledger.path)
    request.keys = try identity.section
    let result = try await interruptible { [request] in try await Firedrill.diff(request, events: events) }
    if common.json { try Terminal.sayJSON(result) } else if !common.quiet { Terminal.say(result.text) }
    if !result.isEqual { throw CommandOutcome(status: .fail) }
  }
}

extension ReadingPath: ExpressibleByArgument {}
