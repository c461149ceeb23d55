public import DrillModel

/// Where two fingerprints differ: cells name the slots to look into.
public struct SlotDiff: Sendable, Hashable {
  /// Cells that differ, by namespace, then slot.
  public let cells: [CellDifference]
  /// Names of the libraries that differ, in order.
  public let libraries: [String]
  /// Those of ``libraries`` that one side alone holds.
  public let librariesOnLeft: Set<String>
  public let librariesOnRight: Set<String>

  public struct CellDifference: Sendable, Hashable {
    public enum Part: String, Sendable {
      /// Different contents or numbers of records.
      case content
      /// Equal contents; only expiries differ.
      case expiry
    }
    public let namespace: String
    public let slot: Slot
    public let part: Part
    public let left: Fingerprint.Cell
    public let right: Fingerprint.Cell
  }

  public init(_ left: Fingerprint, _ right: Fingerprint) {
    var found: [CellDifference] = []
    for namespace in Set(left.cells.keys).union(right.cells.keys).sorted() {
      let mine = left.cells[namespace] ?? [:]
      let theirs = right.cells[namespace] ?? [:]
      for slot in Set(mine.keys).union(theirs.keys).sorted() {
        let a = mine[slot] ?? Fingerprint.Cell()
        let b = theirs[slot] ?? Fingerprint.Cell()
        guard a != b else { continue }
        let isContentEqual = a.count == b.count && a.content == b.content
        found.append(
          CellDifference(namespace: namespace, slot: slot, part: isContentEqual ? .expiry : .content, left: a, right: b)
        )
      }
    }
    cells = found
    libraries = Set(left.libraries.keys).union(right.libraries.keys).sorted().filter {
      left.libraries[$0] != right.libraries[$0] || (left.libraries[$0]?.count ?? 0) > 1
    }
    librariesOnLeft = Set(left.libraries.keys).subtracting(right.libraries.keys)
    librariesOnRight = Set(right.libraries.keys).subtracting(left.libraries.keys)
  }

  public var isEmpty: Bool { cells.isEmpty && libraries.isEmpty }

  /// Whether nothing but expiries differs.
  public var isExpiryOnly: Bool { libraries.isEmpty && !cells.isEmpty && cells.allSatisfy { $0.part == .expiry } }

  /// The slots to read again, down to the keys.
  public var slots: SlotSet { SlotSet(cells.map(\.slot)) }

  /// Records in the cells that are equal on both sides.
  public static func equalRecords(_ left: Fingerprint, _ right: Fingerprint) -> UInt64 {
    left.cells.reduce(0) { sum, entry in
      entry.value.reduce(sum) { $0 + (right.cells[entry.key]?[$1.key] == $1.value ? $1.value.count : 0) }
    }
  }

  /// The differing slots in chunks whose records, of both sides together, stay below `cap`, so that reading them
  /// again by ``KeyDigests`` is bounded in memory (about 200 bytes a record and its key). A single slot that holds
  /// more is a chunk of its own: slots are not divided.
  public func chunks(cap: UInt64 = SlotDiff.chunkCap) -> [SlotSet] {
    var sizes: [Slot: UInt64] = [:]
    for cell in cells { sizes[cell.slot, default: 0] += cell.left.count + cell.right.count }
    return SlotDiff.chunks(of: sizes, cap: cap)
  }

  /// Records whose keys are held in memory at one time.
  public static let chunkCap: UInt64 = 200_000

  /// - Parameter sizes: the records of each slot.
  static func chunks(of sizes: [Slot: UInt64], cap: UInt64) -> [SlotSet] {
    var chunks: [SlotSet] = []
    var chunk = SlotSet()
    var size: UInt64 = 0
    for slot in sizes.keys.sorted() {
      let more = sizes[slot] ?? 0
      if size > 0, size + more > cap {
        chunks.append(chunk)
        chunk = SlotSet()
        size = 0
      }
      chunk.insert(slot)
      size += more
    }
    if !chunk.isEmpty { chunks.append(chunk) }
    return chunks
  }
}
