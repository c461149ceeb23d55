/// What was read from the live servers while the cut was held: the captured reference. It never comes from the backup's own bytes.
public struct Reference: Hashable, Sendable, Codable {
  /// How many readers independent of the artifact's reader stand behind the content part: 1 where the live server itself counted or answered,
  /// 0 where the same reader read the source (SQLite has one reader, and says so).
  public var independentReaders: Int
  /// Records per slot as the live servers counted them, shard by shard name; the artifact `counts` holds them where present.
  public var counts: String?
  /// Name of the artifact with the fingerprint of the source at the cut.
  public var fingerprint: String?
  /// Name of the artifact with the operations asked and the answers given.
  public var answers: String?
  /// Where the keys of those operations came from, in words.
  public var keySample: String?

  public init(
    independentReaders: Int, counts: String? = nil, fingerprint: String? = nil, answers: String? = nil,
    keySample: String? = nil
  ) {
    self.independentReaders = independentReaders
    self.counts = counts
    self.fingerprint = fingerprint
    self.answers = answers
    self.keySample = keySample
  }
}

/// Records per slot as live servers counted them at the cut; per namespace where a server does not count by slot.
public struct SlotCounts: Hashable, Sendable, Codable {
  /// Shard name → slot number → records; slots that a server counted as empty are present with 0.
  public var shards: [String: [String: UInt64]]
  /// Shard name → namespace → records, all namespaces that are not empty: of servers that count by namespace alone (a Redis server without cluster mode).
  public var namespaces: [String: [String: UInt64]]?
  public init(shards: [String: [String: UInt64]] = [:], namespaces: [String: [String: UInt64]]? = nil) {
    self.shards = shards
    self.namespaces = namespaces
  }

  public mutating func set(_ count: UInt64, shard: String, slot: Slot) {
    shards[shard, default: [:]][String(slot.rawValue)] = count
  }

  /// The slots that were counted, with the sum over shards (source and target of a move in flight both count).
  public var perSlot: [Slot: UInt64] {
    shards.values.reduce(into: [:]) { sums, counts in
      for (name, count) in counts {
        if let number = UInt16(name), number < Slot.count { sums[Slot(rawValue: number), default: 0] &+= count }
      }
    }
  }
}
