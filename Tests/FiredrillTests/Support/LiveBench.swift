import DrillEngines
import DrillModel
import Firedrill
import Foundation
import Testing

/// A folder with all that a capture and a drill of test servers need.
enum LiveBench {
  /// Captures what `cluster` describes (the lines after `engine: redis`) and returns a bench over the backup.
  ///
  /// The folder gets keys, the workload, `password` (`pw`) and `key-password` (`secret`).
  static func capture(_ folder: String, _ cluster: String, via: ReadingPath? = nil) async throws -> DrillBench {
    try prepare(folder, cluster)
    let sealed = try await Firedrill.capture(
      cluster: folder + "/shop.yaml", to: folder + "/backups", key: folder + "/seal", via: via)
    return DrillBench(folder: folder, backup: sealed.manifest.backup)
  }

  static func prepare(_ folder: String, _ cluster: String) throws {
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    if !FileManager.default.fileExists(atPath: folder + "/seal") {
      try FileManager.default.createDirectory(atPath: folder + "/backups", withIntermediateDirectories: true)
      _ = try Firedrill.keygen(out: folder + "/seal")
      try FileManager.default.copyItem(
        atPath: Repository.path("workloads/mixed-ttl.yaml"), toPath: folder + "/mixed-ttl.yaml")
      try write("pw\n", "password")
      try write("secret\n", "key-password")
    }
    try write("cluster: shop\nengine: redis\n\(cluster)\n", "shop.yaml")
  }

  /// A key in the slots of one of several servers that share them evenly.
  static func key(in index: Int, of count: Int) -> String {
    let slots = SlotSet(Slot.count * index / count...Slot.count * (index + 1) / count - 1)
    return (0...).lazy.map { "planted:\($0)" }.first { slots.contains(RedisEngine().slot(ofKey: Array($0.utf8))) } ?? ""
  }

  /// Keys of every type in all of the servers, some with an expiry far ahead.
  static func fill(
    _ servers: [LiveServers.Server], _ credentials: RedisCredentials, isCluster: Bool, database: Int = 0
  ) async throws {
    for (index, server) in servers.enumerated() {
      try await RedisConnection.with(server.endpoint, credentials) { connection in
        if database != 0 { try await connection.ask("SELECT", "\(database)") }
        let commands = commands(salt: "\(database)").filter { words in
          guard isCluster else { return true }
          let slot = Int(RedisEngine().slot(ofKey: Array(words[1].utf8)).rawValue)
          return (Slot.count * index / servers.count..<Slot.count * (index + 1) / servers.count).contains(slot)
        }
        let replies = await connection.pipeline(commands.map { $0.map { Array($0.utf8) } }, timeout: .seconds(30))
        if let failure = replies.failure { throw failure }
        for reply in replies.values where reply.errorCode != nil { throw LiveServers.Failure(detail: "\(reply)") }
      }
    }
  }

  private static func commands(salt: String) -> [[String]] {
    (0..<60).flatMap { number -> [[String]] in
      let name = "\(number)"
      return [
        ["SET", "string:\(name)", "value \(name) of \(salt)"],
        ["PEXPIRE", "string:\(name)", "\(3_600_000 + number * 1000)"],
        ["HSET", "hash:\(name)", "field:1", "a\(salt)", "field:2", name],
        ["RPUSH", "list:\(name)", "a", name, salt],
        ["SADD", "set:\(name)", "member:1", "member:\(name)", salt],
        ["ZADD", "zset:\(name)", "1.5", "a", "-0.25", salt, "inf", "end", "3", name],
        ["XADD", "stream:\(name)", "1-\(number + 1)", "field", "value \(salt)"],
      ]
    }
  }
}
