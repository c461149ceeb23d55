internal import DrillModel

/// Keys of any type, and whole databases. Source: redis 7.0 src/db.c, src/expire.c, src/cluster.c, src/sort.c.
extension AOFCommandTable {
  static var keyCommands: [String: Entry] {
    let deletion = Entry(
      keys: .every(1),
      apply: { command, store in
        for index in 1..<command.count { store.remove(command.array(index)) }
      })
    let restoring = Entry(keys: .first, apply: restore, words: 4)
    let nothing = Entry(keys: .none, apply: { _, _ in }, words: 1)
    return [
      "DEL": deletion, "UNLINK": deletion,
      "RENAME": Entry(keys: .words([1, 2]), apply: { try rename($0, $1, replaces: true) }, words: 3),
      "RENAMENX": Entry(keys: .words([1, 2]), apply: { try rename($0, $1, replaces: false) }, words: 3),
      "COPY": Entry(keys: .found(copyKeys), apply: copy, words: 3),
      "MOVE": Entry(
        keys: .found { command in
          database(command, 2).map { [AOFKeyUse(index: 1), AOFKeyUse(index: 1, database: $0)] }
        }, apply: move, words: 3),
      "PERSIST": Entry(
        keys: .first,
        apply: { command, store in
          try store.entry(command.array(1))?.expiry = RecordBatch.noExpiry
        }),
      "PEXPIREAT": Entry(keys: .first, apply: { try expire($0, $1, isSeconds: false) }, words: 3),
      "EXPIREAT": Entry(keys: .first, apply: { try expire($0, $1, isSeconds: true) }, words: 3),
      "EXPIRE": Entry(keys: .first), "PEXPIRE": Entry(keys: .first),
      "RESTORE": restoring, "RESTORE-ASKING": restoring,
      "SORT": Entry(keys: .found(sortKeys), apply: sort),
      "SELECT": Entry(
        keys: .none,
        apply: { command, store in
          guard let number = database(command, 1) else { throw AOFInterpreter.Refused() }
          store.select(number)
        }),
      "SWAPDB": Entry(
        keys: .none,
        apply: { command, store in
          guard let a = database(command, 1), let b = database(command, 2) else { throw AOFInterpreter.Refused() }
          store.swap(a, b)
        }, words: 3),
      "FLUSHDB": Entry(keys: .none, apply: { _, store in store.empty(store.database) }, words: 1),
      "FLUSHALL": Entry(keys: .none, apply: { _, store in store.emptyAll() }, words: 1),
      // A transaction that did not end is not read at all, so that one can be taken command by command.
      "MULTI": nothing, "EXEC": nothing,
      // These change no record.
      "PING": nothing, "PUBLISH": nothing, "SPUBLISH": nothing, "SCRIPT": nothing, "REPLCONF": nothing,
    ]
  }

  /// A database's number. A sandbox's server has 16,384 of them.
  static func database(_ command: AOFCommand, _ index: Int) -> Int? {
    guard index < command.count, let number = command.integer(index), (0..<Int64(Int32.max)).contains(number) else {
      return nil
    }
    return Int(number)
  }

  private static func rename(_ command: AOFCommand, _ store: AOFInterpreter, replaces: Bool) throws {
    let (source, target) = (command.array(1), command.array(2))
    guard let entry = try store.entry(source) else { throw AOFInterpreter.Refused() }
    guard source != target else { return }
    if !replaces, try store.entry(target) != nil { return }
    store.remove(source)
    store.put(target, entry.value, expiry: entry.expiry)
  }

  private static func copyKeys(_ command: AOFCommand) -> [AOFKeyUse]? {
    let place = (3..<max(3, command.count - 1)).first { command.keyword($0) == "DB" }
    return [
      AOFKeyUse(index: 1, isWritten: false),
      AOFKeyUse(index: 2, database: place.flatMap { database(command, $0 + 1) }),
    ]
  }

  private static func copy(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var target = store.database
    var replaces = false
    var index = 3
    while index < command.count {
      switch command.keyword(index) {
      case "REPLACE": replaces = true
      case "DB":
        guard let number = database(command, index + 1) else { throw AOFInterpreter.Refused() }
        target = store.database(number)
        index += 1
      default: throw AOFInterpreter.Refused()
      }
      index += 1
    }
    guard let entry = try store.entry(command.array(1)) else { return }
    if !replaces, try store.entry(command.array(2), in: target) != nil { return }
    if target === store.database, command.array(1) == command.array(2) { throw AOFInterpreter.Refused() }
    // Whether a module copies its values, only the module knows.
    if case .module = entry.value { throw AOFInterpreter.NotModelled() }
    try store.make(entry.value.sizeBytes)
    store.put(command.array(2), entry.value.copied(), expiry: entry.expiry, in: target)
  }

  private static func move(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    guard let number = database(command, 2) else { throw AOFInterpreter.Refused() }
    let target = store.database(number)
    let key = command.array(1)
    guard target !== store.database else { throw AOFInterpreter.Refused() }
    guard let entry = try store.entry(key), try store.entry(key, in: target) == nil else { return }
    store.remove(key)
    store.put(key, entry.value, expiry: entry.expiry, in: target)
  }

  /// A time that has passed is kept as one: a server that loads a log removes nothing by itself. Source: redis 7.0
  /// src/expire.c `checkAlreadyExpired`.
  private static func expire(_ command: AOFCommand, _ store: AOFInterpreter, isSeconds: Bool) throws {
    let time = try time(command, 2, isSeconds: isSeconds)
    let conditions = Set((3..<command.count).map { command.keyword($0) })
    guard conditions.isSubset(of: ["NX", "XX", "GT", "LT"]) else { throw AOFInterpreter.Refused() }
    guard let entry = try store.entry(command.array(1)) else { return }
    let isSet = entry.expiry != RecordBatch.noExpiry
    if conditions.contains("NX") && isSet || conditions.contains("XX") && !isSet { return }
    if conditions.contains("GT"), !isSet || time <= entry.expiry { return }
    if conditions.contains("LT"), isSet, time >= entry.expiry { return }
    entry.expiry = time
  }

  private static func restore(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let time = try number(command, 2)
    guard time >= 0 else { throw AOFInterpreter.Refused() }
    let options = (4..<command.count).map { command.keyword($0) }
    if time > 0, !options.contains("ABSTTL") { throw AOFInterpreter.NotModelled() }
    if !options.contains("REPLACE"), try store.entry(command.array(1)) != nil { throw AOFInterpreter.Refused() }
    let value = try RestoredPayload.value(command.array(3))
    store.put(command.array(1), value, expiry: time == 0 ? RecordBatch.noExpiry : time)
  }

  // MARK: Sorting

  private static func sortKeys(_ command: AOFCommand) -> [AOFKeyUse]? {
    let place = (2..<max(2, command.count - 1)).last { command.keyword($0) == "STORE" }
    return [AOFKeyUse(index: 1, isWritten: false)] + (place.map { [AOFKeyUse(index: $0 + 1)] } ?? [])
  }

  private static func sort(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var (isDescending, isByText, isUnsorted) = (false, false, false)
    var limit: (start: Int64, count: Int64) = (0, -1)
    var target: [UInt8]?
    var index = 2
    while index < command.count {
      let more = command.count - index - 1
      switch command.keyword(index) {
      case "ASC": isDescending = false
      case "DESC": isDescending = true
      case "ALPHA": isByText = true
      case "LIMIT" where more >= 2:
        limit = (try number(command, index + 1), try number(command, index + 2))
        index += 2
      case "STORE" where more >= 1:
        target = command.array(index + 1)
        index += 1
      // Other keys, named by a pattern, decide.
      case "BY" where more >= 1 && !command[index + 1].contains(UInt8(ascii: "*")):
        isUnsorted = true
        index += 1
      case "BY", "GET": throw AOFInterpreter.NotModelled()
      default: throw AOFInterpreter.Refused()
      }
      index += 1
    }
    guard let target else { return }
    var elements: [[UInt8]]
    switch try store.entry(command.array(1))?.value {
    case nil: elements = []
    case .list(let list): elements = list.elements
    case .set(let set):
      elements = Array(set.members)
      if isUnsorted { (isUnsorted, isByText) = (false, true) }
    case .sortedSet(let set): elements = set.sorted.map(\.member)
    default: throw AOFInterpreter.Refused()
    }
    if isUnsorted {
      if isDescending { elements.reverse() }
    } else if isByText {
      elements.sort { $0.lexicographicallyPrecedes($1) }
      if isDescending { elements.reverse() }
    } else {
      let scored = try elements.map { element in
        guard let score = element.isEmpty ? 0 : AOFNumber.real(element) else { throw AOFInterpreter.Refused() }
        return AOFSortedSet.Item(score: score, member: element)
      }
      elements = scored.sorted(by: AOFSortedSet.Item.precedes).map(\.member)
      if isDescending { elements.reverse() }
    }
    let count = Int64(elements.count)
    let start = min(max(limit.start, 0), count)
    let taken = limit.count < 0 ? count - start : min(limit.count, count - start)
    elements = Array(elements[Int(start)..<Int(start + taken)])
    try store.make(AOFValue.list(AOFList(elements)).sizeBytes)
    if elements.isEmpty { store.remove(target) } else { store.put(target, .list(AOFList(elements))) }
  }
}
