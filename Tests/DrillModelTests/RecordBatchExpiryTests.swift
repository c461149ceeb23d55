import DrillModel
import Testing

@Suite("Expired records")
struct RecordBatchExpiryTests {
  @Test("go from a batch whole, and are counted once; what expires at the clock's own millisecond stays")
  func removed() {
    var batch = RecordBatch(namespace: "db0")
    for (index, expiry) in [RecordBatch.noExpiry, 99, 100, 101].enumerated() {
      batch.append(key: [UInt8(index)], slot: Slot(index), kind: .string, expiry: expiry, body: [1])
    }
    var carriedOn = batch.pieces[1]
    carriedOn.begins = false
    batch.pieces.append(carriedOn)
    #expect(batch.takeExpired(at: Instant(millisecondsSince1970: 100))?.pieces.count == 2)
    #expect(batch.pieces.map(\.expiry) == [RecordBatch.noExpiry, 100, 101])
    #expect(batch.takeExpired(at: Instant(millisecondsSince1970: 100)) == nil)
  }
}
