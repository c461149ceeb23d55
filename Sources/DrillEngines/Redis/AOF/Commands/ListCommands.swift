/// Lists. Source: redis 7.0 src/t_list.c.
extension AOFCommandTable {
  static var listCommands: [String: Entry] {
    [
      "LPUSH": Entry(keys: .first, apply: { try push($0, $1, atHead: true, makes: true) }, words: 3),
      "RPUSH": Entry(keys: .first, apply: { try push($0, $1, atHead: false, makes: true) }, words: 3),
      "LPUSHX": Entry(keys: .first, apply: { try push($0, $1, atHead: true, makes: false) }, words: 3),
      "RPUSHX": Entry(keys: .first, apply: { try push($0, $1, atHead: false, makes: false) }, words: 3),
      "LPOP": Entry(keys: .first, apply: { try pop($0, $1, atHead: true) }),
      "RPOP": Entry(keys: .first, apply: { try pop($0, $1, atHead: false) }),
      "LSET": Entry(
        keys: .first,
        apply: { command, store in
          guard let list = try store.list(command.array(1)) else { throw AOFInterpreter.Refused() }
          var index = try number(command, 2)
          if index < 0 { index += Int64(list.count) }
          guard (0..<Int64(list.count)).contains(index) else { throw AOFInterpreter.Refused() }
          list[Int(index)] = command.array(3)
        }, words: 4),
      "LTRIM": Entry(keys: .first, apply: trim, words: 4),
      "LREM": Entry(keys: .first, apply: removeEqual, words: 4),
      "LINSERT": Entry(keys: .first, apply: insert, words: 5),
      "RPOPLPUSH": Entry(keys: .words([1, 2]), apply: { try move($0, $1, fromHead: false, toHead: true) }, words: 3),
      "BRPOPLPUSH": Entry(keys: .words([1, 2]), apply: { try move($0, $1, fromHead: false, toHead: true) }, words: 3),
      "LMOVE": Entry(keys: .words([1, 2]), apply: moveNamed, words: 5),
      "BLMOVE": Entry(keys: .words([1, 2]), apply: moveNamed, words: 5),
    ]
  }

  private static func push(
    _ command: AOFCommand, _ store: AOFInterpreter, atHead: Bool, makes: Bool
  ) throws {
    let existing = try store.list(command.array(1))
    guard existing != nil || makes else { return }
    let list = existing ?? AOFList()
    if existing == nil { store.put(command.array(1), .list(list)) }
    for index in 2..<command.count { list.push(command.array(index), atHead: atHead) }
  }

  private static func pop(_ command: AOFCommand, _ store: AOFInterpreter, atHead: Bool) throws {
    let count = command.count > 2 ? try number(command, 2) : 1
    guard count >= 0 else { throw AOFInterpreter.Refused() }
    guard let list = try store.list(command.array(1)) else { return }
    for _ in 0..<min(count, Int64(list.count)) { _ = list.pop(atHead: atHead) }
    if list.isEmpty { store.remove(command.array(1)) }
  }

  private static func trim(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var (first, last) = (try number(command, 2), try number(command, 3))
    guard let list = try store.list(command.array(1)) else { return }
    let count = Int64(list.count)
    if first < 0 { first = max(first &+ count, 0) }
    if last < 0 { last = last &+ count }
    last = min(last, count - 1)
    guard first <= last, first < count else { return store.remove(command.array(1)) }
    if first < 64 && count - 1 - last < 64 {
      for _ in 0..<first { _ = list.pop(atHead: true) }
      for _ in last + 1..<count { _ = list.pop(atHead: false) }
    } else {
      list.elements = Array(list.elements[Int(first)...Int(last)])
    }
  }

  private static func removeEqual(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let count = try number(command, 2)
    guard let list = try store.list(command.array(1)) else { return }
    let element = command.array(3)
    var left = count == 0 ? UInt64.max : count.magnitude
    func isRemoved(_ other: [UInt8]) -> Bool {
      guard left > 0, other == element else { return false }
      left -= 1
      return true
    }
    if count < 0 {
      list.elements = list.elements.reversed().filter { !isRemoved($0) }.reversed()
    } else {
      list.elements = list.elements.filter { !isRemoved($0) }
    }
    if list.isEmpty { store.remove(command.array(1)) }
  }

  private static func insert(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let place = command.keyword(2)
    guard place == "BEFORE" || place == "AFTER" else { throw AOFInterpreter.Refused() }
    guard let list = try store.list(command.array(1)) else { return }
    var elements = list.elements
    guard let index = elements.firstIndex(of: command.array(3)) else { return }
    elements.insert(command.array(4), at: place == "BEFORE" ? index : index + 1)
    list.elements = elements
  }

  private static func moveNamed(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    let sides = [command.keyword(3), command.keyword(4)]
    guard sides.allSatisfy({ $0 == "LEFT" || $0 == "RIGHT" }) else { throw AOFInterpreter.Refused() }
    try move(command, store, fromHead: sides[0] == "LEFT", toHead: sides[1] == "LEFT")
  }

  private static func move(
    _ command: AOFCommand, _ store: AOFInterpreter, fromHead: Bool, toHead: Bool
  ) throws {
    guard let source = try store.list(command.array(1)) else { return }
    let existing = try store.list(command.array(2))
    let target = existing ?? AOFList()
    if existing == nil { store.put(command.array(2), .list(target)) }
    target.push(source.pop(atHead: fromHead), atHead: toHead)
    if source.isEmpty { store.remove(command.array(1)) }
  }
}
