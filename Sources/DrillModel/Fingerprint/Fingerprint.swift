/// The content of a store as counts and sums per namespace and slot, independent of order, encoding and sharding.
///
/// Fingerprints add: those of two shards sum to the cluster's. Sound against faults, not against someone who may choose the records (sums of hashes
/// can be attacked by generalised birthday); tampering is the signatures' business.
public struct Fingerprint: Hashable, Sendable, Codable {
  public struct Cell: Hashable, Sendable, Codable {
    /// Records in the cell.
    public var count: UInt64
    /// Sum over records of the digest of key, kind, value and *whether* an expiry exists.
    public var content: Sum256
    /// Sum over records with an expiry of the digest of key and expiry. Apart from the content since `MIGRATE` shifts expiries by milliseconds.
    public var expiry: Sum256

    @inlinable
    public init(count: UInt64 = 0, content: Sum256 = Sum256(), expiry: Sum256 = Sum256()) {
      self.count = count
      self.content = content
      self.expiry = expiry
    }

    public var isZero: Bool { self == Cell() }

    @inlinable
    public static func += (a: inout Cell, b: Cell) {
      a.count &+= b.count
      a.content += b.content
      a.expiry += b.expiry
    }

    public static func -= (a: inout Cell, b: Cell) {
      a.count &-= b.count
      a.content -= b.content
      a.expiry -= b.expiry
    }
  }

  /// Cells by namespace and slot; sparse, no cell is zero.
  public private(set) var cells: [String: [Slot: Cell]] = [:]
  /// Digests of the code libraries held, by name. Every shard holds its own copy of a library, so these are a union and not a sum;
  /// two digests under one name say that shards disagree.
  public var libraries: [String: Set<Digest>] = [:]

  public init() {}

  public mutating func add(_ cell: Cell, namespace: String, slot: Slot) {
    cells[namespace, default: [:]][slot, default: Cell()] += cell
    tidy(namespace, slot)
  }

  public mutating func subtract(_ cell: Cell, namespace: String, slot: Slot) {
    cells[namespace, default: [:]][slot, default: Cell()] -= cell
    tidy(namespace, slot)
  }

  private mutating func tidy(_ namespace: String, _ slot: Slot) {
    if cells[namespace]?[slot]?.isZero == true { cells[namespace]?[slot] = nil }
    if cells[namespace]?.isEmpty == true { cells[namespace] = nil }
  }

  public static func += (a: inout Fingerprint, b: Fingerprint) {
    for (namespace, slots) in b.cells { for (slot, cell) in slots { a.add(cell, namespace: namespace, slot: slot) } }
    a.libraries.merge(b.libraries) { $0.union($1) }
  }

  /// Records in all cells.
  public var recordCount: UInt64 { cells.values.reduce(0) { $0 &+ $1.values.reduce(0) { $0 &+ $1.count } } }

  /// Records per slot, over all namespaces; slots without records are absent.
  public var countsPerSlot: [Slot: UInt64] {
    cells.values.reduce(into: [:]) { counts, slots in
      for (slot, cell) in slots { counts[slot, default: 0] &+= cell.count }
    }
  }

  /// The part of this fingerprint that lies in `slots`. Libraries stay: they have no slot.
  public func restricted(to slots: SlotSet) -> Fingerprint {
    var part = Fingerprint()
    part.libraries = libraries
    for (namespace, own) in cells {
      let kept = own.filter { slots.contains($0.key) }
      if !kept.isEmpty { part.cells[namespace] = kept }
    }
    return part
  }

  private enum CodingKeys: String, CodingKey { case cells, libraries }

  /// Stored as namespace → slot number → cell; written with sorted keys the form is canonical.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    libraries = try container.decode([String: Set<Digest>].self, forKey: .libraries)
    for (namespace, slots) in try container.decode([String: [String: Cell]].self, forKey: .cells) {
      for (name, cell) in slots {
        guard let number = UInt16(name), number < Slot.count else {
          throw DecodingError.dataCorruptedError(
            forKey: .cells, in: container, debugDescription: "no such slot: \(name)")
        }
        add(cell, namespace: namespace, slot: Slot(rawValue: number))
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(libraries.mapValues { $0.sorted() }, forKey: .libraries)
    try container.encode(
      cells.mapValues { Dictionary(uniqueKeysWithValues: $0.map { (String($0.key.rawValue), $0.value) }) },
      forKey: .cells)
  }
}
