/// A stream: entries in the order of their ids, and groups with what they have delivered.
final class AOFStream {
  struct Entry {
    var id: StreamID
    /// Fields and values in turn.
    var words: [[UInt8]]
  }

  struct Pending {
    var consumer: [UInt8]
    /// Milliseconds since 1970.
    var time: Int64
    var deliveries: Int64
  }

  struct Group {
    var lastDelivered: StreamID
    var consumers: Set<[UInt8]> = []
    var pending: [StreamID: Pending] = [:]
  }

  private var stored: [Entry] = []
  /// Entries at the start of `stored` that were removed.
  private var removed = 0
  var lastID = StreamID(milliseconds: 0, sequence: 0)
  var groups: [[UInt8]: Group] = [:]

  var entries: ArraySlice<Entry> { stored[removed...] }
  var count: Int { stored.count - removed }

  func copied() -> AOFStream {
    let copy = AOFStream()
    (copy.stored, copy.removed, copy.lastID, copy.groups) = (stored, removed, lastID, groups)
    return copy
  }

  /// - Precondition: its id is beyond all others'.
  func append(_ entry: Entry) { stored.append(entry) }

  func contains(_ id: StreamID) -> Bool {
    let index = firstIndex(notBefore: id)
    return index < stored.count && stored[index].id == id
  }

  @discardableResult
  func remove(_ id: StreamID) -> Bool {
    let index = firstIndex(notBefore: id)
    guard index < stored.count, stored[index].id == id else { return false }
    if index == removed { removeFirst(1) } else { stored.remove(at: index) }
    return true
  }

  func removeFirst(_ count: Int) {
    for index in removed..<removed + count { stored[index].words = [] }
    removed += count
    if removed > 64, removed * 2 > stored.count {
      stored.removeFirst(removed)
      removed = 0
    }
  }

  func removeAll(before id: StreamID) { removeFirst(firstIndex(notBefore: id) - removed) }

  private func firstIndex(notBefore id: StreamID) -> Int {
    var (low, high) = (removed, stored.count)
    while low < high {
      let middle = (low + high) / 2
      if stored[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
