/// What a command of the replication stream changes.
enum WriteEffect: Hashable, Sendable {
  /// These keys of the selected database.
  case keys([[UInt8]])
  /// A key of the selected database, and the same or another key of database `into`.
  case across(source: [UInt8]?, target: [UInt8], into: UInt32)
  /// Everything in the selected database.
  case database
  /// Everything in these databases.
  case databases([UInt32])
  /// Everything in all databases.
  case everything
  /// The function libraries.
  case libraries
  /// The commands that follow are meant for this database.
  case select(UInt32)
  /// No record: `PING`, `MULTI`, `PUBLISH`, ….
  case nothing
  /// A command whose keys we do not know, a module's perhaps.
  case unknown

  /// The effect of one command as masters send it to their replicas: scripts, blocking and popping commands arrive
  /// there as what they did.
  ///
  /// Names what is written, never what is only read (the sources of `ZUNIONSTORE`): a key that is named explains a
  /// difference.
  ///
  /// Source: redis 7.0 src/commands/*.json, `key_specs` with the flags RW, OW and RM.
  init(_ command: AOFCommand) {
    let name = command.count > 0 ? command.keyword(0) : ""
    let count = command.count
    func key(_ index: Int) -> WriteEffect { count > index ? .keys([command.array(index)]) : .unknown }
    func keys(_ range: some Sequence<Int>) -> WriteEffect { .keys(range.map { command.array($0) }) }
    switch name {
    case "PING", "REPLCONF", "MULTI", "EXEC", "PUBLISH", "SPUBLISH", "SCRIPT":
      self = .nothing
    case "SELECT":
      self = count == 2 ? WriteEffect.number(command, 1).map { .select($0) } ?? .unknown : .unknown
    case "FLUSHALL": self = .everything
    case "FLUSHDB": self = .database
    case "SWAPDB":
      guard count == 3, let a = WriteEffect.number(command, 1), let b = WriteEffect.number(command, 2) else {
        self = .unknown
        return
      }
      self = .databases([a, b])
    case "FUNCTION": self = .libraries
    case "DEL", "UNLINK", "PFCOUNT":
      self = count > 1 ? keys(1..<count) : .unknown
    case "MSET", "MSETNX":
      self = count > 2 && count % 2 == 1 ? keys(stride(from: 1, to: count, by: 2)) : .unknown
    case "RENAME", "RENAMENX", "LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH", "SMOVE":
      self = count > 2 ? keys(1...2) : .unknown
    case "BITOP", "XGROUP", "PFDEBUG": self = key(2)
    case "COPY":
      guard count > 2 else {
        self = .unknown
        return
      }
      self = .keys([command.array(2)])
      for index in stride(from: 3, to: count - 1, by: 1) where command.keyword(index) == "DB" {
        guard let database = WriteEffect.number(command, index + 1) else {
          self = .unknown
          return
        }
        self = .across(source: nil, target: command.array(2), into: database)
      }
    case "MOVE":
      guard count == 3, let database = WriteEffect.number(command, 2) else {
        self = .unknown
        return
      }
      self = .across(source: command.array(1), target: command.array(1), into: database)
    case "SORT", "GEORADIUS", "GEORADIUSBYMEMBER":
      let words: Set<String> = name == "SORT" ? ["STORE"] : ["STORE", "STOREDIST"]
      let targets = (2..<max(2, count - 1)).filter { words.contains(command.keyword($0)) }
      self = targets.isEmpty ? .unknown : keys(targets.map { $0 + 1 })
    case "LMPOP", "ZMPOP": self = WriteEffect.counted(command, at: 1)
    case "BLMPOP", "BZMPOP": self = WriteEffect.counted(command, at: 2)
    case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX": self = count > 2 ? keys(1..<count - 1) : .unknown
    case _ where WriteEffect.firstKeyCommands.contains(name): self = key(1)
    default: self = .unknown
    }
  }

  private static let firstKeyCommands: Set<String> = [
    "APPEND", "BITFIELD", "DECR", "DECRBY", "EXPIRE", "EXPIREAT", "GEOADD", "GEOSEARCHSTORE", "GETDEL", "GETEX",
    "GETSET", "HDEL",
    "HINCRBY", "HINCRBYFLOAT", "HMSET", "HSET", "HSETNX", "INCR", "INCRBY", "INCRBYFLOAT", "LINSERT", "LPOP", "LPUSH",
    "LPUSHX", "LREM",
    "LSET", "LTRIM", "PERSIST", "PEXPIRE", "PEXPIREAT", "PFADD", "PFMERGE", "PSETEX", "RESTORE", "RESTORE-ASKING",
    "RPOP", "RPUSH",
    "RPUSHX", "SADD", "SDIFFSTORE", "SET", "SETBIT", "SETEX", "SETNX", "SETRANGE", "SINTERSTORE", "SPOP", "SREM",
    "SUNIONSTORE",
    "XACK", "XADD", "XAUTOCLAIM", "XCLAIM", "XDEL", "XSETID", "XTRIM", "ZADD", "ZDIFFSTORE", "ZINCRBY", "ZINTERSTORE",
    "ZPOPMAX",
    "ZPOPMIN", "ZRANGESTORE", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "ZUNIONSTORE",
  ]

  /// The keys that follow their own number.
  private static func counted(_ command: AOFCommand, at index: Int) -> WriteEffect {
    guard command.count > index, let count = number(command, index), count > 0, command.count > index + Int(count)
    else { return .unknown }
    return .keys(command.arrays(index + 1..<index + 1 + Int(count)))
  }

  private static func number(_ command: AOFCommand, _ index: Int) -> UInt32? {
    UInt32(String(decoding: command[index], as: UTF8.self))
  }
}
