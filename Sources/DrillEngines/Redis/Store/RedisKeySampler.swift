internal import DrillCrypto
public import DrillModel

/// Draws keys of one server without reading a value: a bounded `SCAN` of each database, types of what was drawn.
struct RedisKeySampler {
  let source: RedisReadSource
  let seed: UInt64
  let size: Int

  /// Most keys that one server is asked to name, over all databases: a look before a cut, not a reading of the store.
  static let scanLimit = 200_000
  private static let scanCount = 1000
  /// Keys kept before their types are known: enough that each type finds its share where a store holds several.
  private static let candidatesPerKey = 4

  private static let kinds: [String: RecordKind] = [
    "string": .string, "hash": .hash, "list": .list, "set": .set, "zset": .sortedSet, "stream": .stream,
  ]

  func draw() async throws -> SampledKeys {
    let databases = RedisInfo(try await source.ask("INFO", "keyspace").text ?? "").databases
    var entries: [WorkloadKeys.Entry] = []
    var seen: UInt64 = 0
    for database in databases {
      // The first is chosen already, and where there is no other there may be no right to choose.
      if databases.contains(where: { $0.number != 0 }) { _ = try await source.ask("SELECT", "\(database.number)") }
      let drawn = try await draw("db\(database.number)", limit: RedisKeySampler.scanLimit / databases.count)
      entries += drawn.keys.entries
      seen += drawn.seen
    }
    return SampledKeys(keys: WorkloadKeys(entries), seen: seen)
  }

  private func draw(_ namespace: String, limit: Int) async throws -> SampledKeys {
    let hash = SipHash(seed: seed)
    var smallest: [(hash: UInt64, key: [UInt8])] = []
    var seen: UInt64 = 0
    var cursor = "0"
    let bound = size * RedisKeySampler.candidatesPerKey
    repeat {
      let page = try await source.ask("SCAN", cursor, "COUNT", "\(RedisKeySampler.scanCount)").array ?? []
      guard page.count == 2, let next = page[0].text, let keys = page[1].array else {
        throw DrillError(.protocolViolation, subject: "SCAN", detail: "the server's reply is not a cursor and keys")
      }
      cursor = next
      for key in keys.compactMap(\.bytes) {
        seen += 1
        smallest.append((hash.hash(key), key))
      }
      if smallest.count > bound * 2 { smallest = RedisKeySampler.smallest(smallest, bound) }
    } while cursor != "0" && seen < UInt64(limit)

    var entries: [WorkloadKeys.Entry] = []
    var taken: [RecordKind: Int] = [:]
    let drawn = RedisKeySampler.smallest(smallest, bound)
    for start in stride(from: 0, to: drawn.count, by: RedisKeySampler.scanCount) {
      let part = drawn[start..<min(start + RedisKeySampler.scanCount, drawn.count)]
      let types = try await source.ask(part.map { [.word("TYPE"), $0.key] }, passesMoved: true)
      for (candidate, type) in zip(part, types) {
        // A key that has moved on since it was named is another server's.
        guard type.errorCode == nil, let name = type.text, name != "none" else { continue }
        let kind = RedisKeySampler.kinds[name] ?? .module
        guard taken[kind, default: 0] < size else { continue }
        taken[kind, default: 0] += 1
        entries.append(
          WorkloadKeys.Entry(
            kind: kind, namespace: namespace, key: candidate.key, slot: RedisSlot.slot(of: candidate.key)))
      }
    }
    return SampledKeys(keys: WorkloadKeys(entries), seen: seen)
  }

  private static func smallest(_ keys: [(hash: UInt64, key: [UInt8])], _ count: Int) -> [(hash: UInt64, key: [UInt8])] {
    // A key that SCAN named twice stands here twice, side by side.
    let sorted = keys.sorted { $0.hash == $1.hash ? $0.key.lexicographicallyPrecedes($1.key) : $0.hash < $1.hash }
    return Array(
      sorted.indices.filter { $0 == 0 || sorted[$0].key != sorted[$0 - 1].key }.prefix(count).map { sorted[$0] })
  }
}

extension RedisStore: KeySampling {
  public func sampleKeys(seed: UInt64, size: Int) async throws -> SampledKeys {
    var entries: [WorkloadKeys.Entry] = []
    var seen: UInt64 = 0
    for member in members {
      let connection = try await RedisStore.connect(member)
      do {
        let source = RedisReadSource(
          connection: connection, shard: member.name, pacer: pacers[member.name], isReceiving: isReceiving(member))
        let drawn = try await RedisKeySampler(source: source, seed: seed, size: size).draw()
        entries += drawn.keys.entries
        seen += drawn.seen
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
    }
    return SampledKeys(keys: WorkloadKeys(entries), seen: seen)
  }
}

extension RedisLiveCluster: KeySampling {
  public func sampleKeys(seed: UInt64, size: Int) async throws -> SampledKeys {
    try await store.sampleKeys(seed: seed, size: size)
  }
}
