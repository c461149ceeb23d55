/// A sorted set: scores by member, and an order that is made when something asks for it.
final class AOFSortedSet {
  struct Item: Hashable {
    var score: Double
    var member: [UInt8]

    /// Source: redis 7.0 src/t_zset.c `zslInsert`: by score, then by the member's bytes.
    static func precedes(_ a: Item, _ b: Item) -> Bool {
      a.score != b.score ? a.score < b.score : a.member.lexicographicallyPrecedes(b.member)
    }
  }

  private(set) var scores: [[UInt8]: Double]
  /// Candidates for the lowest and the highest, of which those whose score has changed since are passed over. Nil until
  /// something is popped.
  private var lowest: Heap?
  private var highest: Heap?

  init(_ scores: [[UInt8]: Double] = [:]) { self.scores = scores }

  var count: Int { scores.count }
  var isEmpty: Bool { scores.isEmpty }

  func set(_ member: [UInt8], to score: Double) {
    scores[member] = score
    lowest?.insert(Item(score: score, member: member))
    highest?.insert(Item(score: score, member: member))
    // What was passed over stays in the heaps until they are made anew.
    if let lowest, lowest.items.count > 64, lowest.items.count > 4 * scores.count { self.lowest = nil }
    if let highest, highest.items.count > 64, highest.items.count > 4 * scores.count { self.highest = nil }
  }

  @discardableResult
  func remove(_ member: [UInt8]) -> Bool { scores.removeValue(forKey: member) != nil }

  var sorted: [Item] { scores.map { Item(score: $0.value, member: $0.key) }.sorted(by: Item.precedes) }

  func pop(highest isHighest: Bool) {
    if isHighest {
      if highest == nil { highest = Heap(sorted.reversed()) { Item.precedes($1, $0) } }
      while let item = highest?.popFirst() { if take(item) { return } }
    } else {
      if lowest == nil { lowest = Heap(sorted, by: Item.precedes) }
      while let item = lowest?.popFirst() { if take(item) { return } }
    }
  }

  private func take(_ item: Item) -> Bool {
    guard scores[item.member] == item.score else { return false }
    scores[item.member] = nil
    return true
  }

  /// A binary heap.
  private struct Heap {
    var items: [Item]
    let precedes: (Item, Item) -> Bool

    /// - Parameter items: in order already.
    init(_ items: [Item], by precedes: @escaping (Item, Item) -> Bool) {
      self.items = items
      self.precedes = precedes
    }

    mutating func insert(_ item: Item) {
      items.append(item)
      var index = items.count - 1
      while index > 0, precedes(items[index], items[(index - 1) / 2]) {
        items.swapAt(index, (index - 1) / 2)
        index = (index - 1) / 2
      }
    }

    mutating func popFirst() -> Item? {
      guard let first = items.first else { return nil }
      let last = items.removeLast()
      guard !items.isEmpty else { return first }
      items[0] = last
      var index = 0
      while true {
        var least = index
        for child in [2 * index + 1, 2 * index + 2] where child < items.count && precedes(items[child], items[least]) {
          least = child
        }
        if least == index { return first }
        items.swapAt(index, least)
        index = least
      }
    }
  }
}
