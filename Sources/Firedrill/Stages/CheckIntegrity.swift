import DrillChecks
import DrillCrypto
import DrillModel

extension DrillRunner {
  /// Every byte of every artifact read and hashed, and held against the manifest; of a chain those of all its links. Where something could not be fetched there is no backup to go on with.
  ///
  /// Of an unsealed backup there is no manifest: its bytes are hashed all the same.
  func checkIntegrity(of reachable: ReachableBackup) async throws -> (StoredBackup?, StageResult) {
    let sealed = reachable.backup
    if let unsealed = sealed.unsealed { return try await checkIntegrity(of: sealed, unsealed: unsealed) }
    let links = sealed.links
    let total = links.reduce(0) { $0 + $1.artifacts.reduce(0) { $0 + $1.sizeBytes } }
    let start = ContinuousClock.now
    var stored = StoredBackup(backup: sealed, data: [], intact: [])
    var result = StageResult()
    var coverage: [Coverage] = []
    var isWhole = true
    var hashed: UInt64 = 0
    for (number, manifest) in links.enumerated() {
      let fetched = reachable.fetched[manifest.backup]
      let files = try await files(of: manifest, fetched, hashed: hashed, of: total)
      hashed += manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
      result.judgement.findings += files.judgement.findings
      result.judgement.obstacles += files.judgement.obstacles
      coverage += files.judgement.coverage.map(\.coverage)
      isWhole = isWhole && (fetched?.unfetched ?? [:]).isEmpty
      stored.intact = files.intact
      stored.data = files.data
      if let chain = sealed.chain { stored.links.append(StoredLink(link: chain.links[number], data: files.data)) }
    }
    result.judgement.coverage = [Run.StageCoverage(.integrity, of: "artifacts", try .sum(of: coverage, .bytes))]
    if result.judgement.isClean, isWhole {
      // Of what is stored encoded they are seen once it is opened.
      result.judgement.findings += checks.judged(try await headers(of: stored.links.filter { !$0.isEncoded }))
    }
    result.phases = [PhaseTiming(.integrity, elapsed: start.duration(to: .now))]
    if result.judgement.isClean, sealed.isTrusted {
      let count = links.reduce(0) { $0 + $1.artifacts.count }
      let chain = links.count > 1 ? " of a chain of \(links.count) backups" : ""
      result.levels = [
        .init(.bytes, evidence: "\(count) artifacts\(chain), read in full, are what a trusted key signed")
      ]
    }
    return (isWhole ? stored : nil, result)
  }

  private struct SealedFiles {
    var judgement: Judgement
    var data: [NamedFile] = []
    var intact: Set<String>
  }

  private func files(
    of manifest: Manifest, _ fetched: FetchedBackup?, hashed: UInt64, of total: UInt64
  ) async throws -> SealedFiles {
    let unfetched = fetched?.unfetched ?? [:]
    let entries = try catalog.entries(of: manifest.backup)
    let present = Set(entries.filter { $0.kind == .file }.map(\.path))
    var paths: [String: String] = [:]
    for artifact in manifest.artifacts where present.contains(artifact.name) && unfetched[artifact.name] == nil {
      paths[artifact.name] = try catalog.place(of: artifact.name, in: manifest.backup)
    }
    var measured = await hash(paths, of: total, after: hashed).merging(unfetched.mapValues { .failed($0) }) { $1 }
    try Task.checkCancellation()
    if let fetched {
      measured = try await fetchedAgain(measured, of: manifest, fetched) { await hash($0, of: total, after: hashed) }
    }
    let judgement = checks.judged(
      try IntegrityCheck(companions: [Catalog.manifestName]).check(manifest, entries: entries, measured: measured))
    let damaged = Set((judgement.findings.compactMap(\.subject.artifact)))
    var files = SealedFiles(judgement: judgement, intact: present.subtracting(damaged))
    files.data = ArtifactGroup.data(of: manifest.artifacts).compactMap { $0.named { paths[$0] } }
    return files
  }

  /// What the artifacts of increments say of themselves, held against their manifests.
  func headers(of links: [StoredLink]) async throws -> [Finding] {
    guard let engine = engine as? any ChainRestoring else { return [] }
    let check = engine.chainCheck
    return try await onThread {
      var findings: [Finding] = []
      for link in links where link.manifest.kind == .incremental {
        for part in link.data {
          guard let artifact = link.manifest.artifacts.first(where: { $0.name == part.name }) else { continue }
          findings += check.check(try engine.incrementFacts(part.file), of: artifact, in: link.manifest)
        }
      }
      return findings
    }
  }

  /// Hashes files in full, and tells how far it is; stops when the task is cancelled.
  ///
  /// - Parameters:
  ///   - paths: by the names under which the result is wanted.
  ///   - total: bytes of all that the stage hashes.
  ///   - before: bytes of what it has hashed already.
  func hash(
    _ paths: [String: String], of total: UInt64, after before: UInt64 = 0
  ) async -> [String: ArtifactHasher.Measurement] {
    let stop = Flag()
    return await onThread { [events] in
      ArtifactHasher().hash(
        paths, progress: { events(.progress(.integrity, done: before + $0, total: total, unit: .bytes)) },
        isCancelled: { stop.isRaised })
    } onCancel: {
      stop.raise()
    }
  }
}

extension DrilledBackup {
  /// The manifests whose artifacts it takes, as they were sealed; oldest first.
  var links: [Manifest] { chain?.links.map(\.manifest) ?? [manifest] }
}
