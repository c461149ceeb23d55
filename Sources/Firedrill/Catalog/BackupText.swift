public import DrillModel
import Foundation

/// Backups in words.
public enum BackupText {
  /// What a manifest says, in a person's order.
  public static func describe(_ manifest: Manifest, digest: Digest) -> String {
    let size = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
    var lines = [
      "backup     \(manifest.backup), \(manifest.kind.rawValue)",
      "cluster    \(manifest.cluster), \(manifest.engine) \(manifest.engineVersion)",
      "cut        \(manifest.cut.time), \(manifest.cut.coherence == .coherent ? "coherent over all shards" : manifest.cut.coherence.words)",
    ]
    if let predecessor = manifest.predecessor {
      lines.append("on         \(predecessor.backup), statement sha256 \(predecessor.manifest.short)…")
    }
    lines += (manifest.since ?? [:]).sorted { $0.key < $1.key }.map { "  since    \($0.key.prefix(12)): \($0.value)" }
    lines += manifest.cut.proof.map { "  proof    \($0)" }
    lines.append(
      "topology   epoch \(manifest.topology.epoch), \(manifest.topology.shards.count) shards, \(manifest.topology.moves.count) slots moving"
    )
    lines += manifest.topology.shards.map {
      "  shard    \($0.name.prefix(12)): \(manifest.topology.mapsSlots ? "slots \($0.slots)" : "no slot map")"
    }
    lines.append("artifacts  \(manifest.artifacts.count), \(size) bytes")
    lines += manifest.artifacts.map {
      "  \($0.role.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0))  \($0.name), \($0.sizeBytes) bytes, sha256 \($0.digest.short)…"
    }
    let encodings = Set(manifest.artifacts.map(\.encodings)).filter { !$0.isEmpty }
    lines += encodings.map { "  stored   as \($0.joined(separator: ", then "))" }.sorted()
    lines += Set(manifest.artifacts.flatMap { $0.recipients ?? [] }).sorted().map { "  opens    with the key of \($0)" }
    if let reference = manifest.reference {
      let parts = [
        reference.counts.map { _ in "counts per slot" }, reference.fingerprint.map { _ in "fingerprint of the source" },
        reference.answers.map { _ in "answers" },
      ].compactMap { $0 }
      lines.append("captured   \(parts.joined(separator: ", ")) from the live servers at the cut")
      if let sample = reference.keySample { lines.append("  about    \(sample)") }
    } else {
      lines.append("captured   nothing from the live servers: content at the cut unknown")
    }
    if let rationale = manifest.rationale { lines.append("because    \(rationale)") }
    lines.append(
      "sealed     by key \(manifest.keyIDs.map { String($0.prefix(16)) }.joined(separator: ", ")); statement sha256 \(digest)"
    )
    return lines.joined(separator: "\n")
  }

  /// A line a backup.
  public static func list(_ entries: [Catalog.Entry]) -> String {
    guard !entries.isEmpty else { return "no backups" }
    return entries.map { entry in
      guard let manifest = entry.claimed else { return "\(entry.id)  UNREADABLE: \(entry.problem ?? "")" }
      let size = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
      return
        "\(entry.id)  \(manifest.cut.time)  \(manifest.engine)  \(manifest.topology.shards.count) shards  \(manifest.cut.coherence.rawValue)  \(size) bytes"
        + (manifest.predecessor.map { "  \(manifest.kind.rawValue) on \($0.backup)" } ?? "")
    }.joined(separator: "\n")
  }
}
