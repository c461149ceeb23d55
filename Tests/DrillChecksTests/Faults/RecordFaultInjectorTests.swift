import DrillChecks
import DrillFaults
import DrillModel
import Testing

@Suite("faults planted in records")
struct RecordFaultInjectorTests {
  private func batches(_ seed: UInt64) -> [RecordBatch] {
    var random = SeededGenerator(seed)
    return (0..<3).map { number in
      var batch = RecordBatch(namespace: "db\(number)")
      for index in 0..<20 {
        var body: [UInt8] = []
        body.appendBlob((0..<5).map { _ in UInt8.random(in: 0...255, using: &random) })
        let isSet = index % 4 == 0
        batch.append(
          key: Array("key:\(number):\(index)".utf8), slot: Slot(number * 100 + index), kind: isSet ? .set : .string,
          expiry: index % 2 == 0 ? 1_700_000_000_000 : RecordBatch.noExpiry, body: isSet ? [] : body,
          elements: isSet ? [body, [0]] : [])
      }
      return batch
    }
  }

  private func fold(_ batches: [RecordBatch]) -> FoldedRecords {
    let fold = FingerprintFold()
    for batch in batches { fold.consume(batch) }
    return fold.finish()
  }

  @Test(
    "each changes the fingerprint, in the slot that it names, and one seed plants the same",
    arguments: RecordFault.allCases)
  func plants(fault: RecordFault) throws {
    for seed in UInt64(1)...30 {
      let clean = batches(seed)
      func plant() throws -> (planted: RecordFaultInjector.Planted?, after: [RecordBatch]) {
        var after = clean
        var injector = RecordFaultInjector(.init(seed: seed))
        return (try injector.plant(fault, in: &after, to: Slot(7777)), after)
      }
      let (planted, after) = try plant()
      let place = try #require(planted)
      #expect(try plant().planted == planted)
      let diff = SlotDiff(fold(clean).fingerprint, fold(after).fingerprint)
      #expect(fold(after).brokenRecords == 0)
      #expect(
        diff.cells.contains { $0.slot == place.slot && $0.namespace == place.namespace }, "seed \(seed): \(place)")
      #expect(diff.cells.count == (fault == .moved ? 2 : 1), "seed \(seed)")
      #expect(
        fold(clean).replacing(fold([clean[0]]), by: fold([after[0]])).fingerprint
          == fold([after[0], clean[1], clean[2]]).fingerprint)
    }
  }

  @Test("none is planted where no record can have it, and never in a library, a module's value or a record in pieces")
  func notPlanted() throws {
    var batch = RecordBatch(namespace: "db0")
    batch.append(key: [1], slot: Slot(1), kind: .library, body: [1])
    batch.append(key: [2], slot: Slot(1), kind: .module, body: [1])
    batch.append(key: [3], slot: Slot(1), kind: .string, body: [1])
    batch.pieces[2].ends = false
    for fault in RecordFault.allCases {
      var batches = [batch]
      var injector = RecordFaultInjector(.init(seed: 1))
      #expect(try injector.plant(fault, in: &batches, to: Slot(2)) == nil)
    }
    var whole = RecordBatch(namespace: "db0")
    whole.append(key: [3], slot: Slot(1), kind: .string, body: [1])
    for (fault, slots, target) in [
      (RecordFault.expiryMoved, SlotSet.all, Slot(2)), (.expiryRemoved, .all, Slot(2)), (.moved, .all, Slot(1)),
      (.dropped, SlotSet([Slot(2)]), Slot(2)),
    ] {
      var batches = [whole]
      var injector = RecordFaultInjector(.init(seed: 1))
      #expect(try injector.plant(fault, in: &batches, among: slots, to: target) == nil)
    }
  }
}
