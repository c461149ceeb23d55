import DrillChecks
import DrillCrypto
import DrillModel

extension DrillRunner {
  /// Every byte of every artifact read and hashed, and held against the manifest. Where something could not be fetched there is no backup to go on with.
  ///
  /// Of an unsealed backup there is no manifest: its bytes are hashed all the same.
  func checkIntegrity(of reachable: ReachableBackup) async throws -> (StoredBackup?, StageResult) {
    let sealed = reachable.backup
    if let unsealed = sealed.unsealed { return try await checkIntegrity(of: sealed, unsealed: unsealed) }
    let manifest = sealed.manifest
    let unfetched = reachable.fetched?.unfetched ?? [:]
    let entries = try catalog.source.entries(below: manifest.backup)
      .map {
        StoredEntry(path: String($0.path.dropFirst(manifest.backup.count + 1)), kind: $0.kind, sizeBytes: $0.sizeBytes)
      }
    let present = Set(entries.filter { $0.kind == .file }.map(\.path))
    var paths: [String: String] = [:]
    for artifact in manifest.artifacts where present.contains(artifact.name) && unfetched[artifact.name] == nil {
      paths[artifact.name] = try catalog.source.localPath(of: "\(manifest.backup)/\(artifact.name)")
    }
    let total = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
    let start = ContinuousClock.now
    var measured = await hash(paths, of: total).merging(unfetched.mapValues { .failed($0) }) { $1 }
    try Task.checkCancellation()
    if let fetched = reachable.fetched {
      measured = try await fetchedAgain(measured, of: manifest, fetched) { await hash($0, of: total) }
    }
    let judgement = try IntegrityCheck(companions: [Catalog.manifestName]).check(
      manifest, entries: entries, measured: measured)
    var result = StageResult(judgement)
    result.phases = [PhaseTiming(.integrity, elapsed: start.duration(to: .now))]
    if judgement.isClean, sealed.isTrusted {
      result.levels = [
        .init(.bytes, evidence: "\(manifest.artifacts.count) artifacts, read in full, are what a trusted key signed")
      ]
    }
    let damaged = Set((judgement.findings.compactMap(\.subject.artifact)))
    var stored = StoredBackup(backup: sealed, data: [], intact: present.subtracting(damaged))
    for group in ArtifactGroup.data(of: manifest.artifacts) {
      guard let path = paths[group.name] else { continue }
      stored.data.append(
        NamedFile(
          name: group.name,
          file: ArtifactFile(
            shard: group.shard ?? group.name, format: group.format, path: path,
            parts: group.parts.compactMap { paths[$0.name] })))
    }
    return (unfetched.isEmpty ? stored : nil, result)
  }

  /// Hashes files in full, and tells how far it is; stops when the task is cancelled.
  ///
  /// - Parameters:
  ///   - paths: by the names under which the result is wanted.
  ///   - total: bytes of all that the stage hashes.
  func hash(_ paths: [String: String], of total: UInt64) async -> [String: ArtifactHasher.Measurement] {
    let stop = Flag()
    return await onThread { [events] in
      ArtifactHasher().hash(
        paths, progress: { events(.progress(.integrity, done: $0, total: total, unit: .bytes)) },
        isCancelled: { stop.isRaised })
    } onCancel: {
      stop.raise()
    }
  }
}
