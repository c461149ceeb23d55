public import DrillModel

/// Judges whether the catalog holds what the drill selects.
public enum CatalogCheck {
  /// - Parameters:
  ///   - selection: what was asked for: an id, a time, a checkpoint.
  ///   - observed: why there is none.
  public static func missing(_ selection: String, _ observed: String) -> Finding {
    Finding(
      .backupMissing, stage: .catalog, expected: "the backup that the drill selects: \(selection)", observed: observed)
  }

  public static func missingArtifact(_ artifact: Artifact, of backup: String, _ observed: String) -> Finding {
    Finding(
      .artifactMissing, stage: .integrity,
      subject: Finding.Subject(backup: backup, shard: artifact.shard, artifact: artifact.name),
      expected: "an artifact that can be read", observed: observed)
  }

  /// Holds a backup's signed statement against the one that an earlier run found under the same name; nil where it is that one.
  public static func replaced(_ backup: String, was before: Digest, in run: String, now: Digest) -> Finding? {
    guard before != now else { return nil }
    return Finding(
      .manifestReplaced, stage: .manifest, subject: Finding.Subject(backup: backup),
      expected: "statement \(before.short), as run \(run) found it", observed: "statement \(now.short)")
  }

  /// - Parameter backup: the last of the chain that does not reach the point.
  public static func unreachable(_ expected: String, _ observed: String, backup: String) -> Finding {
    Finding(
      .backupMissing, stage: .manifest, subject: Finding.Subject(backup: backup), expected: expected, observed: observed
    )
  }
}
