/// What a backup lacks of an expected distribution of slots over shards: told from recorded facts alone, before anything is
/// read or restored.
public struct Readiness: Hashable, Sendable, Codable {
  /// Expected shards that own or receive slots, or hold whatever they hold, and of which there is no data artifact; sorted.
  public var missingShards: [String] = []
  /// Expected slots of which not every record lies in an artifact.
  public var missingSlots = SlotSet()
  /// Shards with an artifact that had other slots at the backup's epoch than are expected of them; sorted.
  public var otherSlots: [String] = []
  /// Slots that lie in another shard's artifact than is expected, or were in flight in one topology and not so in the other.
  public var movedSlots = SlotSet()
  /// The backup's epoch, and the expected one.
  public var epoch: UInt64
  public var expectedEpoch: UInt64

  /// - Parameters:
  ///   - expected: the distribution that is wanted: live, recorded or stated. Of epoch 0: no epoch is stated.
  ///   - topology: the backup's own.
  ///   - artifacts: the shards of which the backup has a data artifact.
  public init(expected: Topology, topology: Topology, artifacts: Set<String>) {
    epoch = topology.epoch
    expectedEpoch = expected.epoch
    guard expected.mapsSlots else {
      missingShards = expected.shards.map(\.name).filter { !artifacts.contains($0) }.sorted()
      return
    }
    missingSlots = expected.slots.subtracting(topology.slotsWhole(in: artifacts))
    for shard in expected.shards.map(\.name).sorted() {
      let wanted = expected.slotsAllowed(in: shard)
      if !artifacts.contains(shard) {
        if !wanted.isEmpty { missingShards.append(shard) }
      } else if topology.mapsSlots, topology.shard(named: shard)?.slots != expected.shard(named: shard)?.slots {
        otherSlots.append(shard)
      }
    }
    // A move that is just so in both is what is expected.
    let common = Set(topology.moves).intersection(expected.moves).map(\.slot)
    movedSlots = topology.slotsMoved(to: expected).subtracting(SlotSet(common))
  }

  /// Nothing is missing, and every slot lies where it is expected.
  public var isComplete: Bool { missingShards.isEmpty && missingSlots.isEmpty && isOfExpectedEpoch }

  /// Whether the backup's distribution is the expected one. An epoch that nobody stated is any.
  public var isOfExpectedEpoch: Bool {
    otherSlots.isEmpty && movedSlots.isEmpty && (expectedEpoch == 0 || epoch == expectedEpoch)
  }
}
