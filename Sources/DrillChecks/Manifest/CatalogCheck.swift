public import DrillModel

/// Judges whether the catalog holds what the drill selects.
public enum CatalogCheck {
  /// - Parameter selection: what was asked for, in words: `backup shop-20260101T000000Z-0a1b2c`.
  public static func missing(_ selection: String) -> Finding {
    Finding(.backupMissing, stage: .catalog, expected: selection, observed: "the catalog holds no such backup")
  }

  public static func missingArtifact(_ artifact: Artifact, of backup: String, _ observed: String) -> Finding {
    Finding(
      .artifactMissing, stage: .integrity,
      subject: Finding.Subject(backup: backup, shard: artifact.shard, artifact: artifact.name),
      expected: "an artifact that can be read", observed: observed)
  }

  /// - Parameter backup: the last of the chain that does not reach the point.
  public static func unreachable(_ expected: String, _ observed: String, backup: String) -> Finding {
    Finding(
      .backupMissing, stage: .manifest, subject: Finding.Subject(backup: backup), expected: expected, observed: observed
    )
  }
}
