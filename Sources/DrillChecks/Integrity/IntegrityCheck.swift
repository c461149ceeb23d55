public import DrillCrypto
public import DrillModel

/// Judges the stored files of a backup against what was sealed: presence, kind, size, SHA-256, and files that nobody
/// named.
public struct IntegrityCheck: Sendable {
  /// Paths below the backup's folder that belong there although the manifest does not name them: the manifest itself,
  /// signatures beside it.
  public var companions: Set<String>

  public init(companions: Set<String>) { self.companions = companions }

  /// - Parameters:
  ///   - entries: everything below the backup's folder, with paths relative to that folder.
  ///   - measured: by artifact name. An artifact that is absent here was not hashed; its bytes count as not examined.
  public func check(
    _ manifest: Manifest, entries: [StoredEntry], measured: [String: ArtifactHasher.Measurement]
  ) throws -> Judgement {
    var judgement = Judgement()
    var examined: UInt64 = 0
    var skipped: [SkipReason: UInt64] = [:]
    let stored = Dictionary(entries.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    for artifact in manifest.artifacts {
      let subject = Finding.Subject(backup: manifest.backup, shard: artifact.shard, artifact: artifact.name)
      let verdict = judge(artifact, subject, stored[artifact.name], measured[artifact.name])
      judgement.findings += verdict.findings
      judgement.obstacles += verdict.obstacles
      examined += verdict.examined
      skipped[verdict.reason, default: 0] += artifact.sizeBytes - verdict.examined
    }
    judgement.findings += unexpected(manifest, entries)
    let declared = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
    judgement.coverage.append(
      Run.StageCoverage(
        .integrity, of: "artifacts", try Coverage(.bytes, declared: declared, examined: examined, skipped: skipped)))
    return judgement
  }

  private struct Part {
    var findings: [Finding] = []
    var obstacles: [Run.Obstacle] = []
    var examined: UInt64 = 0
    var reason = SkipReason.artifactUnavailable
  }

  private func judge(
    _ artifact: Artifact, _ subject: Finding.Subject, _ entry: StoredEntry?, _ measurement: ArtifactHasher.Measurement?
  ) -> Part {
    var part = Part()
    func found(_ code: FindingCode, _ expected: String, _ observed: String) {
      part.findings.append(Finding(code, stage: .integrity, subject: subject, expected: expected, observed: observed))
    }
    guard let entry else {
      found(.artifactMissing, Wording.count(artifact.sizeBytes, "byte"), "no such file")
      return part
    }
    guard entry.kind == .file else {
      found(.artifactNotRegular, "a plain file", "a \(entry.kind == .other ? "device or pipe" : entry.kind.rawValue)")
      return part
    }
    switch measurement {
    case nil:
      part.reason = .stageNotRun
      if entry.sizeBytes != artifact.sizeBytes { size(entry.sizeBytes) }
    case .missing: found(.artifactMissing, Wording.count(artifact.sizeBytes, "byte"), "the file went away")
    case .notRegular: found(.artifactNotRegular, "a plain file", "something else")
    case .failed(let error): part.obstacles.append(Run.Obstacle(error, stage: .integrity))
    case .read(let sizeBytes, let digest):
      part.examined = min(sizeBytes, artifact.sizeBytes)
      if sizeBytes != artifact.sizeBytes {
        size(sizeBytes)
      } else if digest != artifact.digest {
        found(.checksumMismatch, "SHA-256 \(artifact.digest.short)", "SHA-256 \(digest.short)")
      }
    }
    func size(_ bytes: UInt64) {
      found(.sizeMismatch, Wording.count(artifact.sizeBytes, "byte"), Wording.count(bytes, "byte"))
    }
    return part
  }

  private func unexpected(_ manifest: Manifest, _ entries: [StoredEntry]) -> [Finding] {
    let named = Set(manifest.artifacts.map(\.name)).union(companions)
    return entries.filter { $0.kind != .folder && !named.contains($0.path) }.sorted { $0.path < $1.path }.map { entry in
      Finding(
        .artifactUnexpected, stage: .integrity, subject: Finding.Subject(backup: manifest.backup, artifact: entry.path),
        expected: "no such file", observed: "a \(entry.kind.rawValue) of \(Wording.count(entry.sizeBytes, "byte"))")
    }
  }
}
