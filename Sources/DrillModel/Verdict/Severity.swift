/// How urgent a finding is: it decides the deadline by which it must be resolved.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable, CodingKeyRepresentable {
  /// The backup is tampered with, or restores wrong data.
  case critical
  /// The backup, or a part of it, does not restore.
  case high
  /// It restores, but later, older or less examined than was asked.
  case medium
  /// Untidy; nothing is lost.
  case low

  /// Less urgent first.
  public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
  private var rank: Int { Severity.allCases.count - (Severity.allCases.firstIndex(of: self) ?? 0) }
}

extension FindingCode {
  /// Whether it says who may do what, and nothing of records.
  public var isAboutAccess: Bool {
    switch self {
    case .accessDiffers, .accessOpen, .accessExcess, .accessDenied: true
    default: false
    }
  }

  public var severity: Severity {
    switch self {
    case .signatureInvalid, .signatureUntrusted, .signatureRevoked, .manifestMismatch, .manifestReplaced,
      .restoredDiffers, .contentDiffers, .countDiffers,
      .recordLost,
      .answerDiffers, .answerDiffersUnderLoad, .driftUnexplained, .chainSwapped, .incrementConflict, .encodingOversized,
      .accessOpen, .accessExcess:
      .critical
    case .backupMissing, .retentionBreaksChain, .retentionDropsCheckpoint, .retentionDropsVerified, .manifestUnreadable,
      .manifestUnsigned, .signatureOutOfTime, .signatureWrongPurpose, .signaturesTooFew, .chainGap, .artifactMissing,
      .artifactNotRegular,
      .sizeMismatch, .checksumMismatch, .artifactUnreadable, .formatChecksumMismatch, .databaseCorrupt,
      .foreignKeyViolated, .coverageHole, .slotMisplaced, .slotOverlap, .recordDouble, .restoreRejected, .chainCycle,
      .chainOverlap, .chainRepeated, .chainForeign, .chainEpoch, .slotUnowned, .slotContested, .moveOneSided,
      .keyMissing, .keyWrong, .encodingDamaged, .accessDiffers, .accessDenied:
      .high
    case .topologyStale, .versionUnsupported, .restoreTimeExceeded, .recoveryPointExceeded, .driftExceeded,
      .mismatchesExceeded, .coverageShort, .artifactMutable, .chainFork, .viewStale, .keyRevoked:
      .medium
    case .artifactUnexpected, .trailingBytes: .low
    }
  }
}
