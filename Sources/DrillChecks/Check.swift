package import DrillModel

/// What is judged, each by itself: a judge, or the part of one that could be left out alone. Every finding comes from exactly one.
package enum Check: String, CaseIterable, Sendable {
  /// The catalog holds the backup, or the point of a chain, that is asked for.
  case selection
  case manifestForm = "manifest-form"
  case signature
  /// For what, from when to when and with how many others a key is trusted.
  case trust
  /// The manifest is the one that an earlier run saw.
  case replacement
  /// The manifest is of the backup, cluster and engine that it stands for.
  case identity
  case chain
  /// The backup is of the topology that is expected.
  case expectedTopology = "expected-topology"
  case presence
  case strangers
  case fileKind = "file-kind"
  case size
  case digest
  case immutability
  /// A key that recovery reaches opens what is encrypted.
  case keys
  /// What is beneath an artifact's encodings is what was sealed.
  case encodings
  case decoding
  case formatChecksum = "format-checksum"
  case formatEnd = "format-end"
  case version
  case database
  case foreignKeys = "foreign-keys"
  case increments
  case slotCoverage = "slot-coverage"
  case placement
  case overlap
  case doubles
  case loading
  case readBack = "read-back"
  /// Users, rules and modes are those that are expected.
  case accessRules = "access-rules"
  /// What users can do, as tried.
  case accessTrials = "access-trials"
  case content
  case counts
  case lostRecords = "lost-records"
  case answers
  case answersUnderLoad = "answers-under-load"
  case drift
  case restoreTime = "restore-time"
  case recoveryPoint = "recovery-point"
  case driftAmount = "drift-amount"
  case mismatches
  case share
  /// Who owns which slots, and which moves there can be.
  case ownership
  case moveMarks = "move-marks"
  case staleViews = "stale-views"
  case retention

  /// The check that a finding comes from.
  package init(_ code: FindingCode) {
    self =
      switch code {
      case .backupMissing: .selection
      case .retentionBreaksChain, .retentionDropsCheckpoint, .retentionDropsVerified: .retention
      case .manifestUnreadable: .manifestForm
      case .manifestUnsigned, .signatureInvalid, .signatureUntrusted: .signature
      case .signatureRevoked, .signatureOutOfTime, .signatureWrongPurpose, .signaturesTooFew: .trust
      case .manifestReplaced: .replacement
      case .manifestMismatch: .identity
      case .topologyStale: .expectedTopology
      case .chainGap, .chainCycle, .chainFork, .chainOverlap, .chainSwapped, .chainRepeated, .chainForeign,
        .chainEpoch:
        .chain
      case .artifactMissing: .presence
      case .artifactUnexpected: .strangers
      case .artifactNotRegular: .fileKind
      case .sizeMismatch: .size
      case .checksumMismatch: .digest
      case .artifactMutable: .immutability
      case .keyMissing, .keyWrong, .keyRevoked: .keys
      case .encodingDamaged, .encodingOversized: .encodings
      case .artifactUnreadable: .decoding
      case .formatChecksumMismatch: .formatChecksum
      case .trailingBytes: .formatEnd
      case .versionUnsupported: .version
      case .databaseCorrupt: .database
      case .foreignKeyViolated: .foreignKeys
      case .incrementConflict: .increments
      case .coverageHole: .slotCoverage
      case .slotMisplaced: .placement
      case .slotOverlap: .overlap
      case .recordDouble: .doubles
      case .restoreRejected: .loading
      case .restoredDiffers: .readBack
      case .accessDiffers: .accessRules
      case .accessOpen, .accessExcess, .accessDenied: .accessTrials
      case .contentDiffers: .content
      case .countDiffers: .counts
      case .recordLost: .lostRecords
      case .answerDiffers: .answers
      case .answerDiffersUnderLoad: .answersUnderLoad
      case .driftUnexplained: .drift
      case .restoreTimeExceeded: .restoreTime
      case .recoveryPointExceeded: .recoveryPoint
      case .driftExceeded: .driftAmount
      case .mismatchesExceeded: .mismatches
      case .coverageShort: .share
      case .slotUnowned, .slotContested: .ownership
      case .moveOneSided: .moveMarks
      case .viewStale: .staleViews
      }
  }
}
