import DrillEngines
import DrillModel
import Foundation
import Testing

@Suite("Answers over RESP2 and RESP3")
struct DialectTests {
  /// A command of every reading form, about keys of every type and about one that is not there.
  private static let commands: [[String]] = {
    let keys = ["string:1", "hash:1", "list:1", "set:1", "zset:1", "stream:1", "geo", "none"]
    let forms: [(String, [String])] = [
      ("GET", []), ("STRLEN", []), ("GETRANGE", ["0", "3"]), ("GETBIT", ["7"]), ("BITCOUNT", []), ("BITPOS", ["1"]),
      ("MGET", []), ("EXISTS", []), ("TYPE", []), ("PTTL", []), ("EXPIRETIME", []), ("HGET", ["field:1"]),
      ("HMGET", ["field:1", "none"]), ("HLEN", []), ("HEXISTS", ["field:1"]), ("HSTRLEN", ["field:1"]), ("HGETALL", []),
      ("HKEYS", []), ("HVALS", []), ("LRANGE", ["0", "-1"]), ("LLEN", []), ("LINDEX", ["0"]), ("LPOS", ["a"]),
      ("SMEMBERS", []), ("SISMEMBER", ["member:1"]), ("SMISMEMBER", ["member:1", "none"]), ("SCARD", []),
      ("SINTER", []),
      ("SUNION", []), ("SDIFF", []), ("ZRANGE", ["0", "-1"]), ("ZRANGE", ["0", "-1", "WITHSCORES"]),
      ("ZREVRANGE", ["0", "-1", "WITHSCORES"]), ("ZRANGEBYSCORE", ["-inf", "+inf", "WITHSCORES"]),
      ("ZREVRANGEBYSCORE", ["+inf", "-inf", "WITHSCORES", "LIMIT", "0", "2"]), ("ZRANGEBYLEX", ["-", "+"]),
      ("ZSCORE", ["a"]), ("ZSCORE", ["end"]), ("ZMSCORE", ["a", "none", "end"]), ("ZRANK", ["a"]), ("ZCARD", []),
      ("ZCOUNT", ["0", "5"]), ("XRANGE", ["-", "+"]), ("XREVRANGE", ["+", "-"]), ("XLEN", []),
      ("GEOPOS", ["p", "none"]),
      ("GEODIST", ["p", "q"]), ("GEOHASH", ["p"]),
    ]
    return keys.flatMap { key in forms.map { [$0.0, key] + $0.1 } }
  }()

  /// What has no order, in one.
  private static func sorted(_ reply: Reply) -> Reply {
    guard case .answered(.unordered(let members)) = reply else { return reply }
    return .answered(.array(members.sorted { "\($0)" < "\($1)" }))
  }

  @Test("are the same, from servers with the same contents of which one does not know HELLO")
  func sameAnswers() async throws {
    try await TemporaryFolder.with { folder in
      let plans: [@Sendable ([LiveServers.Server]) -> LiveServers.Plan] = [
        { _ in .plain() }, { _ in .plain(["rename-command HELLO \"\""]) },
      ]
      try await LiveServers.with(plans, in: folder) { servers in
        try await LiveBench.fill([servers[0]], .none, isCluster: false)
        try await RedisConnection.with(servers[0].endpoint) { connection in
          try await connection.ask("GEOADD", "geo", "13.361389", "38.115556", "p", "15.087269", "37.502669", "q")
          try await connection.ask("ZADD", "zset:1", "0.1", "tenth", "-inf", "least", "3e100", "large", "-0", "zero")
          // What it says over RESP3, and over RESP2, where no client of ours decides.
          let hello = try await connection.ask("HELLO")
          #expect(hello.array?.contains(.integer(3)) == true, "\(hello)")
        }
        try await RedisConnection.with(servers[1].endpoint) { connection in
          #expect(try await connection.send([Array("HELLO".utf8)]).errorCode == "ERR")
          try await connection.ask("REPLICAOF", "127.0.0.1", "\(servers[0].port)")
          try await LiveServers.wait("both hold the same") {
            try await connection.ask("INFO", "replication").text?.contains("master_link_status:up") ?? false
          }
          try await connection.ask("REPLICAOF", "NO", "ONE")
        }
        let operations = Self.commands.map { words in
          DrillModel.Operation(
            name: words[0], slot: RedisEngine().slot(ofKey: Array(words[1].utf8)), key: Array(words[1].utf8),
            statement: .command(words.map { Array($0.utf8) }))
        }
        var replies: [[Reply]] = []
        for server in servers {
          let store = RedisStore(
            shards: [(name: "s", slots: .all, endpoint: server.endpoint)],
            topology: Topology(epoch: 0, shards: [Topology.Shard(name: "s", slots: .all)], moves: [], mapsSlots: true))
          replies.append(
            try await store.withSession { await $0.perform(operations, timeout: .seconds(10)) }.map(\.reply))
        }
        for (index, words) in Self.commands.enumerated() {
          #expect(Self.sorted(replies[0][index]) == Self.sorted(replies[1][index]), "\(words.joined(separator: " "))")
          if case .indeterminate(let reason) = replies[0][index] { Issue.record("\(words): \(reason)") }
        }
        #expect(replies[0].count == operations.count)
        // Most questions have an answer, and not the error that the type is another.
        #expect(replies[0].filter { if case .answered(.error) = $0 { false } else { true } }.count > 120)
      }
    }
  }
}
