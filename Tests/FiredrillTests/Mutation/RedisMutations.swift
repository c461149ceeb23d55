import DrillChecks
import DrillCrypto
import DrillEngines
import DrillModel
import Foundation

@testable import Firedrill

/// Faults in a backup of a Redis Cluster: what databases without counts and checksums cannot show.
enum RedisMutations {
  static let rows = [
    MutationRow(
      check: .formatChecksum, fault: "another checksum at a snapshot's end, in a shard that is not restored",
      found: [.formatChecksumMismatch],
      plant: { bench in
        let hash = SipHash(seed: UInt64(DrillBench.Drill().seed))
        let drawn = try bench.dataArtifacts().sorted {
          hash.hash(Array(($0.shard ?? "").utf8)) < hash.hash(Array(($1.shard ?? "").utf8))
        }
        let path = bench.path(of: drawn[drawn.count - 1])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        try bench.reseal()
        return ComposedDrill(
          bench: bench, drill: .init(level: .none, more: ["sandbox: {folder: work, shards: 1}"]),
          engine: RedisEngine())
      }),
    MutationRow(
      check: .counts, fault: "a key that was dropped and that nobody asks for", found: [.countDiffers],
      plant: { bench in
        _ = try drop(bench)
        try bench.reseal()
        return ComposedDrill(bench: bench, engine: RedisEngine())
      }),
    MutationRow(
      check: .lostRecords, fault: "a key of a slot in flight that lies on neither side", found: [.recordLost],
      plant: { bench in
        let (shard, slot) = try drop(bench)
        let manifest = try bench.manifest()
        let target = manifest.topology.shards.map(\.name).first { $0 != shard } ?? ""
        let path = "\(bench.backupFolder)/\(manifest.reference?.counts ?? "")"
        var counts = try JSONDecoder().decode(SlotCounts.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        counts.set(0, shard: target, slot: slot)
        try JSONEncoder().encode(counts).write(to: URL(fileURLWithPath: path))
        try bench.reseal { $0.topology.moves = [.init(slot: slot, source: shard, target: target)] }
        return ComposedDrill(bench: bench, engine: RedisEngine())
      }),
    MutationRow(
      check: .accessTrials, fault: "a default user that may do more than it should",
      found: [.accessDiffers, .accessExcess], still: [.accessDiffers],
      reason:
        "a server that does not keep to its rules, which no real one does: what it does is tried beside what it says",
      plant: { bench in
        let rules = "user default on nopass ~* &* +@all -info\n"
        try Data(rules.utf8).write(to: URL(fileURLWithPath: bench.folder + "/users.acl"))
        return ComposedDrill(
          bench: bench, drill: .init(level: .restored, more: ["access: {expected: users.acl}"]), engine: RedisEngine())
      }),
  ]

  /// Drops a key of which no operation asks.
  private static func drop(_ bench: DrillBench) throws -> (shard: String, slot: Slot) {
    let operations = try bench.answers().operations
    let slots = Set(operations.map(\.slot))
    let artifact = try bench.dataArtifacts()[0]
    let file = RedisFile(path: bench.path(of: artifact))
    let key = try file.keys("*").first { !slots.contains(RedisEngine().slot(ofKey: Array($0.utf8))) }
    guard let key, let shard = artifact.shard else { throw DrillError(.usage, detail: "every slot is asked about") }
    try file.change([["DEL", key]])
    return (shard, RedisEngine().slot(ofKey: Array(key.utf8)))
  }
}
