import DrillModel

/// Write commands of all families, drawn by a seed over few keys, so that they meet: types that do not fit, keys that
/// went, transactions, scripts.
struct RandomWrites {
  private var random: SeededGenerator
  /// Of the server that they are for.
  let major: Int
  let knowsExpiringFields: Bool

  init(seed: UInt64, major: Int = 7, knowsExpiringFields: Bool = false) {
    random = SeededGenerator(seed: seed)
    self.major = major
    self.knowsExpiringFields = knowsExpiringFields
  }

  private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
  private mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }
  private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  /// Mostly of the type that is meant.
  private mutating func key(_ type: String) -> String {
    let type = chance(4) ? pick(["s", "l", "t", "h", "z", "x"]) : type
    return "\(type)\(below(5))"
  }

  private mutating func value() -> String {
    switch below(6) {
    case 0: String(below(200) - 100)
    case 1: ""
    case 2: String(repeating: pick(["a", "bc", "\u{0}\r\n"]), count: below(60))
    case 3: "*1\r\n$4\r\nPING\r\n"
    default: "v\(below(30))"
    }
  }

  private mutating func field() -> String { "f\(below(12))" }
  private mutating func score() -> String {
    pick(["0", "-0", "1", "2.5", "-3.75", "inf", "-inf", "1e300", "0.1", "0.30000000000000004", String(below(50))])
  }
  private mutating func time() -> String { String(4_000_000_000_000 + below(1000)) }
  private mutating func id() -> String { "\(below(40))-\(below(3))" }
  private mutating func several(_ most: Int, _ make: (inout RandomWrites) -> [String]) -> [String] {
    var words: [String] = []
    for _ in 0..<1 + below(most) { words += make(&self) }
    return words
  }

  /// One step: a command, or several that belong together.
  mutating func step() -> [[String]] {
    switch below(100) {
    case 0..<18: return [string()]
    case 18..<24: return [bits()]
    case 24..<36: return [list()]
    case 36..<45: return [set()]
    case 45..<57: return [hash()]
    case 57..<71: return [sortedSet()]
    case 71..<86:
      let command = stream()
      // A server since 7.2 makes the consumer even where it gets nothing, and writes nothing of that into its log.
      switch command[0] {
      case "XCLAIM", "XAUTOCLAIM": return [["XGROUP", "CREATECONSUMER"] + command[1...3], command]
      case "XREADGROUP":
        let key = command[command.count - 2]
        return [["XGROUP", "CREATECONSUMER", key, command[2], command[3]], command]
      default: return [command]
      }
    case 86..<95: return [anyKey()]
    case 95: return [["SELECT", String(below(3))]]
    case 96: return [["MULTI"], string(), list(), sortedSet(), ["EXEC"]]
    case 97: return [script()]
    case 98: return chance(25) ? [database()] : [string()]
    default: return [major >= 7 ? library() : hash()]
    }
  }

  private mutating func string() -> [String] {
    let key = key("s")
    switch below(18) {
    case 0: return ["SET", key, value()]
    case 1: return ["SET", key, value(), "PXAT", time()]
    case 2: return ["SET", key, value(), "EX", "100000"]
    case 3: return ["SET", key, value(), pick(["NX", "XX", "KEEPTTL"])]
    case 4: return ["SET", key, value(), "GET"]
    case 5: return ["SETEX", key, "100000", value()]
    case 6: return ["APPEND", key, value()]
    case 7: return ["SETRANGE", key, String(below(20)), value()]
    case 8: return [pick(["INCR", "DECR"]), key]
    case 9: return [pick(["INCRBY", "DECRBY"]), key, String(below(1000) - 500)]
    case 10: return ["INCRBYFLOAT", key, pick(["0.1", "-2.5", "1e5"])]
    case 11: return ["MSET"] + several(3) { [$0.key("s"), $0.value()] }
    case 12: return ["MSETNX"] + several(2) { [$0.key("s"), $0.value()] }
    case 13: return ["GETSET", key, value()]
    case 14: return ["GETDEL", key]
    case 15: return ["GETEX", key] + pick([["PERSIST"], ["PXAT", time()], ["EX", "50000"]])
    case 16: return ["SETNX", key, value()]
    default: return ["SET", key, String(below(100))]
    }
  }

  private mutating func bits() -> [String] {
    let key = key("s")
    switch below(4) {
    case 0: return ["SETBIT", key, String(below(90)), String(below(2))]
    case 1: return ["BITOP", pick(["AND", "OR", "XOR"]), key] + several(3) { [$0.key("s")] }
    case 2: return ["BITOP", "NOT", key, self.key("s")]
    default:
      return ["BITFIELD", key]
        + several(4) { random in
          let type = random.pick(["i1", "u1", "i8", "u8", "u63", "i64", "i5", "u13"])
          let offset = random.pick(["#", ""]) + String(random.below(7))
          // Not FAIL: a server that fails so may make the string longer, and write nothing of it into its log.
          return random.pick([["OVERFLOW", random.pick(["WRAP", "SAT"])], []])
            + random.pick([
              ["SET", type, offset, String(random.below(600) - 300)],
              ["INCRBY", type, offset, random.pick(["1", "-1", "127", "-300", "9223372036854775807"])],
              ["GET", type, offset],
            ])
        }
    }
  }

  private mutating func list() -> [String] {
    let key = key("l")
    let sides = ["LEFT", "RIGHT"]
    switch below(14) {
    case 0...2: return [pick(["LPUSH", "RPUSH"]), key] + several(5) { [$0.value()] }
    case 3: return [pick(["LPUSHX", "RPUSHX"]), key, value()]
    case 4: return [pick(["LPOP", "RPOP"]), key]
    case 5: return major >= 7 ? [pick(["LPOP", "RPOP"]), key, String(below(4))] : ["LPOP", key]
    case 6: return ["LSET", key, String(below(8) - 4), value()]
    case 7: return ["LTRIM", key, String(below(6) - 2), String(below(20) - 5)]
    case 8: return ["LREM", key, String(below(5) - 2), value()]
    case 9: return ["LINSERT", key, pick(["BEFORE", "AFTER"]), value(), value()]
    case 10: return ["RPOPLPUSH", key, self.key("l")]
    case 11: return ["LMOVE", key, self.key("l"), pick(sides), pick(sides)]
    case 12: return major >= 7 ? ["LMPOP", "2", key, self.key("l"), pick(sides), "COUNT", "2"] : ["RPOP", key]
    default: return ["RPUSH", key] + several(40) { ["e\($0.below(9))"] }
    }
  }

  private mutating func set() -> [String] {
    let key = key("t")
    switch below(9) {
    case 0...2: return ["SADD", key] + several(6) { [$0.pick([$0.value(), String($0.below(30))])] }
    case 3: return ["SREM", key] + several(4) { [$0.value()] }
    case 4: return ["SMOVE", key, self.key("t"), value()]
    case 5: return ["SPOP", key]
    case 6: return ["SPOP", key, String(below(6))]
    default: return [pick(["SUNIONSTORE", "SINTERSTORE", "SDIFFSTORE"]), key] + several(3) { [$0.key("t")] }
    }
  }

  private mutating func hash() -> [String] {
    let key = key("h")
    switch below(knowsExpiringFields ? 13 : 8) {
    case 0...2: return [pick(["HSET", "HMSET"]), key] + several(5) { [$0.field(), $0.value()] }
    case 3: return ["HSETNX", key, field(), value()]
    case 4: return ["HDEL", key] + several(3) { [$0.field()] }
    case 5: return ["HINCRBY", key, field(), String(below(20) - 10)]
    case 6: return ["HINCRBYFLOAT", key, field(), "1.5"]
    case 7: return ["HSET", key, field(), String(below(100))]
    case 8: return ["HPEXPIREAT", key, time(), "FIELDS", "2", field(), field()]
    case 9: return ["HEXPIRE", key, "100000", pick(["NX", "XX", "GT", "LT"]), "FIELDS", "1", field()]
    case 10: return ["HPERSIST", key, "FIELDS", "1", field()]
    case 11: return ["HPEXPIREAT", key, "1000", "FIELDS", "1", field()]
    default: return ["HEXPIREAT", key, "4000000000", "FIELDS", "1", field()]
    }
  }

  private mutating func sortedSet() -> [String] {
    let key = key("z")
    switch below(16) {
    case 0...2: return ["ZADD", key] + several(5) { [$0.score(), $0.field()] }
    case 3: return ["ZADD", key, pick(["NX", "XX", "GT", "LT", "CH"])] + several(3) { [$0.score(), $0.field()] }
    case 4: return ["ZADD", key, "INCR", score(), field()]
    case 5: return ["ZINCRBY", key, score(), field()]
    case 6: return ["ZREM", key] + several(3) { [$0.field()] }
    case 7: return ["ZREMRANGEBYRANK", key, String(below(4) - 2), String(below(8) - 4)]
    case 8: return ["ZREMRANGEBYSCORE", key, pick(["-inf", "(1", "2"]), pick(["5", "(2.5", "+inf"])]
    case 9: return ["ZREMRANGEBYLEX", "lex", "[f\(below(5))", pick(["(f9", "[f3", "+"])]
    case 10: return [pick(["ZPOPMIN", "ZPOPMAX"]), key] + (chance(50) ? [String(below(3))] : [])
    case 11: return major >= 7 ? ["ZMPOP", "2", key, self.key("z"), pick(["MIN", "MAX"])] : ["ZPOPMIN", key]
    case 12:
      return ["ZRANGESTORE", key, self.key("z")]
        + pick([
          ["0", "-2"], ["-3", "-1", "REV"], ["-inf", "(5", "BYSCORE", "LIMIT", "1", "2"],
          ["+inf", "-inf", "BYSCORE", "REV", "LIMIT", "0", "2"],
        ])
    case 13: return ["ZADD", "lex"] + several(4) { ["0", $0.field()] }
    case 14: return ["GEOADD", key, "13.361389", "38.115556", field()]
    default:
      let sources = several(2) { [$0.key($0.pick(["z", "t"]))] }
      let name = pick(["ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"])
      let options =
        name == "ZDIFFSTORE"
        ? [] : pick([[], ["WEIGHTS"] + sources.map { _ in score() }, ["AGGREGATE", pick(["SUM", "MIN", "MAX"])]])
      return [name, key, String(sources.count)] + sources + options
    }
  }

  private mutating func stream() -> [String] {
    let key = key("x")
    let group = "g\(below(2))"
    let consumer = "c\(below(3))"
    switch below(18) {
    case 0...3: return ["XADD", key, "*"] + several(3) { [$0.field(), $0.value()] }
    case 4: return ["XADD", key, id(), field(), value()]
    case 5:
      return ["XADD", key, pick(["MAXLEN", "NOMKSTREAM"])] + (chance(50) ? ["~", "4"] : ["4"]) + ["*", "f", "v"]
    case 6: return ["XADD", key, "MINID", "~", id(), "*", "f", "v"]
    case 7: return ["XTRIM", key, "MAXLEN", String(below(6))]
    case 8: return ["XDEL", key, id(), id()]
    case 9: return ["XGROUP", "CREATE", key, group, pick(["0", "$", id()]), "MKSTREAM"]
    case 10: return ["XREADGROUP", "GROUP", group, consumer, "COUNT", "3", "STREAMS", key, ">"]
    case 11: return ["XREADGROUP", "GROUP", group, consumer, "COUNT", "2", "NOACK", "STREAMS", key, ">"]
    case 12: return ["XACK", key, group, id(), id()]
    case 13: return ["XCLAIM", key, group, consumer, "0", id(), id()] + pick([[], ["FORCE"], ["JUSTID"]])
    case 14: return ["XAUTOCLAIM", key, group, consumer, "0", "0", "COUNT", "5"]
    case 15: return ["XSETID", key, pick([id(), "9999999999999-5"])]
    case 16:
      return chance(40)
        ? ["XGROUP", pick(["DELCONSUMER", "CREATECONSUMER"]), key, group, consumer]
        : ["XGROUP", "SETID", key, group, id()]
    default: return chance(30) ? ["XGROUP", "DESTROY", key, group] : ["XADD", key, "*", "n", String(below(9))]
    }
  }

  private mutating func anyKey() -> [String] {
    let kinds = ["s", "l", "t", "h", "z", "x"]
    let key = key(pick(kinds))
    let other = self.key(pick(kinds))
    switch below(13) {
    case 0: return [pick(["DEL", "UNLINK"]), key, other]
    case 1: return [pick(["RENAME", "RENAMENX"]), key, other]
    case 2:
      return ["COPY", key, other] + (chance(50) ? ["REPLACE"] : []) + (chance(30) ? ["DB", String(below(3))] : [])
    case 3: return ["MOVE", key, String(below(3))]
    case 4: return ["PEXPIREAT", key, time()] + (major >= 7 && chance(40) ? [pick(["NX", "XX", "GT", "LT"])] : [])
    case 5: return ["EXPIRE", key, "100000"]
    case 6: return ["EXPIREAT", key, "4000000001"]
    case 7: return ["PERSIST", key]
    case 8: return ["EXPIREAT", key, "1"]
    case 9: return ["SORT", self.key(pick(["l", "t", "z"])), "ALPHA", "STORE", other]
    case 10:
      return ["SORT", self.key(pick(["l", "t", "z"])), pick(["ASC", "DESC"]), "LIMIT", "1", "3", "STORE", other]
    case 11: return ["SORT", self.key(pick(["l", "t", "z"])), "BY", "nosort", "STORE", other]
    default:
      return ["EVAL", "redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]), 'REPLACE')", "2", key, other]
    }
  }

  private mutating func script() -> [String] {
    [
      "EVAL",
      "redis.call('INCRBY', KEYS[1], ARGV[1]) redis.call('RPUSH', KEYS[2], redis.call('GET', KEYS[1]), ARGV[2])", "2",
      key("s"), key("l"), String(below(9)), value(),
    ]
  }

  private mutating func database() -> [String] {
    pick([["SWAPDB", "0", "1"], ["SWAPDB", "1", "2"], ["FLUSHDB"], ["FLUSHALL"]])
  }

  private mutating func library() -> [String] {
    let name = "lib\(below(3))"
    switch below(4) {
    case 0: return ["FUNCTION", "DELETE", name]
    case 1: return chance(20) ? ["FUNCTION", "FLUSH"] : ["FUNCTION", "DELETE", name]
    default:
      let code = "#!lua name=\(name)\nredis.register_function('f\(name)', function() return \(below(99)) end)"
      return ["FUNCTION", "LOAD", "REPLACE", code]
    }
  }
}
