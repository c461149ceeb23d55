internal import DrillCrypto
public import DrillModel

/// A bottom-k sample of keys for each namespace and kind: the k smallest of SipHash-2-4(seed, key).
///
/// The same keys whatever the order, the sharding or the side that they are read from. A key that is seen twice is
/// sampled once.
public struct KeySample: Sendable {
  public let seed: UInt64
  public let size: Int
  private let hash: SipHash
  private var groups: [Group: Bottom] = [:]

  public struct Group: Hashable, Sendable, Comparable {
    public var namespace: String
    public var kind: RecordKind
    public init(namespace: String, kind: RecordKind) {
      self.namespace = namespace
      self.kind = kind
    }
    public static func < (a: Group, b: Group) -> Bool {
      (a.namespace, a.kind.rawValue) < (b.namespace, b.kind.rawValue)
    }
  }

  public struct Key: Hashable, Sendable {
    public var hash: UInt64
    public var slot: Slot
    public var bytes: [UInt8]
  }

  public init(seed: UInt64, size: Int) {
    self.seed = seed
    self.size = size
    hash = SipHash(seed: seed)
  }

  /// Namespaces and kinds with at least one key, in order.
  public var sampledGroups: [Group] { groups.keys.sorted() }

  /// At most ``size`` keys, ordered by their hash, which makes their order random and yet the same everywhere.
  public func keys(_ group: Group) -> [Key] {
    var bottom = groups[group] ?? Bottom()
    bottom.compact(to: size)
    return bottom.keys
  }

  mutating func insert(_ bytes: UnsafeRawBufferPointer, slot: Slot, group: Group) {
    insert(Key(hash: hash.hash(bytes), slot: slot, bytes: Array(bytes)), group)
  }

  public mutating func insert(_ key: [UInt8], slot: Slot, group: Group) {
    insert(Key(hash: hash.hash(key), slot: slot, bytes: key), group)
  }

  private mutating func insert(_ key: Key, _ group: Group) { groups[group, default: Bottom()].insert(key, size: size) }

  /// - Precondition: both are samples of the same seed and size.
  public mutating func formUnion(_ other: KeySample) {
    precondition(seed == other.seed && size == other.size, "samples of different seeds do not merge")
    for (group, bottom) in other.groups {
      for key in bottom.keys { groups[group, default: Bottom()].insert(key, size: size) }
    }
  }

  /// Takes what a fold collected for a group by itself.
  mutating func formUnion(_ bottom: Bottom, group: Group) {
    for key in bottom.keys { groups[group, default: Bottom()].insert(key, size: size) }
  }

  /// The keys of one group: up to twice the size, sorted and cut when full.
  struct Bottom: Sendable {
    private(set) var keys: [Key] = []
    /// A key whose hash is above this cannot belong to the sample.
    private(set) var threshold = UInt64.max

    @inline(__always)
    func mayTake(_ hash: UInt64) -> Bool { hash <= threshold }

    mutating func insert(_ key: Key, size: Int) {
      guard size > 0, mayTake(key.hash) else { return }
      keys.append(key)
      if keys.count >= size * 2 + 16 { compact(to: size) }
    }

    mutating func compact(to size: Int) {
      keys.sort { $0.hash == $1.hash ? $0.bytes.lexicographicallyPrecedes($1.bytes) : $0.hash < $1.hash }
      var kept: [Key] = []
      for key in keys where kept.count < size && kept.last != key { kept.append(key) }
      keys = kept
      if kept.count == size, let last = kept.last { threshold = last.hash }
    }
  }
}

extension KeySample: Equatable {
  public static func == (a: KeySample, b: KeySample) -> Bool {
    a.seed == b.seed && a.size == b.size && a.sampledGroups == b.sampledGroups
      && a.sampledGroups.allSatisfy { a.keys($0) == b.keys($0) }
  }
}
