import DrillModel
import Testing

@Suite("A topology")
struct TopologyTests {
  private let mapped = Topology(
    epoch: 1, shards: [.init(name: "a", slots: SlotSet(0...9)), .init(name: "b", slots: SlotSet(10...19))],
    moves: [.init(slot: Slot(3), source: "a", target: "b")])

  @Test("holds a slot whole in its owner; one that is moving only in both its shards")
  func whole() {
    #expect(mapped.slotsWhole(in: ["a", "b"]) == SlotSet(0...19))
    #expect(mapped.slotsWhole(in: ["a"]) == SlotSet(0...9).subtracting(SlotSet(3...3)))
    #expect(mapped.slotsWhole(in: ["b"]) == SlotSet(10...19))
    #expect(mapped.slotsWhole(in: []).isEmpty)
  }

  @Test("without a slot map holds every slot in all shards together, and none in fewer")
  func unmapped() {
    let topology = Topology(
      epoch: 0, shards: [.init(name: "a", slots: .all), .init(name: "b", slots: .all)], mapsSlots: false)
    #expect(topology.slotsWhole(in: ["a", "b"]) == .all)
    #expect(topology.slotsWhole(in: ["a"]).isEmpty)
  }
}
