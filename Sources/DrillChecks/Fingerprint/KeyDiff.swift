public import DrillModel

/// The keys at which two sides differ.
public struct KeyDiff: Sendable, Hashable {
  public struct Difference: Sendable, Hashable {
    /// Seen from the left (restored) to the right (reference): `added` is only on the right.
    public let kind: Drift.Kind
    public let namespace: String
    public let slot: Slot
    public let key: [UInt8]
    /// Expiry on the left and on the right, milliseconds since 1970; nil where that side has no record or no expiry.
    public let leftExpiry: Int64?
    public let rightExpiry: Int64?

    public init(
      kind: Drift.Kind, namespace: String, slot: Slot, key: [UInt8], leftExpiry: Int64? = nil, rightExpiry: Int64? = nil
    ) {
      self.kind = kind
      self.namespace = namespace
      self.slot = slot
      self.key = key
      self.leftExpiry = leftExpiry
      self.rightExpiry = rightExpiry
    }
  }

  /// By slot, namespace and key.
  public private(set) var differences: [Difference] = []

  public init() {}

  /// - Parameters:
  ///   - left: the restored side.
  ///   - right: the reference.
  public init(_ left: KeyDigests, _ right: KeyDigests) {
    for (key, entry) in left.entries {
      guard let other = right.entries[key] else {
        differences.append(KeyDiff.difference(.removed, key, entry.slot, entry, nil))
        continue
      }
      if entry.content != other.content || entry.copies != other.copies || entry.kind != other.kind {
        differences.append(KeyDiff.difference(.changed, key, entry.slot, entry, other))
      } else if entry.expiry != other.expiry {
        differences.append(KeyDiff.difference(.expiryMoved, key, entry.slot, entry, other))
      }
    }
    for (key, entry) in right.entries where left.entries[key] == nil {
      differences.append(KeyDiff.difference(.added, key, entry.slot, nil, entry))
    }
    differences.sort { ($0.slot, $0.namespace, KeyOrder($0.key)) < ($1.slot, $1.namespace, KeyOrder($1.key)) }
  }

  public init(differences: [Difference]) { self.differences = differences }

  /// Chunks of different slots add up.
  public static func += (a: inout KeyDiff, b: KeyDiff) { a.differences += b.differences }

  private static func difference(
    _ kind: Drift.Kind, _ key: KeyDigests.Key, _ slot: Slot, _ left: KeyDigests.Entry?, _ right: KeyDigests.Entry?
  ) -> Difference {
    func time(_ entry: KeyDigests.Entry?) -> Int64? {
      guard let entry, entry.expiry != RecordBatch.noExpiry else { return nil }
      return entry.expiry
    }
    return Difference(
      kind: kind, namespace: key.namespace, slot: slot, key: key.bytes, leftExpiry: time(left), rightExpiry: time(right)
    )
  }
}
