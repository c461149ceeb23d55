import DrillModel
import Testing

@Suite("Topologies of two moments")
struct TopologyMovesTests {
  private func topology(
    _ shards: [(String, ClosedRange<Int>)], moves: [Topology.Move] = [], epoch: UInt64 = 1
  ) -> Topology {
    Topology(epoch: epoch, shards: shards.map { .init(name: $0.0, slots: SlotSet($0.1)) }, moves: moves)
  }

  @Test("slots with another owner, and slots in flight at either end, have moved; no others have")
  func moved() {
    let before = topology([("a", 0...99), ("b", 100...199)], moves: [.init(slot: Slot(3), source: "a", target: "b")])
    let after = topology([("a", 0...89), ("b", 90...199)], moves: [.init(slot: Slot(150), source: "b", target: "a")])
    #expect(before.slotsMoved(to: after).description == "3,90-99,150")
    #expect(after.slotsMoved(to: before).description == "3,90-99,150")
    #expect(topology([("a", 0...99)]).slotsMoved(to: topology([("a", 0...99)])).isEmpty)
  }

  @Test("a shard that a fail-over gave a new name has moved nothing")
  func failedOver() {
    let before = topology([("a", 0...99), ("b", 100...199)])
    #expect(before.slotsMoved(to: topology([("a", 0...99), ("c", 100...199)])).isEmpty)
    #expect(before.slotsMoved(to: topology([("a", 0...109), ("c", 110...199)])).description == "100-109")
    var unmapped = before
    unmapped.mapsSlots = false
    #expect(before.slotsMoved(to: unmapped).isEmpty)
  }

  @Test("what changed its owner between two moments was in flight in between, from the old owner to the new one")
  func during() {
    let before = topology([("a", 0...99), ("b", 100...199)], moves: [.init(slot: Slot(3), source: "a", target: "b")])
    let after = topology([("a", 0...97), ("b", 98...199)], moves: [.init(slot: Slot(97), source: "a", target: "b")])
    let whole = before.during(after)
    #expect(whole.moves.map { Int($0.slot.rawValue) } == [3, 97, 98, 99])
    #expect(whole.moves.allSatisfy { $0.source == "a" && $0.target == "b" } && whole.shards == before.shards)
    #expect(before.during(before) == before)
  }
}
