public import DrillModel

/// Judges a topology by itself, and what the nodes of a cluster say of it against each other.
public enum TopologyCheck {
  /// What two shards, or none, own, and moves that cannot be.
  ///
  /// A topology that maps no slots claims nothing about them, and so nothing is found.
  public static func findings(_ topology: Topology) -> [Finding] {
    guard topology.mapsSlots else { return [] }
    return ownership(topology) + moves(topology)
  }

  /// The same of the owners' own statements, and where nodes disagree: a move that only one side marks, a node that lags.
  ///
  /// What nodes say takes a moment to spread. So two looks are held against each other, and only what is wrong in both is found.
  ///
  /// - Parameters:
  ///   - first: the earlier look.
  ///   - second: the later one, some gossip later; the same look twice judges that one alone.
  public static func findings(_ first: ClusterView, then second: ClusterView) -> [Finding] {
    let (early, late) = (first.topology, second.topology)
    return ownership(late, standing: early) + moves(late, standing: early) + oneSided(second, standing: first)
      + lagging(second, since: first)
  }

  // MARK: Ownership

  private static func ownership(_ topology: Topology, standing earlier: Topology? = nil) -> [Finding] {
    let owners = topology.ownersBySlot
    let before = earlier?.ownersBySlot ?? owners
    var unowned = SlotSet()
    var contested: [[String]: SlotSet] = [:]
    for index in 0..<Slot.count where owners[index].count != 1 && owners[index] == before[index] {
      if owners[index].isEmpty {
        unowned.insert(Slot(index))
      } else {
        contested[owners[index], default: SlotSet()].insert(Slot(index))
      }
    }
    var findings: [Finding] = []
    if !unowned.isEmpty {
      findings.append(
        Finding(
          .slotUnowned, stage: .compare, subject: Finding.Subject(slot: unowned.slots.first),
          expected: "every slot in one shard", observed: "\(Wording.count(unowned.count, "slot")) in none: \(unowned)"))
    }
    for (names, slots) in contested.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      findings.append(
        Finding(
          .slotContested, stage: .compare, subject: Finding.Subject(shard: names.first, slot: slots.slots.first),
          expected: "every slot in one shard",
          observed: "\(Wording.count(slots.count, "slot")) in \(names.joined(separator: " and ")): \(slots)"))
    }
    return findings
  }

  // MARK: Moves

  /// A move starts at the owner and leads to another shard, and a slot has one move.
  private static func moves(_ topology: Topology, standing earlier: Topology? = nil) -> [Finding] {
    let stood = earlier.map { Set($0.moves) } ?? Set(topology.moves)
    let moves = topology.moves.filter(stood.contains)
    let impossible = moves.filter { move in
      move.source == move.target || topology.shard(named: move.source)?.slots.contains(move.slot) != true
        || topology.shard(named: move.target) == nil
        // The mark of one side that is left over when the other has taken the slot is told by that.
        || topology.shard(named: move.target)?.slots.contains(move.slot) == true
    }
    var findings = TopologyDiff.Moving.grouped(impossible).map { moving in
      finding(
        moving, expected: "moves that start at the shard that owns the slot, and lead to another",
        observed: "\(described(moving)), but that is not who owns them")
    }
    let twice = Dictionary(grouping: moves, by: \.slot).filter { Set($0.value).count > 1 }
    if !twice.isEmpty {
      let slots = SlotSet(twice.keys)
      findings.append(
        Finding(
          .moveOneSided, stage: .compare, subject: Finding.Subject(slot: slots.slots.first),
          expected: "one move of a slot", observed: "\(Wording.count(slots.count, "slot")) with two: \(slots)"))
    }
    return findings
  }

  /// A move that its source or its target does not mark, though it was asked.
  private static func oneSided(_ view: ClusterView, standing earlier: ClusterView) -> [Finding] {
    let late = OneSidedMarks(view)
    let early = OneSidedMarks(earlier)
    return [
      (
        late.withoutTarget.intersection(early.withoutTarget),
        "the source marks it as migrating, the target does not mark it"
      ),
      (
        late.withoutSource.intersection(early.withoutSource),
        "the target marks it as importing, the source does not mark it"
      ),
    ].flatMap { moves, observed in
      TopologyDiff.Moving.grouped(moves).map { moving in
        finding(moving, expected: "marks on both sides", observed: "\(described(moving)): \(observed)")
      }
    }
  }

  /// The marks of a look that the other side does not have.
  private struct OneSidedMarks {
    var withoutTarget: Set<Topology.Move> = []
    var withoutSource: Set<Topology.Move> = []

    init(_ view: ClusterView) {
      let marks = Dictionary(view.asked.map { ($0.node, Set($0.marks)) }, uniquingKeysWith: { $0.union($1) })
      for node in view.asked where node.isMaster {
        for mark in node.marks {
          // The side that could not be asked is no witness against a mark.
          if mark.source == node.node, let target = marks[mark.target], !target.contains(mark) {
            withoutTarget.insert(mark)
          } else if mark.target == node.node, let source = marks[mark.source], !source.contains(mark) {
            withoutSource.insert(mark)
          }
        }
      }
    }
  }

  private static func finding(
    _ moving: TopologyDiff.Moving, expected: String, observed: String
  ) -> Finding {
    Finding(
      .moveOneSided, stage: .compare,
      subject: Finding.Subject(shard: moving.source, slot: moving.slots.slots.first), expected: expected,
      observed: observed)
  }

  private static func described(_ moving: TopologyDiff.Moving) -> String {
    "slots \(moving.slots) from \(moving.source) to \(moving.target)"
  }

  // MARK: Nodes that lag

  /// What a node still does not know in the later look, though its owner said it in the earlier one.
  private static func lagging(_ late: ClusterView, since early: ClusterView) -> [Finding] {
    let said = Dictionary(
      early.asked.compactMap { $0.own.map { ($0.master, $0) } }, uniquingKeysWith: { first, _ in first })
    let now = Dictionary(
      late.asked.compactMap { $0.own.map { ($0.master, $0) } }, uniquingKeysWith: { first, _ in first })
    let epoch = early.asked.map(\.currentEpoch).max() ?? 0
    return late.asked.flatMap { node -> [Finding] in
      var findings: [Finding] = []
      func lags(_ expected: String, _ observed: String) {
        findings.append(
          Finding(
            .viewStale, stage: .compare, subject: Finding.Subject(shard: node.node), expected: expected,
            observed: "\(node.endpoint): \(observed)"))
      }
      if node.currentEpoch < epoch { lags("epoch \(epoch)", "it knows of epoch \(node.currentEpoch) only") }
      let believed = Dictionary(node.claims.map { ($0.master, $0) }, uniquingKeysWith: { first, _ in first })
      for (master, earlier) in said.sorted(by: { $0.key < $1.key }) {
        guard let current = now[master], master != node.node else { continue }
        // Slots that it owned all the while.
        let steady = earlier.slots.intersection(current.slots)
        let unknown = steady.subtracting(believed[master]?.slots ?? SlotSet())
        let belief = believed[master]?.configEpoch ?? 0
        if belief < earlier.configEpoch, !steady.isEmpty {
          lags(
            "config epoch \(earlier.configEpoch) of \(master)",
            believed[master] == nil ? "it does not know this master" : "it believes \(belief)")
        } else if !unknown.isEmpty {
          lags("slots \(unknown) in \(master)", "it believes that \(master) does not own them")
        }
      }
      return findings
    }
  }
}
