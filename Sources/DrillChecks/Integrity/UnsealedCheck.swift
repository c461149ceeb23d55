public import DrillCrypto
public import DrillModel

/// Judges the files of a backup that nobody sealed: that all could be read, and what a list of digests says of them, where there is one.
public enum UnsealedCheck {
  /// - Parameters:
  ///   - manifest: made up from what the files tell.
  ///   - irregular: what lies beside the artifacts and is no plain file.
  ///   - listed: what a list of digests finds wrong; nil where there is none: then no byte counts as examined, though all were read.
  public static func check(
    _ manifest: Manifest, irregular: [StoredEntry], measured: [String: ArtifactHasher.Measurement], listed: [Finding]?
  ) throws -> Judgement {
    var judgement = Judgement()
    judgement.findings = listed ?? []
    let unlisted = Set((listed ?? []).filter { $0.code == .artifactUnexpected }.compactMap(\.subject.artifact))
    var examined: UInt64 = 0
    var skipped: [SkipReason: UInt64] = [:]
    for artifact in manifest.artifacts {
      let subject = Finding.Subject(backup: manifest.backup, shard: artifact.shard, artifact: artifact.name)
      func found(_ code: FindingCode, _ expected: String, _ observed: String) {
        judgement.findings.append(
          Finding(code, stage: .integrity, subject: subject, expected: expected, observed: observed))
      }
      switch measured[artifact.name] {
      case .read(let sizeBytes, _):
        guard sizeBytes == artifact.sizeBytes else {
          found(
            .sizeMismatch, "\(Wording.count(artifact.sizeBytes, "byte")), as when it was found",
            "\(Wording.count(sizeBytes, "byte")): somebody writes to it")
          skipped[.artifactUnavailable, default: 0] += artifact.sizeBytes
          continue
        }
        if listed != nil, !unlisted.contains(artifact.name) {
          examined += artifact.sizeBytes
        } else {
          skipped[.unsealed, default: 0] += artifact.sizeBytes
        }
        continue
      case .missing, nil: found(.artifactMissing, Wording.count(artifact.sizeBytes, "byte"), "the file went away")
      case .notRegular: found(.artifactNotRegular, "a plain file", "something else")
      case .failed(let error): judgement.obstacles.append(Run.Obstacle(error, stage: .integrity))
      }
      skipped[.artifactUnavailable, default: 0] += artifact.sizeBytes
    }
    judgement.findings += irregular.map { entry in
      Finding(
        .artifactNotRegular, stage: .integrity,
        subject: Finding.Subject(backup: manifest.backup, artifact: entry.path), expected: "a plain file",
        observed: "a \(entry.kind == .other ? "device or pipe" : entry.kind.rawValue), which is not followed")
    }
    let declared = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
    judgement.coverage.append(
      Run.StageCoverage(
        .integrity, of: "artifacts", try Coverage(.bytes, declared: declared, examined: examined, skipped: skipped)))
    return judgement
  }
}
