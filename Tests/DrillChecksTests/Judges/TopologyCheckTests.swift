import DrillChecks
import DrillModel
import Testing

@Suite("Topologies are judged")
struct TopologyCheckTests {
  private static let clean = Topology(
    epoch: 7, shards: [.init(name: "a", slots: SlotSet(0...8191)), .init(name: "b", slots: SlotSet(8192...16383))],
    moves: [Topology.Move(slot: Slot(5), source: "a", target: "b")])

  @Test("a slot in two shards, and one in none, are told exactly")
  func ownership() {
    #expect(TopologyCheck.findings(Self.clean) == [])
    var twice = Self.clean
    twice.shards[1].slots.insert(Slot(100))
    twice.shards[1].slots.insert(Slot(101))
    let contested = TopologyCheck.findings(twice)
    #expect(contested.map(\.code) == [.slotContested])
    #expect(contested.map(\.subject) == [Finding.Subject(shard: "a", slot: Slot(100))])
    #expect(contested.map(\.observed) == ["2 slots in a and b: 100-101"])
    var none = Self.clean
    for slot in [0, 16383, 300] { none.shards[slot < 8192 ? 0 : 1].slots.remove(Slot(slot)) }
    let unowned = TopologyCheck.findings(none)
    #expect(unowned.map(\.code) == [.slotUnowned] && unowned[0].observed == "3 slots in none: 0,300,16383")
  }

  @Test("a move that does not start at the owner, leads nowhere, or stands twice is found")
  func moves() {
    func with(_ moves: Topology.Move...) -> [FindingCode] {
      var topology = Self.clean
      topology.moves = moves
      return TopologyCheck.findings(topology).map(\.code)
    }
    #expect(with(.init(slot: Slot(1), source: "a", target: "b")) == [])
    #expect(with(.init(slot: Slot(1), source: "b", target: "a")) == [.moveOneSided])
    #expect(with(.init(slot: Slot(1), source: "a", target: "c")) == [.moveOneSided])
    #expect(with(.init(slot: Slot(1), source: "a", target: "a")) == [.moveOneSided])
    var three = Self.clean
    three.shards.append(.init(name: "c", slots: SlotSet()))
    three.moves = ["b", "c"].map { Topology.Move(slot: Slot(1), source: "a", target: $0) }
    #expect(TopologyCheck.findings(three).map(\.code) == [.moveOneSided])
  }

  @Test("a topology that maps no slots claims nothing about them")
  func unmapped() {
    let files = ["a", "b"].map { Topology.Shard(name: $0, slots: .all) }
    #expect(TopologyCheck.findings(Topology(epoch: 0, shards: files, mapsSlots: false)) == [])
  }

  // MARK: Views

  private static let mark = Topology.Move(slot: Slot(5), source: "a", target: "b")

  /// Two masters and a replica that agree, with a slot under way.
  private static func view(_ change: (inout [String: NodeView]) -> Void = { _ in }) -> ClusterView {
    let claims = [
      NodeView.Claim(master: "a", configEpoch: 1, slots: SlotSet(0...8191)),
      NodeView.Claim(master: "b", configEpoch: 2, slots: SlotSet(8192...16383)),
    ]
    var nodes = [
      "a": NodeView(node: "a", endpoint: "1", isMaster: true, currentEpoch: 7, claims: claims, marks: [mark]),
      "b": NodeView(node: "b", endpoint: "2", isMaster: true, currentEpoch: 7, claims: claims, marks: [mark]),
      "r": NodeView(node: "r", endpoint: "3", currentEpoch: 7, claims: claims),
    ]
    change(&nodes)
    return ClusterView(nodes: Array(nodes.values))
  }

  private func codes(_ first: ClusterView, then second: ClusterView) -> [FindingCode] {
    TopologyCheck.findings(first, then: second).map(\.code)
  }

  @Test("nodes that agree make the topology that their owners state")
  func agreement() {
    #expect(Self.view().topology == Self.clean)
    #expect(codes(Self.view(), then: Self.view()) == [])
  }

  @Test("a mark on one side alone is found from either side, unless the other could not be asked")
  func oneSided() {
    let migrating = Self.view { $0["b"]?.marks = [] }
    let importing = Self.view { $0["a"]?.marks = [] }
    for (view, words) in [(migrating, "marks it as migrating"), (importing, "marks it as importing")] {
      let findings = TopologyCheck.findings(view, then: view)
      #expect(findings.map(\.code) == [.moveOneSided])
      #expect(findings[0].observed.contains("slots 5 from a to b") && findings[0].observed.contains(words))
      // What stands in one of two looks only was on its way.
      #expect(codes(view, then: Self.view()) == [] && codes(Self.view(), then: view) == [])
    }
    let silent = Self.view { $0["b"] = NodeView(node: "b", endpoint: "2", problem: "down") }
    #expect(codes(silent, then: silent) == [] && silent.silentOwners.map(\.node) == ["b"])
    #expect(silent.topology == Self.clean)
  }

  @Test("two masters that claim a slot, and a slot that none claims, are found from what they say of themselves")
  func contested() {
    let both = Self.view { $0["b"]?.claims[1].slots.insert(Slot(9)) }
    #expect(codes(both, then: both).contains(.slotContested))
    let gone = Self.view { $0["b"]?.claims[1].slots.remove(Slot(9000)) }
    #expect(codes(gone, then: gone).contains(.slotUnowned))
    #expect(codes(Self.view(), then: both).contains(.slotContested) == false)
  }

  @Test("a node that lags behind an epoch, a config epoch or an owner is found once it had time to hear of it")
  func lagging() {
    let later = Self.view { nodes in
      for name in nodes.keys {
        nodes[name]?.currentEpoch = 8
        nodes[name]?.claims[0].configEpoch = 8
      }
    }
    // It heard of it in between: the earlier look is no news.
    #expect(codes(Self.view(), then: later) == [])
    let stale = Self.view { nodes in
      for name in ["a", "b"] {
        nodes[name]?.currentEpoch = 8
        nodes[name]?.claims[0].configEpoch = 8
      }
    }
    let findings = TopologyCheck.findings(stale, then: stale)
    #expect(findings.map(\.code) == [.viewStale, .viewStale])
    #expect(findings.allSatisfy { $0.subject.shard == "r" })
    #expect(findings.map(\.expected) == ["epoch 8", "config epoch 8 of a"])
    let wrong = Self.view { $0["r"]?.claims[0].slots.remove(Slot(77)) }
    #expect(TopologyCheck.findings(wrong, then: wrong).map(\.expected) == ["slots 77 in a"])
    #expect(codes(wrong, then: Self.view()) == [])
  }
}
