/// A store that can name some of its keys without reading their values: where a cut is held too briefly to look for them.
public protocol KeySampling: Store {
  /// The keys with the smallest seeded hashes, at most `size` of each kind, among those that a bounded scan saw.
  func sampleKeys(seed: UInt64, size: Int) async throws -> SampledKeys
}

/// Sampled keys, and how many they were drawn from.
public struct SampledKeys: Hashable, Sendable {
  public var keys: WorkloadKeys
  public var seen: UInt64

  public init(keys: WorkloadKeys, seen: UInt64) {
    self.keys = keys
    self.seen = seen
  }
}
