import DrillChecks
import DrillModel
import Testing

@Suite("differences down to the keys")
struct KeyDiffTests {
  private func digests(_ records: [SyntheticRecord], slots: SlotSet = .all) -> KeyDigests {
    var digests = KeyDigests(slots: slots)
    for batch in Batching.whole(records) { digests.consume(batch) }
    return digests
  }

  private func fingerprint(_ records: [SyntheticRecord]) -> Fingerprint {
    let fold = FingerprintFold()
    for batch in Batching.whole(records) { fold.consume(batch) }
    return fold.finish().fingerprint
  }

  @Test("changed, added, removed and moved keys are told apart, and equal ones are not named")
  func kinds() {
    let left: [SyntheticRecord] = [
      .string("same", "1", slot: 1, expiry: 5), .string("changed", "1", slot: 2), .string("gone", "1", slot: 3),
      .string("moved", "1", slot: 4, expiry: 100),
    ]
    let right: [SyntheticRecord] = [
      .string("same", "1", slot: 1, expiry: 5), .string("changed", "2", slot: 2), .string("new", "1", slot: 3),
      .string("moved", "1", slot: 4, expiry: 103),
    ]
    let diff = KeyDiff(digests(left), digests(right))
    #expect(diff.differences.map(\.kind) == [.changed, .removed, .added, .expiryMoved])
    #expect(diff.differences.map { String(decoding: $0.key, as: UTF8.self) } == ["changed", "gone", "new", "moved"])
    #expect(diff.differences.last?.leftExpiry == 100 && diff.differences.last?.rightExpiry == 103)
    #expect(KeyDiff(digests(left), digests(left.reversed())).differences.isEmpty)
  }

  @Test("a lost expiry is a change, and so is a key that two shards hold")
  func edges() {
    #expect(
      KeyDiff(digests([.string("k", "v", expiry: 5)]), digests([.string("k", "v")])).differences.map(\.kind) == [
        .changed
      ])
    #expect(
      KeyDiff(digests([.string("k", "v")]), digests([.string("k", "v"), .string("k", "v")])).differences.map(\.kind)
        == [.changed])
  }

  @Test(
    "reading only the unequal slots, in chunks, finds what reading all finds", arguments: 1...5 as ClosedRange<UInt64>)
  func chunks(seed: UInt64) {
    var random = SeededGenerator(seed)
    let left = SyntheticRecord.random(count: 400, using: &random)
    var right = left
    for _ in 0..<20 {
      let index = Int.random(in: right.indices, using: &random)
      switch Int.random(in: 0...2, using: &random) {
      case 0: right.remove(at: index)
      case 1: right[index].body.append(1)
      default: right[index].expiry = 17
      }
    }
    let slots = SlotDiff(fingerprint(left), fingerprint(right))
    var found = KeyDiff()
    let chunks = slots.chunks(cap: 20)
    for chunk in chunks { found += KeyDiff(digests(left, slots: chunk), digests(right, slots: chunk)) }
    #expect(found == KeyDiff(digests(left), digests(right)))
    #expect(!found.differences.isEmpty)
    #expect(chunks.count > 1 && chunks.reduce(SlotSet()) { $0.union($1) } == slots.slots)
  }
}
