import DrillCrypto
import DrillModel
import Foundation

/// Which shards are restored together: as many as the memory budget holds, all of them or a seeded sample.
struct WavePlan: Sendable {
  var waves: [[DecodedArtifact]] = []
  /// Shards that the sample left out.
  var notSampled: Set<String> = []
  var notes: [String] = []

  /// What a server needs for an artifact, as a multiple of the artifact's size: RDB files are compressed, and a store of small records has overhead.
  private static let memoryFactor: UInt64 = 4

  /// Whether two shards are restored in one wave.
  func together(_ one: String, _ other: String) -> Bool {
    waves.contains { Set($0.map(\.file.shard)).isSuperset(of: [one, other]) }
  }

  init(artifacts: [DecodedArtifact], memoryBytes: UInt64?, sample: Int?, seed: UInt64) {
    var chosen = artifacts
    if let sample, sample < artifacts.count {
      let drawn = artifacts.map { ($0, SipHash(seed: seed).hash(Array($0.file.shard.utf8))) }.sorted { $0.1 < $1.1 }
        .prefix(sample)
      let names = Set(drawn.map(\.0.file.shard))
      chosen = artifacts.filter { names.contains($0.file.shard) }
      notSampled = Set(artifacts.map(\.file.shard)).subtracting(names)
      notes.append("\(chosen.count) of \(artifacts.count) shards are restored: a seeded sample")
    }
    guard let memoryBytes else {
      waves = chosen.isEmpty ? [] : [chosen]
      return
    }
    var wave: [DecodedArtifact] = []
    var used: UInt64 = 0
    for artifact in chosen {
      let need = artifact.facts.bytesRead * WavePlan.memoryFactor
      if !wave.isEmpty, used + need > memoryBytes {
        waves.append(wave)
        wave = []
        used = 0
      }
      wave.append(artifact)
      used += need
    }
    if !wave.isEmpty { waves.append(wave) }
    if waves.count > 1 { notes.append("shards are restored in \(waves.count) waves, within the memory budget") }
  }
}
