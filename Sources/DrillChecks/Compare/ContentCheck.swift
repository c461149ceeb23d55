public import DrillModel

/// Judges whether what was restored is what the reference holds.
public struct ContentCheck: Sendable {
  public var backup: String
  /// What the other side is: `captured`, `backup <id>`.
  public var reference: String
  public var independentReaders: Int
  /// What is held against the reference: `sandbox`, `artifacts`.
  public var observer = "sandbox"

  public init(backup: String, reference: String, independentReaders: Int) {
    self.backup = backup
    self.reference = reference
    self.independentReaders = independentReaders
  }

  /// Holds the numbers of records per slot, as live servers counted them at the cut, against those restored.
  ///
  /// A slot is compared shard by shard; one that is moving and was counted on both sides by the sum, since its
  /// records may lie on either.
  ///
  /// - Parameters:
  ///   - restored: what each restored shard holds. Slots of shards that are absent here count as skipped for
  ///     `unrestored`.
  ///   - slots: the slots that the backup declares: its scope.
  ///   - doubles: records of a slot that lie on both sides and count once, for ``PlacementCheck/doubledPerSlot``. Where the
  ///     servers held them twice as well, they counted them twice.
  public func checkCounts(
    _ counts: SlotCounts, restored: [String: Fingerprint], topology: Topology, slots: SlotSet,
    unrestored: SkipReason = .notSampled, doubles: [Slot: UInt64] = [:]
  ) throws -> Judgement {
    var judgement = Judgement()
    let held = restored.mapValues(\.countsPerSlot)
    let counted = counts.shards.mapValues { ContentCheck.bySlot($0) }
    let moves = Dictionary(topology.moves.map { ($0.slot, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [Finding] = []
    var examined: UInt64 = 0
    var skipped: [SkipReason: UInt64] = [:]
    for slot in slots.slots {
      let shards = counted.keys.filter { counted[$0]?[slot] != nil }.sorted()
      guard !shards.isEmpty else {
        skipped[.notReferenced, default: 0] += 1
        continue
      }
      guard shards.allSatisfy({ held[$0] != nil }) else {
        skipped[unrestored, default: 0] += 1
        continue
      }
      examined += 1
      let isShared = moves[slot].map { shards.contains($0.source) && shards.contains($0.target) } ?? false
      let groups = isShared ? [shards] : shards.map { [$0] }
      for group in groups {
        let expected = group.reduce(0) { $0 &+ (counted[$1]?[slot] ?? 0) }
        let observed = group.reduce(0) { $0 &+ (held[$1]?[slot] ?? 0) }
        guard expected != observed else { continue }
        let united = observed - min(observed, isShared ? doubles[slot] ?? 0 : 0)
        guard expected != united else { continue }
        if isShared, united < expected {
          found.append(lost(expected - united, of: expected, slot, moves[slot]))
          continue
        }
        found.append(
          Finding(
            .countDiffers, stage: .compare,
            subject: Finding.Subject(backup: backup, shard: group.count == 1 ? group[0] : nil, slot: slot),
            expected: Wording.count(expected, "record"), observed: Wording.count(observed, "record")))
      }
    }
    judgement.addLimited(found)
    judgement.coverage.append(
      Run.StageCoverage(
        .compare, of: "counts, \(reference)",
        try Coverage(.slots, declared: UInt64(slots.count), examined: examined, skipped: skipped)))
    if examined > 0 { judgement.comparisons.append(comparison(isEqual: found.isEmpty)) }
    return judgement
  }

  /// Records of a slot in flight that the live servers counted on one side or the other, and that lie on neither.
  private func lost(_ count: UInt64, of expected: UInt64, _ slot: Slot, _ move: Topology.Move?) -> Finding {
    let sides = move.map { "\(Excerpt.of(shard: $0.source)) → \(Excerpt.of(shard: $0.target))" } ?? ""
    return Finding(
      .recordLost, stage: .compare, subject: Finding.Subject(backup: backup, slot: slot),
      expected: "\(Wording.count(expected, "record")) on the two sides of the move \(sides)",
      observed: "\(Wording.count(count, "record")) on no side")
  }

  /// Holds the numbers of records per namespace, as live servers without counts per slot gave them at the cut, against those restored.
  ///
  /// - Parameter restored: what each restored shard holds; shards that are absent here count as skipped for `unrestored`.
  public func checkNamespaces(
    _ counts: [String: [String: UInt64]], restored: [String: Fingerprint], unrestored: SkipReason = .notSampled
  ) throws -> Judgement {
    var judgement = Judgement()
    var found: [Finding] = []
    var examined: UInt64 = 0
    var skipped: UInt64 = 0
    for (shard, expected) in counts.sorted(by: { $0.key < $1.key }) {
      guard let held = restored[shard]?.cells.mapValues({ $0.values.reduce(0) { $0 &+ $1.count } }) else {
        skipped += expected.values.reduce(0, +)
        continue
      }
      examined += expected.values.reduce(0, +)
      for namespace in Set(expected.keys).union(held.keys).sorted() {
        let (expected, observed) = (expected[namespace] ?? 0, held[namespace] ?? 0)
        guard expected != observed else { continue }
        found.append(
          Finding(
            .countDiffers, stage: .compare,
            subject: Finding.Subject(backup: backup, shard: shard, namespace: namespace),
            expected: Wording.count(expected, "record"), observed: Wording.count(observed, "record")))
      }
    }
    judgement.addLimited(found)
    judgement.coverage.append(
      Run.StageCoverage(
        .compare, of: "counts per database, \(reference)",
        try Coverage(.records, declared: examined + skipped, examined: examined, skipped: [unrestored: skipped])))
    if counts.keys.contains(where: { restored[$0] != nil }) {
      judgement.comparisons.append(comparison(isEqual: found.isEmpty))
    }
    return judgement
  }

  /// Holds the reference's fingerprint against the restored one.
  ///
  /// - Parameters:
  ///   - restored: the sum over the shards that were restored.
  ///   - slots: the slots that both sides speak about; records elsewhere count as not referenced.
  ///   - keys: the keys of differing slots (left: reference, right: restored); nil where they were not looked up.
  public func checkFingerprint(
    _ expected: Fingerprint, restored: Fingerprint, slots: SlotSet = .all, keys: KeyDiff? = nil
  ) throws -> Judgement {
    var judgement = Judgement()
    var left = expected.restricted(to: slots)
    let right = restored.restricted(to: slots)
    // Shards that were not restored may hold libraries that the others do not.
    if slots.count < Slot.count { left.libraries = left.libraries.filter { right.libraries[$0.key] != nil } }
    let found = CellFindings(
      code: .contentDiffers, stage: .compare, subject: Finding.Subject(backup: backup)
    ).findings(SlotDiff(left, right), keys: keys)
    judgement.addLimited(found)
    let declared = restored.recordCount
    let examined = right.recordCount
    judgement.coverage.append(
      Run.StageCoverage(
        .compare, of: "content, \(reference)",
        try Coverage(.records, declared: declared, examined: examined, skipped: [.notReferenced: declared &- examined]))
    )
    judgement.comparisons.append(comparison(isEqual: found.isEmpty))
    return judgement
  }

  private func comparison(isEqual: Bool) -> Run.Comparison {
    Run.Comparison(
      .compare, left: observer, right: reference, independentReaders: independentReaders, isEqual: isEqual)
  }

  private static func bySlot(_ counts: [String: UInt64]) -> [Slot: UInt64] {
    var slots: [Slot: UInt64] = [:]
    for (name, count) in counts {
      if let number = UInt16(name), number < Slot.count { slots[Slot(rawValue: number)] = count }
    }
    return slots
  }
}
