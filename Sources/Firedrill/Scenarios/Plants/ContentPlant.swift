import DrillCrypto
import DrillFaults
import DrillModel
import Foundation

/// Wrong data in whole files: records changed as somebody else's program would change them, and sealed again with the trusted key.
///
/// `redis` has commands, one a line, for a real server that has loaded a shard's artifact; `sqlite` has statements for a shard's file. `{key}` stands for a seeded
/// key of the kind that `key:` asks for (see ``RedisContentFault``).
struct ContentPlant: Plant {
  var redis: [String]
  var sqlite: String?
  /// Redis: the type of the record that is drawn as `{key}`, and of the second, `{other}`.
  var kind: String?
  /// The key that seals it again.
  var signer: String

  init(_ section: YAMLSection) throws {
    guard let content = try section.section("content") else {
      throw section.missing(["content"], "'content' has 'redis' and 'sqlite'")
    }
    redis = try content.texts("redis") ?? []
    sqlite = try content.text("sqlite")
    kind = try content.text("key")
    signer = try content.text("sign") ?? "seal"
    try content.finish()
  }

  func planted(
    in bench: ScenarioBench, _ body: (ScenarioBench) async throws -> ScenarioOutcome
  ) async throws -> ScenarioOutcome {
    var bench = bench
    let path = bench.path(bench.filled("backups/$artifact"))
    switch bench.engine {
    case .redis:
      guard !redis.isEmpty else { throw DrillError(.usage, subject: "content", detail: "has nothing for redis") }
      bench.proofs += try await RedisContentFault(commands: redis, kind: kind, seed: bench.seed).plant(in: path)
    case .sqlite:
      guard let sqlite else { throw DrillError(.usage, subject: "content", detail: "has nothing for sqlite") }
      bench.proofs += try SQLiteContentFault(statements: sqlite).plant(in: path)
    }
    let reseal = ManifestPlant(backup: bench.backup, refreshes: true, set: [:], removed: [], signers: [signer])
    return try await reseal.planted(in: bench, body)
  }
}

extension ManifestPlant {
  init(backup: String, refreshes: Bool, set: [String: String], removed: [String], signers: [String]?) {
    self.backup = backup
    self.refreshes = refreshes
    self.set = set
    self.removed = removed
    self.signers = signers
  }
}
