/// Hashes, and fields that expire by themselves. Source: redis 7.4 and valkey 9.0 src/t_hash.c.
extension AOFCommandTable {
  static var hashCommands: [String: Entry] {
    [
      "HSET": Entry(keys: .first, apply: set, words: 4),
      "HMSET": Entry(keys: .first, apply: set, words: 4),
      "HSETNX": Entry(
        keys: .first,
        apply: { command, store in
          if try store.hash(command.array(1))?.fields[command.array(2)] == nil { try set(command, store) }
        }, words: 4),
      "HDEL": Entry(
        keys: .first,
        apply: { command, store in
          guard let hash = try store.hash(command.array(1)) else { return }
          for index in 2..<command.count { hash.fields[command.array(index)] = nil }
          if hash.fields.isEmpty { store.remove(command.array(1)) }
        }, words: 3),
      "HINCRBY": Entry(
        keys: .first,
        apply: { command, store in
          let increment = try number(command, 3)
          let existing = try store.hash(command.array(1))
          let old = existing?.fields[command.array(2)]
          guard let value = old.map({ AOFNumber.integer($0.value) }) ?? 0 else { throw AOFInterpreter.Refused() }
          let (sum, isOver) = value.addingReportingOverflow(increment)
          guard !isOver else { throw AOFInterpreter.Refused() }
          let hash = existing ?? AOFHash()
          if existing == nil { store.put(command.array(1), .hash(hash)) }
          hash.fields[command.array(2)] = .init(value: Array(String(sum).utf8), expiry: old?.expiry)
        }, words: 4),
      "HPEXPIREAT": Entry(keys: .first, apply: { try expire($0, $1, isSeconds: false) }, words: 6),
      "HEXPIREAT": Entry(keys: .first, apply: { try expire($0, $1, isSeconds: true) }, words: 6),
      "HPERSIST": Entry(
        keys: .first,
        apply: { command, store in
          let names = try fields(command, from: 2, perField: 1)
          guard let hash = try store.hash(command.array(1)) else { return }
          for index in names { hash.fields[command.array(index)]?.expiry = nil }
        }, words: 5),
      "HGETDEL": Entry(
        keys: .first,
        apply: { command, store in
          let names = try fields(command, from: 2, perField: 1)
          guard let hash = try store.hash(command.array(1)) else { return }
          for index in names { hash.fields[command.array(index)] = nil }
          if hash.fields.isEmpty { store.remove(command.array(1)) }
        }, words: 5),
      "HSETEX": Entry(keys: .first, apply: setExpiring, words: 6),
    ]
  }

  private static func set(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    guard command.count.isMultiple(of: 2) else { throw AOFInterpreter.Refused() }
    let existing = try store.hash(command.array(1))
    let hash = existing ?? AOFHash()
    if existing == nil { store.put(command.array(1), .hash(hash)) }
    // A field that is set anew loses its expiry.
    for index in stride(from: 2, to: command.count, by: 2) {
      hash.fields[command.array(index)] = .init(value: command.array(index + 1), expiry: nil)
    }
  }

  /// Places of the fields after `FIELDS n`, which stands at a place.
  private static func fields(_ command: AOFCommand, from place: Int, perField: Int) throws -> StrideTo<Int> {
    guard place + 1 < command.count, command.keyword(place) == "FIELDS", let count = command.integer(place + 1),
      count > 0, count <= Int64(command.count), Int(count) * perField == command.count - place - 2
    else { throw AOFInterpreter.Refused() }
    return stride(from: place + 2, to: command.count, by: perField)
  }

  private static func expire(_ command: AOFCommand, _ store: AOFInterpreter, isSeconds: Bool) throws {
    let time = try time(command, 2, isSeconds: isSeconds)
    guard time >= 0 else { throw AOFInterpreter.Refused() }
    let condition = command.keyword(3)
    let hasCondition = condition != "FIELDS"
    let names = try fields(command, from: hasCondition ? 4 : 3, perField: 1)
    guard !hasCondition || ["NX", "XX", "GT", "LT"].contains(condition) else { throw AOFInterpreter.Refused() }
    guard let hash = try store.hash(command.array(1)) else { return }
    for index in names {
      guard let field = hash.fields[command.array(index)] else { continue }
      switch (condition, field.expiry) {
      case ("NX", .some), ("XX", nil), ("GT", nil): continue
      case ("GT", let old?) where time <= old: continue
      case ("LT", let old?) where time >= old: continue
      default: hash.fields[command.array(index)]?.expiry = time
      }
    }
  }

  /// Source: redis 8.0 and valkey 9.0 src/t_hash.c `hsetexCommand`.
  private static func setExpiring(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var place = 2
    var expiry: Int64?
    var (keeps, onlyNew, onlyOld) = (false, false, false)
    while place < command.count, command.keyword(place) != "FIELDS" {
      switch command.keyword(place) {
      case "FNX": onlyNew = true
      case "FXX": onlyOld = true
      case "KEEPTTL": keeps = true
      case "PXAT", "EXAT":
        expiry = try time(command, place + 1, isSeconds: command.keyword(place) == "EXAT")
        place += 1
      default: throw AOFInterpreter.NotModelled()
      }
      place += 1
    }
    let names = try fields(command, from: place, perField: 2)
    let existing = try store.hash(command.array(1))
    for index in names {
      let isThere = existing?.fields[command.array(index)] != nil
      if onlyNew && isThere || onlyOld && !isThere { return }
    }
    let hash = existing ?? AOFHash()
    if existing == nil { store.put(command.array(1), .hash(hash)) }
    for index in names {
      let name = command.array(index)
      hash.fields[name] = .init(value: command.array(index + 1), expiry: keeps ? hash.fields[name]?.expiry : expiry)
    }
  }
}
