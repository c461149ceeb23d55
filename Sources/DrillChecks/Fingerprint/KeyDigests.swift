public import DrillModel

/// The records of some slots, key by key: what differing cells are looked into with. Libraries have no slot and are
/// left out.
///
/// Holds about 200 bytes a record and its key: feed it the chunks of ``SlotDiff/chunks(cap:)``, one after another.
public struct KeyDigests: Sendable {
  public struct Key: Hashable, Sendable, Comparable {
    public var namespace: String
    public var bytes: [UInt8]
    public init(namespace: String, bytes: [UInt8]) {
      self.namespace = namespace
      self.bytes = bytes
    }
    public static func < (a: Key, b: Key) -> Bool {
      a.namespace == b.namespace ? a.bytes.lexicographicallyPrecedes(b.bytes) : a.namespace < b.namespace
    }
  }

  public struct Entry: Hashable, Sendable {
    public var slot: Slot
    public var kind: RecordKind
    /// How often the key came: more than once where two shards hold it.
    public var copies: UInt32
    /// The sum over copies of the content digests.
    public var content: Sum256
    /// Milliseconds since 1970, or ``RecordBatch/noExpiry``; the earliest of the copies.
    public var expiry: Int64
  }

  public private(set) var entries: [Key: Entry] = [:]
  private let slots: SlotSet
  private var digester = RecordDigester()

  public init(slots: SlotSet = .all) { self.slots = slots }

  /// A ``RecordHandler`` in shape. Records of other slots are passed over.
  public mutating func consume(_ batch: RecordBatch) {
    KeyDigests.collect(batch, slots, &digester, &entries)
  }

  private static func collect(
    _ batch: RecordBatch, _ slots: SlotSet, _ digester: inout RecordDigester, _ entries: inout [Key: Entry]
  ) {
    digester.digest(batch) { record in
      guard slots.contains(record.slot), record.kind != .library else { return }
      let key = Key(namespace: batch.namespace, bytes: Array(batch.bytes[record.key]))
      if var known = entries[key] {
        known.copies += 1
        known.content += Sum256(record.content)
        known.expiry = min(known.expiry, record.expiry)
        entries[key] = known
      } else {
        entries[key] = Entry(
          slot: record.slot, kind: record.kind, copies: 1, content: Sum256(record.content), expiry: record.expiry)
      }
    }
  }
}
