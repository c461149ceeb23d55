import DrillEvidence
import DrillModel
import Testing

@testable import Firedrill

@Suite("The recorded topology that a backup is held against")
struct RecordedTopologyTests {
  @Test("is the cluster's newest, also where an old backup's was seen after it")
  func newest() async throws {
    try await TemporaryFolder.with { folder in
      let path = folder + "/ledger.sqlite"
      let ledger = try Ledger.open(at: path, mode: .readWrite)
      func topology(_ epoch: UInt64, _ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> Topology {
        Topology(epoch: epoch, shards: [.init(name: "a", slots: SlotSet(a)), .init(name: "b", slots: SlotSet(b))])
      }
      let (before, after) = (topology(5, 0...8191, 8192...16383), topology(6, 0...4095, 4096...16383))
      try ledger.see(TopologySeen(cluster: "shop", after, seenIn: TopologySeen.live))
      try ledger.see(TopologySeen(cluster: "shop", before, seenIn: "backup old", asOf: .now))
      let expected = try await ExpectedTopology.read("recorded", cluster: "shop", ledger: path)
      #expect(expected.topology == after && expected.source.hasSuffix("in live"))
    }
  }
}
