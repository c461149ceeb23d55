@testable import DrillEngines

/// A kind of value, with the commands that make it and the servers that can hold it.
struct ContentKind: Sendable {
  var name: String
  var commands: [[String]]
  /// The Redis that it came with; every Valkey keeps what Redis 7.2 does.
  var since = (2, 8)
  /// Whether it is a hash some of whose fields expire: Redis 7.4, Valkey 9.0.
  var expiresByField = false

  func isKnown(to server: TestServers.Server) -> Bool {
    if expiresByField { return server.knowsExpiringFields }
    let version = server.version
    return version.family == .valkey || (version.major, version.minor) >= since
  }

  private static func many(_ count: Int, _ make: (Int) -> [String]) -> [String] { (0..<count).flatMap(make) }

  /// Times are given, so that all servers keep the same.
  static var all: [ContentKind] {
    [
      .init(name: "text", commands: [["SET", "text", "some text"], ["SET", "empty", ""]]),
      .init(
        name: "numbers",
        commands: ["-42", "12345", "-1234567", "12345678901234567890", "007"].map { ["SET", "number \($0)", $0] }),
      .init(name: "compressible text", commands: [["SET", "big", String(repeating: "0123456789", count: 30_000)]]),
      .init(
        name: "text that does not compress",
        commands: [["SET", "noise", many(9000) { ["\($0 &* 2_654_435_761)"] }.joined()]]
      ),
      .init(name: "bytes", commands: [["SETBIT", "bits", "77", "1"]]),
      .init(
        name: "expiry", commands: [["SET", "expires", "v"], ["PEXPIREAT", "expires", "4000000000123"]]),
      .init(name: "list", commands: [["RPUSH", "l", "1", "b", "1", "-70000", ""]]),
      .init(name: "long list", commands: [["RPUSH", "l-big"] + many(2000) { ["element \($0)", "\($0)"] }]),
      .init(
        name: "list of long elements",
        commands: [["RPUSH", "l-wide"] + many(3) { [String(repeating: "ab\($0)", count: 9000)] }]),
      .init(
        name: "set of integers",
        commands: [
          ["SADD", "s16", "3", "1", "2"], ["SADD", "s32", "70000", "-1"], ["SADD", "s64", "5000000000", "0"],
        ]),
      .init(name: "set", commands: [["SADD", "s", "b", "a", "1"]]),
      .init(name: "large set", commands: [["SADD", "s-big"] + many(2000) { ["member \($0)"] }]),
      .init(name: "hash", commands: [["HMSET", "h", "f", "v", "g", "", "n", "123456789012"]]),
      .init(name: "large hash", commands: [["HMSET", "h-big"] + many(2000) { ["f\($0)", "\($0)"] }]),
      .init(
        name: "sorted set",
        commands: [
          ["ZADD", "z", "1", "a", "-0.1", "b", "inf", "c", "-inf", "d", "-0", "e", "1e300", "f", "5", "7"]
        ]),
      .init(
        name: "large sorted set", commands: [["ZADD", "z-big"] + many(2000) { ["\(Double($0) / 3)", "member \($0)"] }]),
      .init(name: "cardinality sketch", commands: [["PFADD", "hll", "a", "b", "c"]], since: (2, 8)),
      .init(name: "places", commands: [["GEOADD", "geo", "13.361389", "38.115556", "Palermo"]], since: (3, 2)),
      .init(name: "other databases", commands: [["SELECT", "3"], ["SET", "text", "x"], ["SELECT", "0"]]),
      .init(
        name: "stream",
        commands: [["XADD", "x", "5-1", "f", "v", "f", "w"], ["XADD", "x", "7-0", "g", ""], ["XDEL", "x", "7-0"]]
          + (1...300).map { ["XADD", "x-big", "\($0)-0", "n", "\($0)"] }, since: (5, 0)),
      .init(
        name: "stream with groups",
        commands: [
          ["XADD", "y", "5-1", "f", "v"], ["XADD", "y", "6-1", "f", "w"], ["XGROUP", "CREATE", "y", "g1", "0"],
          ["XGROUP", "CREATE", "y", "g2", "5-1"], ["XREADGROUP", "GROUP", "g1", "alice", "STREAMS", "y", ">"],
          ["XCLAIM", "y", "g1", "alice", "0", "5-1", "TIME", "1700000000000", "RETRYCOUNT", "3"],
          ["XCLAIM", "y", "g1", "bob", "0", "6-1", "TIME", "1700000000001", "RETRYCOUNT", "1"],
        ], since: (5, 0)),
      .init(
        name: "function library",
        commands: [["FUNCTION", "LOAD", "#!lua name=mylib\nredis.register_function('f', function() return 1 end)"]],
        since: (7, 0)),
      .init(
        name: "hash whose fields expire",
        commands: [["HSET", "h-f", "a", "1", "b", "2"], ["HPEXPIREAT", "h-f", "4000000000000", "FIELDS", "1", "a"]],
        expiresByField: true),
      .init(
        name: "large hash whose fields expire",
        commands: [
          ["HSET", "h-f-big"] + many(600) { ["f\($0)", "\($0)"] },
          ["HPEXPIREAT", "h-f-big", "4000000000001", "FIELDS", "2", "f1", "f599"],
        ], expiresByField: true),
    ]
  }
}
