/// A run of records of one namespace in their canonical form, in one block of bytes: what engines hand to whoever folds records.
///
/// A record is one or more *pieces*. Nearly all are one piece; a large one is cut into several, in order, in one batch or over several, so that
/// memory stays bounded whatever a record's size. The concatenation of a record's bodies over its pieces is its **ordered part**:
///
/// | kind         | ordered part (atoms)                                                              | elements (atoms each)                                   |
/// |--------------|-----------------------------------------------------------------------------------|---------------------------------------------------------|
/// | string       | blob                                                                              | –                                                       |
/// | list         | a blob per element, in list order                                                 | –                                                       |
/// | set          | –                                                                                 | member as blob                                          |
/// | hash         | –                                                                                 | field as blob, value as blob; where the field expires by itself, integer milliseconds since 1970 |
/// | sorted set   | –                                                                                 | member as blob, score as real, −0 as 0                  |
/// | stream       | per entry in id order: integer ms, integer seq, integer n, n × (field blob, value blob); then null, integer ms and integer seq of the last id | group: blob name, integer ms and integer seq last delivered · consumer: null, blob group, blob consumer · pending: null, null, blob group, integer ms, integer seq, blob consumer, integer delivery time (ms), integer delivery count |
/// | module       | blob type name, integer encoding version, then an atom per saved value: integer, real or blob | –                                                     |
/// | library      | blob code or definition                                                                         | –                                                       |
/// | row          | an atom per column, in the table's order                                          | –                                                       |
///
/// **Left out, and why**: encodings and the order of unordered collections (the same content, differently stored); idle times, frequencies and consumers' seen
/// times (access statistics, which reading changes); a stream's entries-added, maximal deleted id and groups' entries-read (older formats do not
/// carry them, so their absence is not a difference). A string that a store keeps as an integer is its decimal text. A score of −0 is 0, since a Redis server
/// that loads a sorted set keeps the sign of a zero or loses it, as its settings for encodings have it.
///
/// A library's namespace and slot say nothing: it belongs to the store. It is handed on where all records are selected. Redis' are its functions; a
/// database's are what it declares (tables, indexes, views, triggers), and the SQLite engine's `DatabaseSchema` says what of a database is left out, and why.
public struct RecordBatch: Sendable {
  /// The records' namespace: `db0` for Redis' database 0, a table's name for SQLite.
  public var namespace: String
  /// Keys, bodies and elements; pieces point into it.
  public var bytes: [UInt8] = []
  public var pieces: [Piece] = []
  /// The elements of all pieces, each piece's contiguous.
  public var elements: [Element] = []

  public init(namespace: String) { self.namespace = namespace }

  /// No expiry. The smallest value, which no server can hold as a time.
  public static let noExpiry = Int64.min

  public struct Piece: Sendable {
    /// Where the key is in ``RecordBatch/bytes``; present in every piece of a record.
    public var keyOffset: UInt32
    public var keyCount: UInt32
    public var bodyOffset: UInt32
    public var bodyCount: UInt32
    /// Where this piece's elements start in ``RecordBatch/elements``.
    public var elementIndex: UInt32
    public var elementCount: UInt32
    /// Milliseconds since 1970, or ``RecordBatch/noExpiry``; the same in every piece of a record.
    public var expiry: Int64
    public var slot: Slot
    public var kind: RecordKind
    /// Whether this is the record's first piece, and its last.
    public var begins: Bool
    public var ends: Bool

    public init(
      keyOffset: UInt32, keyCount: UInt32, bodyOffset: UInt32, bodyCount: UInt32, elementIndex: UInt32,
      elementCount: UInt32,
      expiry: Int64, slot: Slot, kind: RecordKind, begins: Bool, ends: Bool
    ) {
      self.keyOffset = keyOffset
      self.keyCount = keyCount
      self.bodyOffset = bodyOffset
      self.bodyCount = bodyCount
      self.elementIndex = elementIndex
      self.elementCount = elementCount
      self.expiry = expiry
      self.slot = slot
      self.kind = kind
      self.begins = begins
      self.ends = ends
    }
  }

  public struct Element: Sendable {
    public var offset: UInt32
    public var count: UInt32
    /// Whether the record's next element (perhaps in its next piece) carries this one on: an element larger than a batch.
    public var isOpen: Bool

    public init(offset: UInt32, count: UInt32, isOpen: Bool = false) {
      self.offset = offset
      self.count = count
      self.isOpen = isOpen
    }
  }

  /// Appends a whole record that is small enough to be one piece; the convenient way, for engines where speed is elsewhere.
  public mutating func append(
    key: some Collection<UInt8>, slot: Slot, kind: RecordKind, expiry: Int64 = noExpiry,
    body: some Collection<UInt8> = [],
    elements: [[UInt8]] = []
  ) {
    let keyOffset = UInt32(bytes.count)
    bytes.append(contentsOf: key)
    let bodyOffset = UInt32(bytes.count)
    bytes.append(contentsOf: body)
    let elementIndex = UInt32(self.elements.count)
    for element in elements {
      self.elements.append(Element(offset: UInt32(bytes.count), count: UInt32(element.count)))
      bytes.append(contentsOf: element)
    }
    pieces.append(
      Piece(
        keyOffset: keyOffset, keyCount: UInt32(key.count), bodyOffset: bodyOffset, bodyCount: UInt32(body.count),
        elementIndex: elementIndex, elementCount: UInt32(elements.count), expiry: expiry, slot: slot, kind: kind,
        begins: true, ends: true))
  }
}

/// Takes batches as they are read. Called synchronously, in order, from one task at a time; throwing ends the reading with that error.
public typealias RecordHandler = (RecordBatch) throws -> Void
