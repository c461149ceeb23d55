internal import DrillModel

extension RedisInfo {
  /// `redis 7.0.15`; forks that keep a Redis version for old clients name themselves.
  var server: String {
    if let version = self["valkey_version"] { return "valkey \(version)" }
    return "\(self["server_name"] ?? "redis") \(self["redis_version"] ?? "of unknown version")"
  }

  /// The Redis whose commands the server keeps: its own version, or the one that a fork names for old clients. Nil where
  /// it does not say.
  var commandsOf: (major: Int, minor: Int)? {
    let numbers = self["redis_version"].map { $0.split(separator: ".").map { Int($0) } } ?? []
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    return (major, minor)
  }

  struct Database: Hashable, Sendable {
    var number: Int
    var keys: UInt64
    var expires: UInt64
    /// Hashes of which some field expires.
    var hashesWithExpiringFields: UInt64
  }

  /// The databases that hold keys, ascending: `db0:keys=3,expires=1,avg_ttl=0`.
  var databases: [Database] {
    names.compactMap { name -> Database? in
      guard name.hasPrefix("db"), let number = Int(name.dropFirst(2)), let value = self[name] else { return nil }
      var counts: [Substring: UInt64] = [:]
      for part in value.split(separator: ",") {
        let sides = part.split(separator: "=")
        if sides.count == 2 { counts[sides[0]] = UInt64(sides[1]) }
      }
      guard let keys = counts["keys"] else { return nil }
      // Redis 7.4 says the first, Valkey 9.0 the second; servers before know no such fields. Source: redis 7.4 and
      // valkey 9.0 src/server.c `genRedisInfoString`.
      let expiringFields = counts["subexpiry"] ?? counts["keys_with_volatile_items"] ?? 0
      return Database(
        number: number, keys: keys, expires: counts["expires"] ?? 0, hashesWithExpiringFields: expiringFields)
    }.sorted { $0.number < $1.number }
  }
}
