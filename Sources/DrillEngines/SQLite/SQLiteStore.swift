import DrillModel

/// Shards that answer: what a sandbox, a live cluster and a held snapshot have in common.
struct SQLiteStore: Sendable {
  var topology: Topology
  /// In the topology's order.
  var shards: [SQLiteShard]

  func shard(named name: String) throws -> SQLiteShard {
    guard let shard = shards.first(where: { $0.name == name }) else {
      throw DrillError(.usage, subject: name, detail: "no shard of this name")
    }
    return shard
  }

  /// Reads one shard's rows in batches; damage on the way becomes a fact.
  func readRecords(_ name: String, _ selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts
  {
    let shard = try shard(named: name)
    var cursor: Int?
    do {
      let opened = try await shard.openCursor(selection)
      cursor = opened
      while let batch = try await shard.nextBatch(opened) {
        try Task.checkCancellation()
        try handler(batch)
      }
      return await shard.closeCursor(opened)
    } catch {
      let facts = if let cursor { await shard.closeCursor(cursor) } else { ReadFacts() }
      guard let failure = error as? SQLiteFailure else { throw error }
      guard failure.isDamage else { throw failure.liveError(name) }
      var damaged = facts
      damaged.problems.append(.init(.undecodable, detail: failure.meaning))
      return damaged
    }
  }
}

/// One client of a store's shards.
///
/// An operation goes to the shard that owns its slot. Where slots say nothing (files without a slot map) it goes to all
/// shards, and its answer is the rows of the first, then those of the second, and so on.
struct SQLiteSession: StoreSession {
  var store: SQLiteStore

  /// The time-out holds for each operation. The time taken is the query's own, since an embedded store has no wire.
  func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply] {
    guard store.topology.mapsSlots else { return await performOnAll(operations, timeout) }
    var replies = operations.map { TimedReply(.indeterminate("no shard owns slot \($0.slot)"), elapsed: .zero) }
    var routed: [String: [Int]] = [:]
    for (index, operation) in operations.enumerated() {
      if let owner = store.topology.owner(of: operation.slot) { routed[owner.name, default: []].append(index) }
    }
    await withTaskGroup(of: ([Int], [TimedReply]).self) { group in
      for shard in store.shards {
        guard let indexes = routed[shard.name] else { continue }
        let own = indexes.map { operations[$0] }
        group.addTask { (indexes, await shard.perform(own, timeout: timeout)) }
      }
      for await (indexes, own) in group {
        for (index, reply) in zip(indexes, own) { replies[index] = reply }
      }
    }
    return replies
  }

  private func performOnAll(_ operations: [Operation], _ timeout: Duration) async -> [TimedReply] {
    var perShard: [[TimedReply]] = []
    for shard in store.shards { perShard.append(await shard.perform(operations, timeout: timeout)) }
    return operations.indices.map { index in SQLiteSession.joined(perShard.map { $0[index] }) }
  }

  private static func joined(_ parts: [TimedReply]) -> TimedReply {
    guard var whole = parts.first else { return TimedReply(.indeterminate("no shard"), elapsed: .zero) }
    for part in parts.dropFirst() {
      whole.elapsed += part.elapsed
      switch (whole.reply, part.reply) {
      case (.indeterminate, _): break
      case (_, .indeterminate): whole.reply = part.reply
      case (.answered(.array(let rows)), .answered(.array(let more))): whole.reply = .answered(.array(rows + more))
      case (.answered(.unordered(let rows)), .answered(.unordered(let more))):
        whole.reply = .answered(.unordered(rows + more))
      case (.answered(.error), _): break
      case (_, .answered): whole.reply = part.reply
      }
    }
    return whole
  }
}
