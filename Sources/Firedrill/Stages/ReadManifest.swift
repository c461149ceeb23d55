import DrillChecks
import DrillModel

extension DrillRunner {
  /// The manifest, where it may be used at all: readable, sealed by a trusted key where one is required, its chain whole.
  func readManifest(of backup: Catalog.Entry) throws -> (DrilledBackup?, StageResult) {
    let check = ManifestCheck(
      backup: backup.id, cluster: cluster?.description.name, engine: cluster?.description.engine, trusted: trusted,
      requiresSignature: drill.requiresSignature)
    let envelope = try? catalog.envelope(of: backup.id)
    let checked = check.check(envelope)
    var result = StageResult()
    result.judgement.findings = checked.findings
    result.backup = Run.BackupExamined(
      backup: backup.id, manifest: checked.digest, cut: checked.manifest?.cut,
      stated: checked.manifest.map(Run.BackupExamined.Stated.init))
    guard let manifest = checked.manifest, checked.digest != nil else { return (nil, result) }
    result.judgement.findings += ChainCheck.check(manifest) { id in
      let link = ManifestCheck(
        backup: id, cluster: manifest.cluster, trusted: trusted, requiresSignature: drill.requiresSignature
      )
      .check(try? catalog.envelope(of: id))
      guard let manifest = link.manifest, let digest = link.digest else { return nil }
      return ChainCheck.Link(manifest: manifest, digest: digest)
    }
    if manifest.cut.coherence == .perShard, manifest.topology.shards.count > 1 {
      result.notes.append("per-shard capture: the shards do not stand at one cut")
    }
    if manifest.cut.coherence == .window {
      result.notes.append("read by commands over a time: no record stands at one cut with another")
    }
    if checked.signers.isEmpty { result.notes.append("the manifest is not signed by a trusted key") }
    let sealed = DrilledBackup(manifest: manifest, isTrusted: !checked.signers.isEmpty)
    if result.judgement.isClean, sealed.isTrusted { result.topology = manifest.topology }
    return (result.judgement.isClean ? sealed : nil, result)
  }
}
