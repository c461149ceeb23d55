internal import DrillCrypto
public import DrillModel

/// Attributes the differences between a restored backup and a later snapshot of its cluster.
///
/// A difference is explained only by evidence inside the window between cut and snapshot that could have said
/// otherwise:
///
/// | what is known of the key | attribution | cause |
/// |---|---|---|
/// | only the backup holds it; its expiry lies after the cut, not after the snapshot | explained | `expiredSinceCut` |
/// | the change log covers the window and names it, and its changes lead to the snapshot's | explained | `rolledForward` |
/// | … and its changes lead to something else | unexplained | `differsRolledForward` |
/// | … and nobody can tell what its changes lead to | explained | `changedAfterCut` |
/// | its version lies past the cut | explained | `versionAfterCut` |
/// | the change log covers the window and does not name it | unexplained | `notInChangeLog` |
/// | its slot moved in the window, and its expiry alone, within the bound | explained | `movedWithSlot` |
/// | its version does not lie past the cut | unexplained | `versionBeforeCut` |
/// | it is gone, and deletions carry no version | ambiguous | `deletionUnversioned` |
/// | nothing covers the window | ambiguous | `noChangeLog` |
///
/// A record that is as it was restored, and that the recorded changes would have made another, is unexplained too
/// (`differsRolledForward`). What was rolled forward was examined; what is explained otherwise was not compared.
///
/// Differences come in chunks (``add(_:)``); what is kept of them is counts and a few samples.
public struct DriftCheck: Sendable {
  /// When the backup's cut was, and when the snapshot was taken that it is held against.
  public struct Window: Sendable, Hashable {
    public var cut: Instant
    public var reference: Instant
    /// Slots that changed their shard in between, as recorded by the topology.
    public var movedSlots: SlotSet
    /// Milliseconds by which a move may shift an expiry.
    public var expiryBoundMs: Int64

    public init(cut: Instant, reference: Instant, movedSlots: SlotSet = SlotSet(), expiryBoundMs: Int64 = 0) {
      self.cut = cut
      self.reference = reference
      self.movedSlots = movedSlots
      self.expiryBoundMs = expiryBoundMs
    }
  }

  public struct Result: Sendable {
    public var judgement: Judgement
    public var tallies: [Run.DriftTally]
    /// A few of each attribution, chosen by the seed.
    public var samples: [Drift]
  }

  private let backup: String
  private let window: Window
  private let evidence: (any ChangeEvidence)?
  private let sampleSize: Int
  private let hash: SipHash
  private var counts: [Group: UInt64] = [:]
  /// Of the explained ones: those of which nobody can tell what the recorded changes make of them.
  private var notModelled: UInt64 = 0
  /// Records that are as they were restored, and differ where the recorded changes were made.
  private var reopened: UInt64 = 0
  private var findings: [Finding] = []
  private var samples: [Drift.Attribution: [(hash: UInt64, drift: Drift)]] = [:]

  private struct Group: Hashable {
    let kind: Drift.Kind
    let attribution: Drift.Attribution
    let cause: Drift.Cause
  }

  /// - Parameters:
  ///   - evidence: what accounts for changes since the cut; nil: nothing does, and differences are ambiguous.
  ///   - seed: chooses the samples.
  ///   - sampleSize: how many of each attribution.
  public init(backup: String, window: Window, evidence: (any ChangeEvidence)?, seed: UInt64 = 0, sampleSize: Int = 10) {
    self.backup = backup
    self.window = window
    self.evidence = evidence
    self.sampleSize = sampleSize
    hash = SipHash(seed: seed)
  }

  /// Takes differences between the restored backup (left) and the snapshot (right).
  ///
  /// - Parameter rolled: the same slots, where the recorded changes were made on what was restored.
  public mutating func add(_ diff: KeyDiff, rolled: RolledKeys? = nil) {
    for difference in diff.differences { add(difference, rolled) }
    guard let rolled, !rolled.differences.isEmpty else { return }
    let seen = Set(diff.differences.map { ReadFacts.RecordName(namespace: $0.namespace, key: $0.key) })
    for difference in rolled.differences
    where !seen.contains(.init(namespace: difference.namespace, key: difference.key)) && !isExpired(difference) {
      if difference.kind != .removed { reopened += 1 }
      note(
        Drift(
          kind: difference.kind, attribution: .unexplained, cause: .differsRolledForward,
          namespace: difference.namespace, slot: difference.slot, key: .clear(difference.key)), key: difference.key)
    }
  }

  /// Takes libraries that differ. Where the evidence says nothing of them, they are ambiguous.
  ///
  /// - Parameter rolled: those that differ even after the recorded changes were made; nil: none were.
  public mutating func add(libraries: [String], rolled: [String]? = nil) {
    for name in Set(libraries).union(rolled ?? []).sorted() {
      let (attribution, cause): (Drift.Attribution, Drift.Cause) =
        if let rolled {
          rolled.contains(name) ? (.unexplained, .differsRolledForward) : (.explained, .rolledForward)
        } else {
          attribute(library: name)
        }
      note(
        Drift(
          kind: .changed, attribution: attribution, cause: cause, namespace: "library", slot: Slot(0),
          key: .clear(Array(name.utf8))), key: Array(name.utf8))
    }
  }

  private func attribute(library name: String) -> (Drift.Attribution, Drift.Cause) {
    switch evidence?.evidence(library: name) ?? .unknown {
    case .changed: (.explained, .changedAfterCut)
    case .version(isPastCut: true): (.explained, .versionAfterCut)
    case .version(isPastCut: false): (.unexplained, .versionBeforeCut)
    case .unchanged: (.unexplained, .notInChangeLog)
    case .deletedUnversioned, .unknown: (.ambiguous, .noChangeLog)
    }
  }

  private mutating func add(_ difference: KeyDiff.Difference, _ rolled: RolledKeys?) {
    var (attribution, cause) = attribute(difference)
    if cause == .changedAfterCut, let rolled {
      switch rolled.state(of: difference) {
      case .equal: cause = .rolledForward
      case .differing: (attribution, cause) = (.unexplained, .differsRolledForward)
      case .notModelled: notModelled += 1
      case .notCompared: break
      }
    }
    note(
      Drift(
        kind: difference.kind, attribution: attribution, cause: cause, namespace: difference.namespace,
        slot: difference.slot, key: .clear(difference.key)), key: difference.key)
  }

  /// The table above, in its order.
  func attribute(_ difference: KeyDiff.Difference) -> (Drift.Attribution, Drift.Cause) {
    if isExpired(difference) { return (.explained, .expiredSinceCut) }
    let fact =
      evidence?.evidence(namespace: difference.namespace, key: difference.key, slot: difference.slot) ?? .unknown
    switch fact {
    case .changed: return (.explained, .changedAfterCut)
    case .version(isPastCut: true): return (.explained, .versionAfterCut)
    case .unchanged, .version(isPastCut: false), .deletedUnversioned, .unknown: break
    }
    // A move writes the key anew, and a log that covers the window names it.
    if fact == .unchanged { return (.unexplained, .notInChangeLog) }
    if isMovedExpiry(difference) { return (.explained, .movedWithSlot) }
    switch fact {
    case .version: return (.unexplained, .versionBeforeCut)
    case .deletedUnversioned: return (.ambiguous, .deletionUnversioned)
    case .changed, .unchanged, .unknown: return (.ambiguous, .noChangeLog)
    }
  }

  private func isExpired(_ difference: KeyDiff.Difference) -> Bool {
    guard difference.kind == .removed, let expiry = difference.leftExpiry else { return false }
    return expiry > window.cut.millisecondsSince1970 && expiry <= window.reference.millisecondsSince1970
  }

  private func isMovedExpiry(_ difference: KeyDiff.Difference) -> Bool {
    guard difference.kind == .expiryMoved, window.movedSlots.contains(difference.slot),
      let before = difference.leftExpiry,
      let after = difference.rightExpiry
    else { return false }
    let (shift, isOver) = after.subtractingReportingOverflow(before)
    return !isOver && shift.magnitude <= window.expiryBoundMs.magnitude
  }

  private mutating func note(_ drift: Drift, key: [UInt8]) {
    counts[Group(kind: drift.kind, attribution: drift.attribution, cause: drift.cause), default: 0] += 1
    if drift.attribution == .unexplained, findings.count < Judgement.findingLimit { findings.append(finding(drift)) }
    var kept = samples[drift.attribution] ?? []
    kept.append((hash.hash(key), drift))
    if kept.count > sampleSize * 2 + 8 { kept = DriftCheck.smallest(kept, sampleSize) }
    samples[drift.attribution] = kept
  }

  private static func smallest(_ samples: [(hash: UInt64, drift: Drift)], _ size: Int) -> [(hash: UInt64, drift: Drift)]
  {
    Array(
      samples.sorted {
        ($0.hash, $0.drift.namespace, $0.drift.kind.rawValue) < ($1.hash, $1.drift.namespace, $1.drift.kind.rawValue)
      }
      .prefix(size))
  }

  private func finding(_ drift: Drift) -> Finding {
    Finding(
      .driftUnexplained, stage: .drift,
      subject: Finding.Subject(backup: backup, namespace: drift.namespace, slot: drift.slot, key: drift.key),
      expected: "equal, or a recorded cause", observed: "\(drift.kind.rawValue): \(drift.cause.rawValue)")
  }

  /// - Parameters:
  ///   - equalRecords: records that were found equal on both sides.
  ///   - independentReaders: readers behind the comparison.
  public func finish(equalRecords: UInt64, independentReaders: Int, reference: String = "live") throws -> Result {
    var judgement = Judgement()
    judgement.findings = findings
    let unexplained = count(.unexplained)
    if unexplained > UInt64(findings.count) {
      judgement.findings.append(
        Finding(
          .driftUnexplained, stage: .drift, subject: Finding.Subject(backup: backup), expected: "none",
          observed: "\(unexplained - UInt64(findings.count)) more of these"))
    }
    let verified = counts.reduce(0) { $0 + ($1.key.cause == .rolledForward ? $1.value : 0) }
    let explained = count(.explained) - verified
    let examined = equalRecords - min(reopened, equalRecords) + unexplained + count(.ambiguous) + verified
    judgement.coverage.append(
      Run.StageCoverage(
        .drift, of: "records, \(reference)",
        try Coverage(
          .records, declared: examined + explained, examined: examined,
          skipped: [.explained: explained - notModelled, .notModelled: notModelled])))
    judgement.comparisons.append(
      Run.Comparison(
        .drift, left: "sandbox", right: reference, independentReaders: independentReaders, isEqual: counts.isEmpty))
    return Result(judgement: judgement, tallies: tallies, samples: chosen)
  }

  private func count(_ attribution: Drift.Attribution) -> UInt64 {
    counts.reduce(0) { $0 + ($1.key.attribution == attribution ? $1.value : 0) }
  }

  private var tallies: [Run.DriftTally] {
    counts.map {
      Run.DriftTally(kind: $0.key.kind, attribution: $0.key.attribution, cause: $0.key.cause, count: $0.value)
    }
    .sorted {
      ($0.attribution.rawValue, $0.kind.rawValue, $0.cause.rawValue)
        < ($1.attribution.rawValue, $1.kind.rawValue, $1.cause.rawValue)
    }
  }

  private var chosen: [Drift] {
    [Drift.Attribution.unexplained, .ambiguous, .explained].flatMap { attribution in
      DriftCheck.smallest(samples[attribution] ?? [], sampleSize).map(\.drift)
    }
  }
}
