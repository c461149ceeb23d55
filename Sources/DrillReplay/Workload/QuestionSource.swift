internal import DrillModel

/// One question of a mix with the keys that it can be asked about: makes operations.
struct QuestionSource {
  let name: String
  let weight: Int
  private let question: Question
  private let pool: KeyPool
  /// For MGET: the pool's keys of each slot and database, in the pool's order.
  private let keysBySlot: [Place: [[UInt8]]]

  private struct Place: Hashable {
    var slot: Slot
    var namespace: String

    init(_ entry: WorkloadKeys.Entry) { (slot, namespace) = (entry.slot, entry.namespace) }
  }

  /// Nil where the sample holds no key for the question.
  init?(_ weighted: WeightedQuestion, over keys: WorkloadKeys, distribution: KeyDistribution, seed: UInt64) {
    name = weighted.name
    weight = weighted.weight
    question = weighted.question
    let entries = keys.entries.filter(weighted.question.accepts)
    guard !entries.isEmpty else { return nil }
    pool = KeyPool(entries, distribution: distribution, seed: seed)
    if case .redis(let redis) = weighted.question, redis.verb == .mget {
      keysBySlot = Dictionary(grouping: pool.entries, by: Place.init).mapValues { $0.map(\.key) }
    } else {
      keysBySlot = [:]
    }
  }

  func next(isAbsent: Bool, slot: ([UInt8]) -> Slot, _ generator: inout SeededGenerator) -> Operation {
    let drawn = pool.next(&generator)
    switch question {
    case .redis(let redis):
      var key = drawn.key
      if isAbsent {
        let name = absentName(&generator)
        key = HashTag.relative(of: key, named: name) ?? key + Array(name.utf8)
      }
      let companions = redis.verb == .mget ? companions(of: drawn, count: redis.count - 1, slot: slot, &generator) : []
      let place = isAbsent ? slot(key) : drawn.slot
      return Operation(
        name: name, slot: place, key: key, namespace: drawn.namespace == "db0" ? nil : drawn.namespace,
        statement: .command(redis.arguments(key: key, companions: place == drawn.slot ? companions : [], &generator)))
    case .sql(let sql):
      var columns = RowKey.columns(of: drawn.key) ?? []
      var key = drawn.key
      if isAbsent, let last = columns.popLast() {
        columns.append(absent(like: last, &generator))
        key = RowKey.bytes(of: columns)
      }
      return Operation(
        name: name, slot: isAbsent ? slot(key) : drawn.slot, key: key,
        statement: .query(sql.sql, sql.values(columns: columns, &generator), isOrdered: sql.isOrdered))
    }
  }

  /// Other keys of the drawn one's slot; where the sample has none, one that is absent and carries its hash tag.
  private func companions(
    of drawn: WorkloadKeys.Entry, count: Int, slot: ([UInt8]) -> Slot, _ generator: inout SeededGenerator
  ) -> [[UInt8]] {
    guard count > 0 else { return [] }
    let others = (keysBySlot[Place(drawn)] ?? []).filter { $0 != drawn.key }
    guard others.isEmpty else {
      let first = generator.index(below: others.count)
      return (0..<min(count, others.count)).map { others[(first + $0) % others.count] }
    }
    guard let relative = HashTag.relative(of: drawn.key, named: absentName(&generator)), slot(relative) == drawn.slot
    else { return [] }
    return [relative]
  }

  /// 64 drawn bits: a store that held such a key by chance would only answer for it like for any other.
  private func absentName(_ generator: inout SeededGenerator) -> String {
    ":absent:" + String(generator.next(), radix: 16)
  }

  private func absent(like column: Scalar, _ generator: inout SeededGenerator) -> Scalar {
    switch column {
    // Far below any identifier, and far enough from the ends that a query's arithmetic on it stays an integer.
    case .integer: .integer(generator.integer(in: -(1 << 62) ... -(1 << 53)))
    case .real: .real(-Double(generator.next()))
    case .null: .text(absentName(&generator))
    case .text(let text): .text(text + absentName(&generator))
    case .blob(let bytes): .blob(bytes + Array(absentName(&generator).utf8))
    }
  }
}
