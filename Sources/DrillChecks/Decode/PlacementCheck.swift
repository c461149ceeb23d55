internal import DrillCrypto
public import DrillModel

/// Classifies records that lie in more than one shard: on both sides of a move in flight, or in a shard with no claim and in
/// another as well.
///
/// `MIGRATE` copies a key and then deletes it while its server does nothing else, so that a server paused between two commands
/// holds no key twice: in a coherent cut a double is what an interrupted `MIGRATE` left, and in any other also what was
/// copied between two snapshots. After a restore neither the servers nor a client can tell which copy is true. So it is a
/// finding in either case, and the finding says whether the copies agree.
///
/// Source: redis 7.0 src/cluster.c, `migrateCommand`; Redis documentation, "MIGRATE": after an I/O error "the key may be on
/// both instances".
///
/// Takes keys slot by slot, in the chunks of ``contested(_:cap:)``: what it keeps are counts and a few samples.
public struct PlacementCheck: Sendable {
  private let backup: String
  private let topology: Topology
  private let stage: Stage
  private let hash: SipHash
  private var doubles: [Pair: Group] = [:]
  /// Copies of records of shards without a claim, by that shard.
  public private(set) var strays: [String: StrayCopies] = [:]
  /// Records that count once and were found twice, by slot.
  public private(set) var doubledPerSlot: [Slot: UInt64] = [:]

  /// How many misplaced records of a shard lie in another shard as well.
  public struct StrayCopies: Hashable, Sendable {
    public var equal: UInt64
    public var different: UInt64

    public init(equal: UInt64 = 0, different: UInt64 = 0) {
      self.equal = equal
      self.different = different
    }
  }

  private struct Pair: Hashable {
    let source: String
    let target: String
    let isEqual: Bool
  }

  private struct Group {
    var count: UInt64 = 0
    var slots = SlotSet()
    var samples: [(hash: UInt64, key: KeyDigests.Key, slot: Slot)] = []
  }

  /// Findings that name a key for each pair of shards.
  static let sampleSize = 3

  /// - Parameters:
  ///   - stage: `decode` for artifacts, `fingerprint` for what was read back from servers.
  ///   - seed: chooses the samples.
  public init(backup: String, topology: Topology, stage: Stage, seed: UInt64) {
    self.backup = backup
    self.topology = topology
    self.stage = stage
    hash = SipHash(seed: seed)
  }

  /// The slots of which more than one shard holds records, in chunks of bounded size: the only ones whose keys have to be
  /// looked at. None where slots say nothing of shards.
  ///
  /// - Parameter held: what each shard holds.
  public static func contested(
    _ held: [String: Fingerprint], in topology: Topology, cap: UInt64 = SlotDiff.chunkCap
  ) -> [SlotSet] {
    guard topology.mapsSlots else { return [] }
    var sizes: [Slot: UInt64] = [:]
    var taken = SlotSet()
    var shared = SlotSet()
    for counts in held.values.map(\.countsPerSlot) {
      for (slot, count) in counts where count > 0 {
        if taken.contains(slot) { shared.insert(slot) }
        taken.insert(slot)
        sizes[slot, default: 0] += count
      }
    }
    return SlotDiff.chunks(of: sizes.filter { shared.contains($0.key) }, cap: cap)
  }

  /// Takes the keys of a chunk, by the shard that holds them.
  public mutating func add(_ keys: [String: KeyDigests]) {
    var holders: [KeyDigests.Key: [(shard: String, entry: KeyDigests.Entry)]] = [:]
    for (shard, digests) in keys.sorted(by: { $0.key < $1.key }) {
      for (key, entry) in digests.entries { holders[key, default: []].append((shard, entry)) }
    }
    let allowed = Dictionary(uniqueKeysWithValues: keys.keys.map { ($0, topology.slotsAllowed(in: $0)) })
    for (key, copies) in holders where copies.count > 1 { add(key, copies, allowed) }
  }

  private mutating func add(
    _ key: KeyDigests.Key, _ copies: [(shard: String, entry: KeyDigests.Entry)], _ allowed: [String: SlotSet]
  ) {
    let slot = copies[0].entry.slot
    // The owner's copy first: it is the one that counts.
    let owner = topology.owner(of: slot)?.name
    let claimed = copies.filter { allowed[$0.shard]?.contains(slot) == true }
      .sorted { ($0.shard == owner ? 0 : 1, $0.shard) < ($1.shard == owner ? 0 : 1, $1.shard) }
    let first = claimed.first ?? copies[0]
    for copy in claimed.dropFirst() {
      let pair = Pair(source: first.shard, target: copy.shard, isEqual: PlacementCheck.agree(first.entry, copy.entry))
      var group = doubles[pair] ?? Group()
      group.count += 1
      group.slots.insert(slot)
      group.samples.append((hash.hash(key.bytes), key, slot))
      if group.samples.count > 64 { group.samples = PlacementCheck.smallest(group.samples) }
      doubles[pair] = group
      doubledPerSlot[slot, default: 0] += 1
    }
    for stray in copies where stray.shard != first.shard && !claimed.contains(where: { $0.shard == stray.shard }) {
      if PlacementCheck.agree(first.entry, stray.entry) {
        strays[stray.shard, default: StrayCopies()].equal += 1
      } else {
        strays[stray.shard, default: StrayCopies()].different += 1
      }
    }
  }

  /// Expiries are left out: a move shifts them.
  private static func agree(_ a: KeyDigests.Entry, _ b: KeyDigests.Entry) -> Bool {
    a.kind == b.kind && a.content == b.content
  }

  private static func smallest(
    _ samples: [(hash: UInt64, key: KeyDigests.Key, slot: Slot)]
  ) -> [(hash: UInt64, key: KeyDigests.Key, slot: Slot)] {
    Array(samples.sorted { ($0.hash, $0.key) < ($1.hash, $1.key) }.prefix(sampleSize))
  }

  /// `record-double` for each pair of shards and each answer to whether their copies agree: a finding for each of a few
  /// sampled keys, which all say how many there are.
  public func findings() -> [Finding] {
    let groups = doubles.sorted {
      ($0.key.source, $0.key.target, $0.key.isEqual ? 1 : 0) < ($1.key.source, $1.key.target, $1.key.isEqual ? 1 : 0)
    }
    return groups.flatMap { pair, group in
      PlacementCheck.smallest(group.samples).map { sample in
        Finding(
          .recordDouble, stage: stage,
          subject: Finding.Subject(
            backup: backup, shard: pair.target, namespace: sample.key.namespace, slot: sample.slot,
            key: .clear(sample.key.bytes)),
          expected:
            "each record on one side of the move \(Excerpt.of(shard: pair.source)) → \(Excerpt.of(shard: pair.target))",
          observed:
            "\(Wording.count(group.count, "record")) of \(Wording.count(group.slots.count, "slot")) (\(Excerpt.of(group.slots))) on both, with \(pair.isEqual ? "the same" : "different") content"
        )
      }
    }
  }

  /// Records found on both sides, and how many of them with different content.
  public var doubled: (count: UInt64, different: UInt64) {
    doubles.reduce((0, 0)) { ($0.0 + $1.value.count, $0.1 + ($1.key.isEqual ? 0 : $1.value.count)) }
  }
}
