import DrillModel
import Firedrill
import Foundation
import Testing

@Suite("What a drill says of a backup that nobody sealed")
struct UnsealedFieldsTests {
  private func read(_ backup: String, _ more: String = "", topology: String? = nil) async throws -> DrillFile {
    try await TestBench.with { bench in
      try bench.write("cluster: shop\nengine: sqlite\nfiles: [{shard: only, path: app.sqlite}]\n", to: "shop.yaml")
      if let topology { try bench.write(topology, to: "topology.yaml") }
      let path = try bench.write(
        "drill: d\ncluster: shop.yaml\nbackup: \(backup)\nlevel: restored\n\(more)", to: "drill.yaml")
      return try DrillFile.read(path: path)
    }
  }

  @Test("needs neither a key to trust nor a catalog where its path is absolute")
  func least() async throws {
    let drill = try await read("{unsealed: /dumps/night}")
    #expect(drill.backups == .unsealed(UnsealedSelection(path: "/dumps/night")) && drill.trust.entries.isEmpty)
    let latest = try await read("{unsealed: latest}", "catalog: dumps\n")
    #expect(latest.backups == .unsealed(UnsealedSelection(path: nil)))
  }

  @Test(
    "is refused with its place where it makes no sense",
    arguments: [
      ("{unsealed: night}", ""), ("{unsealed: /n, topologie: x}", ""), ("{unsealed: /n, cut: yesterday}", ""),
      ("{unsealed: /n, slot_map: some}", ""), ("{unsealed: /n, digests_signature: a, digests_key: b}", ""),
      ("{unsealed: /n, digests: a, digests_signature: b}", ""), ("{unsealed: /n}", "capture: {key: seal}\n"),
      ("{unsealed: /n, id: x}", ""),
    ])
  func refused(_ backup: String, _ more: String) async throws {
    await #expect {
      _ = try await read(backup, more)
    } throws: {
      ($0 as? DrillError)?.code == .badFile && ($0 as? DrillError)?.subject.contains("drill.yaml:") == true
    }
  }

  @Test(
    "a topology that cannot be is refused",
    arguments: [
      "epoch: 1\n", "shards: [{shard: a, slots: 0-99999}]\n", "shards: [{shard: a}, {shard: a}]\n",
      "shards: [{shard: a, slots: 0-1}, {shard: b}]\n",
      "shards: [{shard: a, slots: 0-1}]\nmoves: [{slot: 1, source: a, target: b}]\n", "shards: [{shard: a, slot: 0}]\n",
      "0123456789012345678901234567890123456789 a line that is no node\n",
    ])
  func topology(_ text: String) async throws {
    await #expect {
      _ = try await read("{unsealed: /n, topology: topology.yaml}", topology: text)
    } throws: {
      ($0 as? DrillError)?.code == .badFile
    }
  }

  @Test("a topology of each form is read")
  func topologies() async throws {
    let id = String(repeating: "ab", count: 20)
    let other = String(repeating: "cd", count: 20)
    for text in [
      "epoch: 7\nshards: [{shard: a, slots: 0-8191}, {shard: b, slots: 8192-16383}]\nmoves: [{slot: 52, source: a, target: b}]\n",
      "shards: [{shard: a}, {shard: b}]\n",
      """
      \(id) 127.0.0.1:7000@17000 myself,master - 0 0 3 connected 0-8191 [52->-\(other)]
      \(other) 127.0.0.1:7001@17001 master - 0 1 2 connected 8192-16383
      vars currentEpoch 3 lastVoteEpoch 0

      """,
    ] {
      _ = try await read("{unsealed: /n, topology: topology.yaml}", topology: text)
    }
  }
}
