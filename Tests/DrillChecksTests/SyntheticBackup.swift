import DrillChecks
import DrillCrypto
import DrillModel
import Foundation

/// A backup of three shards as tests write it down: records, a topology, a manifest, and what a reader of the
/// artifacts would report.
struct SyntheticBackup {
  var topology: Topology
  var shards: [String: [SyntheticRecord]]
  var manifest: Manifest

  static let ranges = ["a": 0...99, "b": 100...199, "c": 200...299]

  init(seed: UInt64 = 1, records: Int = 300) {
    var random = SeededGenerator(seed)
    topology = Topology(
      epoch: 3,
      shards: SyntheticBackup.ranges.sorted { $0.key < $1.key }.map {
        Topology.Shard(name: $0.key, slots: SlotSet($0.value))
      })
    shards = [:]
    for index in 0..<records {
      let slot = Int.random(in: 0..<300, using: &random)
      let name = ["a", "b", "c"][slot / 100]
      let expiry = index % 3 == 0 ? 1_800_000_000_000 + Int64(index) : RecordBatch.noExpiry
      shards[name, default: []].append(.string("key\(index)", "value\(index)", slot: slot, expiry: expiry))
    }
    manifest = Manifest(
      backup: "shop-1", cluster: "shop", engine: "redis", engineVersion: "7.0.15",
      cut: Cut(time: Instant(millisecondsSince1970: 1000), coherence: .coherent, positions: [:], proof: []),
      scope: Manifest.Scope(slots: SlotSet(0...299)), topology: topology,
      artifacts: ["a", "b", "c"].map {
        Artifact(
          name: "\($0).rdb", role: .data, shard: $0, format: "rdb", sizeBytes: 1000,
          digest: SHA256.digest(Array($0.utf8)))
      })
  }

  func folded(_ records: [SyntheticRecord], shard: String) -> FoldedRecords {
    let fold = FingerprintFold(FoldPlan(allowedSlots: DecodeCheck.allowedSlots(of: shard, in: topology)))
    for batch in Batching.whole(records) { fold.consume(batch) }
    return fold.finish()
  }

  /// The artifact of `shard` as it is read where it holds the records of `source`.
  func reading(_ shard: String, holding source: String? = nil) -> DecodeCheck.Reading {
    let records = shards[source ?? shard] ?? []
    return DecodeCheck.Reading(
      artifact: "\(shard).rdb",
      facts: ReadFacts(
        bytesRead: 1000, records: UInt64(records.count), formatVersion: 10,
        checksum: .present(stored: "0a", computed: "0a")),
      records: folded(records, shard: shard))
  }

  var readings: [DecodeCheck.Reading] { ["a", "b", "c"].map { reading($0) } }

  var fingerprint: Fingerprint { fingerprints.values.reduce(into: Fingerprint()) { $0 += $1 } }
  var fingerprints: [String: Fingerprint] {
    Dictionary(uniqueKeysWithValues: shards.map { ($0.key, folded($0.value, shard: $0.key).fingerprint) })
  }

  /// As live servers count: every owned slot, the empty ones too.
  var counts: SlotCounts {
    var counts = SlotCounts()
    for shard in topology.shards {
      let held = fingerprints[shard.name]?.countsPerSlot ?? [:]
      for slot in shard.slots.slots { counts.set(held[slot] ?? 0, shard: shard.name, slot: slot) }
    }
    return counts
  }
}

extension Judgement {
  var codes: [FindingCode] { findings.map(\.code) }
  func coverage(_ unit: Coverage.Unit) -> Coverage? { coverage.first { $0.coverage.unit == unit }?.coverage }
}

/// A folder of a test's own, removed when the closure ends.
enum TemporaryFolder {
  static func with<R>(_ body: (String) throws -> R) throws -> R {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("checks-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }

  static func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
}
