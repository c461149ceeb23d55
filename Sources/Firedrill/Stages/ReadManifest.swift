import DrillChecks
import DrillModel

extension DrillRunner {
  /// The manifest, where it may be used at all: readable, sealed by a trusted key where one is required, its chain whole, and the point on it.
  func readManifest(of backup: Catalog.Entry, upTo point: ChainPoint) throws -> (DrilledBackup?, StageResult) {
    let checked = manifestCheck(of: backup.id).check(try? catalog.envelope(of: backup.id))
    var result = StageResult()
    result.judgement.findings = checked.findings
    result.backup = Run.BackupExamined(
      backup: backup.id, manifest: checked.digest, cut: checked.manifest?.cut,
      stated: checked.manifest.map(Run.BackupExamined.Stated.init))
    guard let manifest = checked.manifest, let digest = checked.digest else { return (nil, result) }
    let manifests = VerifiedManifests(catalog, trust: trust, requiresSignature: drill.requiresSignature)
    let chain = engine.chainCheck.check(
      .init(manifest: manifest, digest: digest), known: manifests.known, increments: manifests.increments)
    result.judgement.findings += checks.judged(chain.findings)
    result.judgement.findings += checks.judged(
      chain.links.compactMap { link in
        known[link.manifest.backup].flatMap {
          CatalogCheck.replaced(link.manifest.backup, was: $0.digest, in: $0.run, now: link.digest)
        }
      })
    guard result.judgement.isClean else { return (nil, result) }
    let links = chain.links
    let target: ChainTarget
    do {
      target = try self.target(point, in: links, manifests)
    } catch let unreachable as ChainPoint.Unreachable {
      result.judgement.findings += checks.judged([
        CatalogCheck.unreachable(unreachable.expected, unreachable.observed, backup: backup.id)
      ])
      return (nil, result)
    }
    let isTrusted =
      !checked.signers.isEmpty && target.links.dropLast().allSatisfy { manifests.isTrusted($0.manifest.backup) }
    let sealed = DrilledBackup(target, isTrusted: isTrusted)
    result.backup = Run.BackupExamined(target, sealed)
    result.notes = target.notes + notes(of: sealed)
    // Between two links the topology is inferred, and nobody saw it.
    if sealed.isTrusted, sealed.chain?.point ?? .end == .end { result.topology = sealed.manifest.topology }
    return (sealed, result)
  }

  func manifestCheck(of backup: String) -> ManifestCheck {
    var check = ManifestCheck(
      backup: backup, cluster: cluster?.description.name, engine: cluster?.description.engine, trust: trust,
      requiresSignature: drill.requiresSignature)
    check.checks = checks
    return check
  }

  private func target(
    _ point: ChainPoint, in links: [ChainCheck.Link], _ manifests: VerifiedManifests
  ) throws -> ChainTarget {
    if links.count == 1, point == .cut { return ChainTarget(links: links, point: .end, asked: "its own cut") }
    guard let chains = engine as? any ChainRestoring else {
      throw DrillError(.usage, subject: engine.name, detail: "this engine restores no chains of increments")
    }
    return try point.target(in: links, of: chains) { manifests.link($0)?.manifest.cut }
  }

  private func notes(of sealed: DrilledBackup) -> [String] {
    var notes: [String] = []
    let manifest = sealed.manifest
    if manifest.cut.coherence == .perShard, manifest.topology.shards.count > 1 {
      notes.append("per-shard capture: the shards do not stand at one cut")
    }
    if manifest.cut.coherence == .window {
      notes.append("read by commands over a time: no record stands at one cut with another")
    }
    if !sealed.isTrusted {
      notes.append(
        sealed.chain == nil
          ? "the manifest is not signed by a trusted key" : "not all manifests of the chain are signed by trusted keys")
    }
    return notes
  }
}

extension Run.BackupExamined {
  init(_ target: ChainTarget, _ sealed: DrilledBackup) {
    let last = target.links[target.links.count - 1]
    self.init(
      backup: last.manifest.backup, manifest: last.digest, cut: sealed.manifest.cut, stated: .init(sealed.manifest))
    guard target.links.count > 1 else { return }
    chain = ChainExamined(
      links: target.links.map { .init(backup: $0.manifest.backup, manifest: $0.digest) }, asked: target.asked,
      point: target.point)
  }
}
