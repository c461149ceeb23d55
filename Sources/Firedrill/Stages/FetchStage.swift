import DrillChecks
import DrillCrypto
import DrillModel

/// A manifest whose artifacts are where they can be read, but for those that could not be fetched.
struct ReachableBackup: Sendable {
  var backup: DrilledBackup
  /// By the backup that it is of: a chain takes several. Empty where the catalog is a folder of this machine.
  var fetched: [String: FetchedBackup] = [:]
}

extension DrillRunner {
  /// Brings a backup's artifacts here where the catalog lies elsewhere.
  func fetch(_ backup: DrilledBackup) async throws -> (ReachableBackup?, StageResult) {
    guard let mirror else { return (ReachableBackup(backup: backup), StageResult()) }
    var reachable = ReachableBackup(backup: backup)
    var result = StageResult()
    for link in backup.links {
      let fetched = try await mirror.fetch(link, in: link.backup)
      reachable.fetched[link.backup] = fetched
      result.add(fetched, by: mirror)
    }
    return (reachable, result)
  }

  /// Hashes again what does not match and was not fetched by this run alone: the cache may have spoilt it, and then it is no fault of the backup.
  func fetchedAgain(
    _ measured: [String: ArtifactHasher.Measurement], of manifest: Manifest, _ fetched: FetchedBackup,
    hash: ([String: String]) async -> [String: ArtifactHasher.Measurement]
  ) async throws -> [String: ArtifactHasher.Measurement] {
    guard let mirror else { return measured }
    let doubtful = manifest.artifacts.filter { artifact in
      guard fetched.reused.contains(artifact.name), case .read(_, let digest)? = measured[artifact.name] else {
        return false
      }
      return digest != artifact.digest
    }.map(\.name)
    guard !doubtful.isEmpty else { return measured }
    events(.note("\(doubtful.count) fetched earlier do not match; fetching them again"))
    let failed = try await mirror.refetch(Set(doubtful), of: manifest.backup)
    var paths: [String: String] = [:]
    for name in doubtful where failed[name] == nil {
      paths[name] = try catalog.source.localPath(of: "\(manifest.backup)/\(name)")
    }
    return measured.merging(await hash(paths)) { $1 }.merging(failed.mapValues { .failed($0) }) { $1 }
  }
}

extension StageResult {
  /// What fetching took, and what is to be known of it.
  init(_ fetched: FetchedBackup, by mirror: CatalogMirror) {
    add(fetched, by: mirror)
  }

  fileprivate mutating func add(_ fetched: FetchedBackup, by mirror: CatalogMirror) {
    if phases.isEmpty { phases = [PhaseTiming(.locate, elapsed: mirror.locateElapsed)] }
    phases.append(PhaseTiming(.fetch, elapsed: fetched.elapsed))
    notes += fetched.notes(from: mirror.remote)
  }
}

extension FetchedBackup {
  fileprivate func notes(from remote: RcloneRemote) -> [String] {
    var notes: [String] = []
    if reusedBytes >= sizeBytes, sizeBytes > 0, !reused.isEmpty {
      notes.append(
        "the backup's bytes were fetched from \(remote.text) at \(begunAt), and not again for this run, which asked there for names, sizes and times; the restore time counts what fetching took then"
      )
    } else if !reused.isEmpty {
      notes.append(
        "fetching from \(remote.text) went on from \(reusedBytes) of \(sizeBytes) bytes, fetched since \(begunAt); the restore time counts what all of them took"
      )
    } else {
      notes.append("\(sizeBytes) bytes were fetched from \(remote.text)")
    }
    if !evicted.isEmpty { notes.append("evicted from the cache: \(evicted.joined(separator: ", "))") }
    if remote.isReadOnly {
      notes.append("nothing can be written to \(remote.text): the ledger's tree head is not anchored there")
    }
    return notes
  }
}
