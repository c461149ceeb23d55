/// Keys that a store holds, bounded in number: what a workload's operations are about.
///
/// Meant to be a bottom-k sample (the keys with the k smallest values of a seeded hash), which is the same from any
/// side, order or sharding. Entries stand in one canonical order, whoever collected them, so that the operations made
/// of them are the same too.
public struct WorkloadKeys: Hashable, Sendable {
  /// Ascending by kind, namespace, key; no two alike.
  public let entries: [Entry]

  /// - Parameter entries: in any order; an entry given twice counts once.
  public init(_ entries: some Sequence<Entry>) {
    let sorted = entries.sorted()
    self.entries = sorted.indices.filter { $0 == 0 || sorted[$0] != sorted[$0 - 1] }.map { sorted[$0] }
  }

  public struct Entry: Hashable, Comparable, Sendable {
    public var kind: RecordKind
    /// `db0` for Redis' database 0, a table's name for SQLite.
    public var namespace: String
    public var key: [UInt8]
    public var slot: Slot

    public init(kind: RecordKind, namespace: String, key: [UInt8], slot: Slot) {
      self.kind = kind
      self.namespace = namespace
      self.key = key
      self.slot = slot
    }

    public static func < (a: Entry, b: Entry) -> Bool {
      if a.kind != b.kind { return a.kind.rawValue < b.kind.rawValue }
      if a.namespace != b.namespace { return a.namespace.utf8.lexicographicallyPrecedes(b.namespace.utf8) }
      if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
      return a.slot < b.slot
    }
  }
}
