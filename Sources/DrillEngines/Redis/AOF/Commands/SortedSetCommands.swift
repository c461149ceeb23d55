/// Sorted sets. Source: redis 7.0 src/t_zset.c.
extension AOFCommandTable {
  static var sortedSetCommands: [String: Entry] {
    [
      "ZADD": Entry(keys: .first, apply: add, words: 4),
      "ZINCRBY": Entry(
        keys: .first,
        apply: { command, store in
          guard let increment = command.real(2) else { throw AOFInterpreter.Refused() }
          let existing = try store.sortedSet(command.array(1))
          let score = (existing?.scores[command.array(3)] ?? 0) + increment
          guard !score.isNaN else { throw AOFInterpreter.Refused() }
          let set = existing ?? AOFSortedSet()
          if existing == nil { store.put(command.array(1), .sortedSet(set)) }
          set.set(command.array(3), to: score)
        }, words: 4),
      "ZREM": Entry(
        keys: .first,
        apply: { command, store in
          guard let set = try store.sortedSet(command.array(1)) else { return }
          for index in 2..<command.count { set.remove(command.array(index)) }
          if set.isEmpty { store.remove(command.array(1)) }
        }, words: 3),
      "ZREMRANGEBYRANK": Entry(keys: .first, apply: { try remove($0, $1, .rank) }, words: 4),
      "ZREMRANGEBYSCORE": Entry(keys: .first, apply: { try remove($0, $1, .score) }, words: 4),
      "ZREMRANGEBYLEX": Entry(keys: .first, apply: { try remove($0, $1, .lexical) }, words: 4),
      "ZPOPMIN": Entry(keys: .first, apply: { try pop($0, $1, highest: false) }),
      "ZPOPMAX": Entry(keys: .first, apply: { try pop($0, $1, highest: true) }),
      "ZRANGESTORE": Entry(
        keys: .found { _ in [AOFKeyUse(index: 1), AOFKeyUse(index: 2, isWritten: false)] }, apply: storeRange, words: 5),
      "ZUNIONSTORE": Entry(keys: .counted(target: 1, count: 2), apply: { try combine($0, $1, .union) }, words: 4),
      "ZINTERSTORE": Entry(
        keys: .counted(target: 1, count: 2), apply: { try combine($0, $1, .intersection) }, words: 4),
      "ZDIFFSTORE": Entry(keys: .counted(target: 1, count: 2), apply: { try combine($0, $1, .difference) }, words: 4),
    ]
  }

  private static func add(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var options: Set<String> = []
    var first = 2
    while first < command.count, ["NX", "XX", "CH", "INCR", "GT", "LT"].contains(command.keyword(first)) {
      options.insert(command.keyword(first))
      first += 1
    }
    let pairs = stride(from: first, to: command.count, by: 2)
    let isExclusive = [["NX", "XX"], ["NX", "GT"], ["NX", "LT"], ["GT", "LT"]].contains { options.isSuperset(of: $0) }
    guard first < command.count, (command.count - first).isMultiple(of: 2), !isExclusive,
      !options.contains("INCR") || command.count - first == 2
    else { throw AOFInterpreter.Refused() }
    let scores = try pairs.map { place in
      guard let score = command.real(place) else { throw AOFInterpreter.Refused() }
      return score
    }
    let existing = try store.sortedSet(command.array(1))
    if existing == nil, options.contains("XX") { return }
    let set = existing ?? AOFSortedSet()
    if existing == nil { store.put(command.array(1), .sortedSet(set)) }
    for (place, given) in zip(pairs, scores) {
      let member = command.array(place + 1)
      guard let old = set.scores[member] else {
        if !options.contains("XX") { set.set(member, to: given) }
        continue
      }
      let score = options.contains("INCR") ? old + given : given
      guard !score.isNaN else { throw AOFInterpreter.Refused() }
      if options.contains("NX") || options.contains("GT") && score <= old || options.contains("LT") && score >= old {
        continue
      }
      if score != old { set.set(member, to: score) }
    }
  }

  private static func pop(_ command: AOFCommand, _ store: AOFInterpreter, highest: Bool) throws {
    let count = command.count > 2 ? try number(command, 2) : 1
    guard count >= 0 else { throw AOFInterpreter.Refused() }
    guard let set = try store.sortedSet(command.array(1)) else { return }
    for _ in 0..<min(count, Int64(set.count)) { set.pop(highest: highest) }
    if set.isEmpty { store.remove(command.array(1)) }
  }

  // MARK: Ranges

  private enum Order { case rank, score, lexical }

  private static func remove(_ command: AOFCommand, _ store: AOFInterpreter, _ order: Order) throws {
    let range = try range(command, lowest: 2, highest: 3, order)
    guard let set = try store.sortedSet(command.array(1)) else { return }
    for item in try range(set, false) { set.remove(item.member) }
    if set.isEmpty { store.remove(command.array(1)) }
  }

  private static func storeRange(_ command: AOFCommand, _ store: AOFInterpreter) throws {
    var order = Order.rank
    var isReversed = false
    var limit: (offset: Int64, count: Int64)?
    var index = 5
    while index < command.count {
      switch command.keyword(index) {
      case "BYSCORE": order = .score
      case "BYLEX": order = .lexical
      case "REV": isReversed = true
      case "LIMIT":
        limit = (try number(command, index + 1), try number(command, index + 2))
        index += 2
      default: throw AOFInterpreter.Refused()
      }
      index += 1
    }
    guard limit == nil || order != .rank || limit?.count == -1 else { throw AOFInterpreter.Refused() }
    // By score and by bytes, a reversed range is given from its high end.
    let isSwapped = isReversed && order != .rank
    let range = try range(command, lowest: isSwapped ? 4 : 3, highest: isSwapped ? 3 : 4, order)
    var items = try store.sortedSet(command.array(2)).map { try range($0, isReversed) } ?? []
    if let limit, order != .rank {
      items = limit.offset < 0 ? [] : Array(items.dropFirst(Int(limit.offset)))
      if limit.count >= 0 { items = Array(items.prefix(Int(limit.count))) }
    }
    try put(items, command.array(1), store)
  }

  private static func put(_ items: [AOFSortedSet.Item], _ key: [UInt8], _ store: AOFInterpreter) throws {
    guard !items.isEmpty else { return store.remove(key) }
    try store.make(items.count * 32)
    let scores = Dictionary(items.map { ($0.member, $0.score) }, uniquingKeysWith: { _, last in last })
    store.put(key, .sortedSet(AOFSortedSet(scores)))
  }

  /// What a range takes from a set, in order, or from its other end.
  private static func range(
    _ command: AOFCommand, lowest: Int, highest: Int, _ order: Order
  ) throws -> (AOFSortedSet, Bool) throws -> [AOFSortedSet.Item] {
    switch order {
    case .rank:
      let (first, last) = (try number(command, lowest), try number(command, highest))
      return { set, isReversed in
        let items = isReversed ? set.sorted.reversed() : set.sorted
        let count = Int64(items.count)
        let start = max(first < 0 ? first &+ count : first, 0)
        let end = min(last < 0 ? last &+ count : last, count - 1)
        return start <= end && start < count ? Array(items[Int(start)...Int(end)]) : []
      }
    case .score:
      let (low, high) = (try scoreBound(command[lowest]), try scoreBound(command[highest]))
      return { set, isReversed in
        let items = set.scores.filter { _, score in
          (low.isOpen ? score > low.score : score >= low.score)
            && (high.isOpen ? score < high.score : score <= high.score)
        }.map { AOFSortedSet.Item(score: $0.value, member: $0.key) }.sorted(by: AOFSortedSet.Item.precedes)
        return isReversed ? items.reversed() : items
      }
    case .lexical:
      let (low, high) = (try lexicalBound(command[lowest]), try lexicalBound(command[highest]))
      return { set, isReversed in
        // With several scores, what is taken depends on how the server happens to hold the set.
        guard Set(set.scores.values).count <= 1 else { throw AOFInterpreter.NotModelled() }
        let items = set.sorted.filter { low.isBelow($0.member) && high.isAbove($0.member) }
        return isReversed ? items.reversed() : items
      }
    }
  }

  private static func scoreBound(_ word: UnsafeRawBufferPointer) throws -> (score: Double, isOpen: Bool) {
    let isOpen = word.first == UInt8(ascii: "(")
    guard let score = AOFNumber.real(word.dropFirst(isOpen ? 1 : 0)) else { throw AOFInterpreter.Refused() }
    return (score, isOpen)
  }

  private enum LexicalBound {
    case least, greatest
    case member([UInt8], isOpen: Bool)

    func isBelow(_ member: [UInt8]) -> Bool {
      switch self {
      case .least: true
      case .greatest: false
      case .member(let bound, let isOpen):
        isOpen ? bound.lexicographicallyPrecedes(member) : !member.lexicographicallyPrecedes(bound)
      }
    }

    func isAbove(_ member: [UInt8]) -> Bool {
      switch self {
      case .least: false
      case .greatest: true
      case .member(let bound, let isOpen):
        isOpen ? member.lexicographicallyPrecedes(bound) : !bound.lexicographicallyPrecedes(member)
      }
    }
  }

  private static func lexicalBound(_ word: UnsafeRawBufferPointer) throws -> LexicalBound {
    switch (word.first, word.count) {
    case (UInt8(ascii: "-"), 1): .least
    case (UInt8(ascii: "+"), 1): .greatest
    case (UInt8(ascii: "["), _): .member(Array(word.dropFirst()), isOpen: false)
    case (UInt8(ascii: "("), _): .member(Array(word.dropFirst()), isOpen: true)
    default: throw AOFInterpreter.Refused()
    }
  }

  // MARK: Of several sets

  private enum Combination { case union, intersection, difference }

  private struct Source {
    var scores: [[UInt8]: Double]
    var weight = 1.0

    /// A plain set's members all have score 1.
    init(_ entry: AOFEntry?) throws {
      switch entry?.value {
      case nil: scores = [:]
      case .sortedSet(let set): scores = set.scores
      case .set(let set): scores = Dictionary(uniqueKeysWithValues: set.members.map { ($0, 1) })
      default: throw AOFInterpreter.Refused()
      }
    }
  }

  private static func combine(
    _ command: AOFCommand, _ store: AOFInterpreter, _ combination: Combination
  ) throws {
    let count = try number(command, 2)
    guard count > 0, count <= Int64(command.count - 3) else { throw AOFInterpreter.Refused() }
    var sources = try (0..<Int(count)).map { try Source(store.entry(command.array(3 + $0))) }
    var aggregate = "SUM"
    var index = 3 + sources.count
    while index < command.count {
      switch command.keyword(index) {
      case "WEIGHTS" where combination != .difference && command.count - index > sources.count:
        for place in sources.indices {
          guard let weight = command.real(index + 1 + place) else { throw AOFInterpreter.Refused() }
          sources[place].weight = weight
        }
        index += 1 + sources.count
      case "AGGREGATE" where combination != .difference && index + 1 < command.count:
        aggregate = command.keyword(index + 1)
        guard ["SUM", "MIN", "MAX"].contains(aggregate) else { throw AOFInterpreter.Refused() }
        index += 2
      default: throw AOFInterpreter.Refused()
      }
    }
    var result: [[UInt8]: Double]
    if combination == .difference {
      result = sources[0].scores.filter { member, _ in sources.dropFirst().allSatisfy { $0.scores[member] == nil } }
    } else {
      result = try joined(sources, combination, aggregate)
    }
    try put(result.map { AOFSortedSet.Item(score: $0.value, member: $0.key) }, command.array(1), store)
  }

  /// A server joins the smallest first. Where two are of one size, which of them comes first is not said, and where that
  /// could matter to a sum of fractions, it is not modelled.
  private static func joined(
    _ sources: [Source], _ combination: Combination, _ aggregate: String
  ) throws -> [[UInt8]: Double] {
    let ordered = sources.sorted { $0.scores.count < $1.scores.count }
    func weighted(_ source: Source, _ score: Double) -> Double {
      let product = source.weight * score
      return product.isNaN ? 0 : product
    }
    func isWhole(_ value: Double) -> Bool { value == value.rounded() && abs(value) < 0x1p40 }
    if aggregate == "SUM", sources.count > 2, Set(sources.map(\.scores.count)).count < sources.count,
      sources.contains(where: { source in source.scores.values.contains { !isWhole(weighted(source, $0)) } })
    {
      throw AOFInterpreter.NotModelled()
    }
    func aggregated(_ a: Double, _ b: Double) -> Double {
      switch aggregate {
      case "MIN": return b < a ? b : a
      case "MAX": return b > a ? b : a
      default: return (a + b).isNaN ? 0 : a + b
      }
    }
    var result: [[UInt8]: Double] = [:]
    if combination == .union {
      for source in ordered {
        for (member, score) in source.scores {
          let value = weighted(source, score)
          result[member] = result[member].map { aggregated($0, value) } ?? value
        }
      }
    } else {
      for (member, score) in ordered[0].scores {
        var value = weighted(ordered[0], score)
        var isEverywhere = true
        for source in ordered.dropFirst() {
          guard let other = source.scores[member] else {
            isEverywhere = false
            break
          }
          value = aggregated(value, source.weight * other)
        }
        if isEverywhere { result[member] = value }
      }
    }
    return result
  }
}
