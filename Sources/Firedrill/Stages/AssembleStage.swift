import DrillChecks
import DrillModel
import Foundation

extension DrillRunner {
  /// The backup as it is decoded and restored: of a chain, its links made into one artifact for each shard.
  func assemble(_ stored: StoredBackup) async throws -> (StoredBackup?, StageResult) {
    guard let chain = stored.backup.chain, !stored.links.isEmpty else { return (stored, StageResult()) }
    let start = ContinuousClock.now
    let place = "\(folder)/chain-\(UUID().uuidString.prefix(8).lowercased())"
    let assembled = try await AssembledChain.make(stored.links, upTo: chain.point, by: engine, in: place)
    var result = StageResult()
    result.judgement.findings = checks.judged(assembled.findings)
    result.notes = assembled.shards.flatMap { shard in shard.notes.map { "\(shard.file.shard): \($0)" } }
    result.phases = [PhaseTiming(.decode, elapsed: start.duration(to: .now))]
    guard result.judgement.findings.isEmpty else { return (nil, result) }
    var whole = stored
    whole.backup.manifest.artifacts =
      try assembled.shards.flatMap { try $0.artifacts() }
      + stored.manifest.artifacts.filter { $0.role == .reference || $0.role == .access }
    whole.data = assembled.shards.map { NamedFile(name: $0.name(of: $0.file.path), file: $0.file) }
    if chain.point != .end {
      for shard in assembled.shards {
        whole.backup.manifest.cut.positions[shard.file.shard] =
          shard.position ?? (shard.time == nil ? stored.links[0].manifest.cut.positions[shard.file.shard] : nil)
      }
      result.cut = whole.manifest.cut
    }
    result.judgement.findings = checks.judged(astray(assembled, chain.point, whole.manifest))
    guard result.judgement.findings.isEmpty else { return (nil, result) }
    result.judgement.obstacles += assembled.shards.compactMap { shard in
      shard.shortfall.map {
        Run.Obstacle(
          DrillError(.referenceUnavailable, subject: "shard \(shard.file.shard)", detail: $0), stage: .decode)
      }
    }
    return (whole, result)
  }

  /// Shards that came out at another position than the one that was asked for: no change ends there.
  private func astray(_ assembled: AssembledChain, _ point: RestorePoint, _ manifest: Manifest) -> [Finding] {
    guard case .positions(let positions) = point else { return [] }
    let order = engine.chainCheck.order
    return assembled.shards.map(\.file.shard).compactMap { shard in
      let reached = manifest.cut.positions[shard]
      if let asked = positions[shard], let reached, order(reached, asked) == 0 { return nil }
      return CatalogCheck.unreachable(
        "shard \(shard) at \(positions[shard] ?? "a position of its own")",
        "no change ends there; the chain leads to \(reached ?? "no known position")", backup: manifest.backup)
    }
  }
}

/// A chain that a run restores, up to a point.
struct DrilledChain: Sendable {
  /// Oldest first; the last one holds the point.
  var links: [ChainCheck.Link]
  var point: RestorePoint
}

extension DrilledBackup {
  /// - Parameter isTrusted: whether trusted keys signed all links.
  init(_ target: ChainTarget, isTrusted: Bool) {
    let last = target.links[target.links.count - 1].manifest
    self.init(manifest: last, isTrusted: isTrusted, unsealed: nil, chain: nil)
    guard target.links.count > 1 else { return }
    chain = DrilledChain(links: target.links, point: target.point)
    guard target.point != .end else { return }
    // The last link's reference and topology are those of its own cut.
    let before = target.links[target.links.count - 2].manifest
    manifest.reference = nil
    manifest.artifacts.removeAll { $0.role == .reference }
    manifest.topology = before.topology.during(last.topology)
    manifest.cut.coherence = target.coherence
    manifest.cut.proof = ["restored from a chain, each shard up to \(target.asked)"]
    manifest.cut.time = target.time ?? manifest.cut.time
    if case .positions(let positions) = target.point { manifest.cut.positions = positions }
  }
}
