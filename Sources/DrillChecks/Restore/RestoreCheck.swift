public import DrillModel

/// Judges a server's refusal to load a backup.
public enum RestoreCheck {
  /// `restore-rejected`, or `version-unsupported` where the server says that the format is beyond it.
  public static func check(_ rejection: RestoreRejected, backup: String) -> Finding {
    let words = rejection.serverLines.isEmpty ? "it said nothing" : rejection.serverLines.joined(separator: " | ")
    let subject = Finding.Subject(backup: backup, shard: rejection.shard)
    guard !rejection.isVersion else { return versionUnsupported(subject, stage: .restore, words) }
    return Finding(
      .restoreRejected, stage: .restore, subject: subject, expected: "a server that loads it", observed: words)
  }

  static func versionUnsupported(_ subject: Finding.Subject, stage: Stage, _ observed: String) -> Finding {
    Finding(
      .versionUnsupported, stage: stage, subject: subject, expected: "a format version that can be loaded",
      observed: observed)
  }
}
