/// Sets. Source: redis 7.0 src/t_set.c.
extension AOFCommandTable {
  static var setCommands: [String: Entry] {
    [
      "SADD": Entry(
        keys: .first,
        apply: { command, store in
          let existing = try store.set(command.array(1))
          let set = existing ?? AOFSet()
          if existing == nil { store.put(command.array(1), .set(set)) }
          for index in 2..<command.count { set.members.insert(command.array(index)) }
        }, words: 3),
      "SREM": Entry(
        keys: .first,
        apply: { command, store in
          guard let set = try store.set(command.array(1)) else { return }
          for index in 2..<command.count { set.members.remove(command.array(index)) }
          if set.members.isEmpty { store.remove(command.array(1)) }
        }, words: 3),
      "SMOVE": Entry(
        keys: .words([1, 2]),
        apply: { command, store in
          guard let source = try store.set(command.array(1)) else { return }
          let existing = try store.set(command.array(2))
          guard command.array(1) != command.array(2), source.members.remove(command.array(3)) != nil else { return }
          if source.members.isEmpty { store.remove(command.array(1)) }
          let target = existing ?? AOFSet()
          if existing == nil { store.put(command.array(2), .set(target)) }
          target.members.insert(command.array(3))
        }, words: 4),
      "SUNIONSTORE": Entry(
        keys: .target(1, sourcesFrom: 2), apply: { try combine($0, $1) { $0.formUnion($1) } }, words: 3),
      "SINTERSTORE": Entry(
        keys: .target(1, sourcesFrom: 2), apply: { try combine($0, $1) { $0.formIntersection($1) } }, words: 3),
      "SDIFFSTORE": Entry(
        keys: .target(1, sourcesFrom: 2), apply: { try combine($0, $1) { $0.subtract($1) } }, words: 3),
    ]
  }

  private static func combine(
    _ command: AOFCommand, _ store: AOFInterpreter, _ join: (inout Set<[UInt8]>, Set<[UInt8]>) -> Void
  ) throws {
    let sources = try (2..<command.count).map { try store.set(command.array($0))?.members ?? [] }
    var result = sources[0]
    for source in sources.dropFirst() { join(&result, source) }
    try store.make(AOFValue.set(AOFSet(result)).sizeBytes)
    if result.isEmpty { store.remove(command.array(1)) } else { store.put(command.array(1), .set(AOFSet(result))) }
  }
}
