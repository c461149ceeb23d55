import DrillCrypto
import DrillEngines
import DrillFaults
import DrillModel
import Foundation

/// Wrong data in whole files: records changed as somebody else's program would change them, and sealed again with the trusted key.
///
/// `redis` has commands, one an entry, for a real server that has loaded a shard's artifact; `sqlite` has statements for a shard's file. `{key}` and `{other}` stand for
/// two seeded keys of the kind that `key:` asks for and of a name as `names:` (see ``RedisContentFault``); later plants know the first as `$key` and its slot as `$slot`.
struct ContentPlant: Plant {
  var redis: [String]
  var sqlite: String?
  var kind: String?
  var names: String
  /// The file, below the catalog.
  var file: String
  /// SQLite: production's own file of the shard is changed, and not the backup's.
  var isLive: Bool
  /// Whether the contents stay as they are.
  private var writesAnew = false
  /// The keys that seal it again; empty: its manifest stays as it is.
  var signers: [String]

  init(_ section: YAMLSection) throws {
    guard let content = try section.section("content") else {
      throw section.missing(["content"], "'content' has 'redis' and 'sqlite'")
    }
    redis = try content.texts("redis") ?? []
    sqlite = try content.text("sqlite")
    kind = try content.text("key")
    names = try content.text("names") ?? "*"
    file = try content.text("of") ?? "$artifact"
    isLive = try content.flag("live") ?? false
    signers = try content.texts("sign") ?? ["seal"]
    try content.finish()
  }

  /// The same file written anew by the same program, with the same contents, and sealed again: what may not be found. Nil where its seal is a part of the fault.
  var harmless: ContentPlant? {
    guard signers == ["seal"] else { return nil }
    var harmless = self
    harmless.redis = []
    // A row that comes and goes leaves its bytes on the page.
    harmless.sqlite = "INSERT INTO odd VALUES (-1, 'brief', 'brief', 1); DELETE FROM odd WHERE id = -1"
    harmless.writesAnew = true
    return harmless
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let stored = bench.filled(file)
    let path = bench.path(isLive ? bench.filled("live/$shard.db") : "backups/\(stored)")
    switch bench.engine {
    case .redis:
      guard !redis.isEmpty || writesAnew else {
        throw DrillError(.usage, subject: "content", detail: "has nothing for redis")
      }
      let changed = try await RedisContentFault(
        commands: redis.map(bench.filled), kind: kind, names: names, seed: bench.seed
      ).plant(in: path)
      bench.proofs += changed.proofs
      // Where none was drawn, the last one stays.
      if !changed.key.isEmpty {
        bench.variables["key"] = changed.key
        bench.variables["slot"] = RedisEngine().slot(ofKey: Array(changed.key.utf8)).description
      }
    case .sqlite:
      guard let sqlite else { throw DrillError(.usage, subject: "content", detail: "has nothing for sqlite") }
      bench.proofs += try SQLiteContentFault(statements: bench.filled(sqlite)).plant(in: path)
    }
    guard !isLive, !signers.isEmpty else { return try await body(bench) }
    var reseal = ManifestPlant(backup: String(stored.prefix { $0 != "/" }))
    reseal.refreshes = true
    reseal.signers = signers
    return try await reseal.planted(in: bench, body)
  }
}
