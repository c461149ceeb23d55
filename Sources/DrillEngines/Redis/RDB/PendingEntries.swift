/// A group's pending entries, which the format stores apart from the consumers that they belong to. Held while the
/// group is read: 32 bytes each.
struct PendingEntries {
  struct Entry {
    var id: StreamID
    var time: Int64
    var deliveries: Int64
  }

  private var entries: [Entry] = []
  private var claimed: [Bool] = []
  private var claimedCount = 0

  /// - Throws: `RDBDamage` unless ids ascend.
  mutating func append(_ id: StreamID, time: Int64, deliveries: Int64) throws {
    if let last = entries.last, id <= last.id { throw RDBDamage("pending entries are not in order") }
    entries.append(Entry(id: id, time: time, deliveries: deliveries))
    claimed.append(false)
  }

  /// Finds the entry that a consumer says is its own. A consumer's ids ascend too, so the search goes on from
  /// `position`.
  ///
  /// - Throws: `RDBDamage` where there is none, or it is another consumer's.
  mutating func claim(_ id: StreamID, from position: inout Int) throws -> Entry {
    var low = position
    var high = entries.count
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].id < id { low = middle + 1 } else { high = middle }
    }
    guard low < entries.count, entries[low].id == id, !claimed[low] else {
      throw RDBDamage("a consumer's pending entry is not among its group's")
    }
    claimed[low] = true
    claimedCount += 1
    position = low + 1
    return entries[low]
  }

  var areAllClaimed: Bool { claimedCount == entries.count }
}
