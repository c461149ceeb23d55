import DrillModel

/// One way in which a finding was seen: what a run has to have looked at, without seeing it, so that it no longer stands.
struct Sighting {
  let code: FindingCode
  let stage: Stage
  let subject: Finding.Subject
  let drill: String
  let cluster: String
  private let seed: UInt64
  /// What the run that saw it had looked at; nil where that was not recorded.
  private let examined: Run.Examined?
  /// What the run had measured for the objective that the finding is about.
  private let objective: Run.Objective?
  /// Names of what the run had compared and counted.
  private let parts: Set<String>

  static let backupPrefix = "backup "

  init(_ finding: RecordedFinding, in run: RunFinished) {
    code = finding.code
    stage = finding.stage
    subject = finding.subject
    drill = run.drill
    cluster = run.cluster
    seed = run.seed
    examined = run.examined
    objective = finding.code.objective.flatMap { kind in run.objectives.first { $0.kind == kind } }
    parts = finding.code.parts(of: run)
  }

  /// A finding about stored bytes is about that backup alone; any other one is about the cluster, whichever backup showed it.
  var isAboutStoredBytes: Bool { stage <= .decode }

  /// Whether `run` looked at all that the run of this sighting had looked at and that bears on the finding.
  ///
  /// - Parameter withAnySeed: also where the run drew its questions with another seed.
  func isRepeated(by run: RunFinished, withAnySeed: Bool = false) -> Bool {
    // The drill's selection was answered: a run that begins has found its backup.
    if code == .backupMissing { return run.drill == drill }
    guard let looked = run.examined else { return false }
    if isAboutStoredBytes { return isStoredBackup(of: run, looked) }
    if let kind = code.objective { return isMeasured(kind, by: run, looked) }
    guard looked.stages.contains(stage), isPlace(in: looked, of: run) else { return false }
    // A run without a load, or with another one, says nothing of answers under load.
    if code == .answerDiffersUnderLoad {
      return run.seed == seed
        && run.coverage.contains {
          $0.stage == .replay && $0.coverage.unit == .answers && $0.coverage.examined == $0.coverage.declared
            && $0.coverage.examined > 0
        }
    }
    // Nor does one that did not ask who may do what say anything of that.
    if code.isAboutAccess {
      return run.coverage.contains {
        $0.of == Run.StageCoverage.access && $0.coverage.examined > 0 && $0.coverage.examined == $0.coverage.declared
      }
    }
    return stage < .compare || isCompared(by: run, looked, withAnySeed: withAnySeed)
  }

  // MARK: Stored bytes

  private func isStoredBackup(of run: RunFinished, _ looked: Run.Examined) -> Bool {
    guard let backup = subject.backup else { return false }
    if code == .artifactMutable {
      // Only where a run asks for it is it looked at, whatever became of the bytes.
      return run.coverage.contains {
        $0.of == "immutability, \(backup)" && $0.coverage.examined > 0 && $0.coverage.examined == $0.coverage.declared
      }
    }
    if let examined = run.backups.first(where: { $0.holds(backup) }), looked.stages.contains(stage) {
      if examined.unsealed != nil, stage <= .integrity, code != .artifactNotRegular {
        // Without a manifest nothing was held against one; without a list of digests no byte against anything.
        let bytes = run.coverage.filter { $0.stage == .integrity && $0.coverage.unit == .bytes }.map(\.coverage)
        return stage == .integrity && !bytes.isEmpty && bytes.allSatisfy { $0.examined == $0.declared }
      }
      // Of a chain's last link no more was read than leads to the point.
      if stage > .integrity, examined.backup == backup, examined.chain?.point ?? .end != .end { return false }
      // A drill that trusts nobody sees nothing wrong with a signature.
      return !code.isAboutSignature || run.level >= .bytes
    }
    // A backup that serves as a reference is hashed and its signature checked before it is compared with.
    return stage <= .integrity && !code.isAboutSignature
      && looked.references.contains(Sighting.backupPrefix + backup)
  }

  // MARK: What was restored

  /// The place that the finding names; where it names none, all that was restored when it was seen.
  private func isPlace(in looked: Run.Examined, of run: RunFinished) -> Bool {
    if let shard = subject.shard, !looked.shards.contains(shard) { return false }
    if let slot = subject.slot, !looked.slots.contains(slot) { return false }
    return subject.shard != nil || subject.slot != nil || isWhole(run, looked)
  }

  /// All shards of the backup, or at least all that had been restored when the finding was seen.
  private func isWhole(_ run: RunFinished, _ looked: Run.Examined) -> Bool {
    let stated = run.backups.compactMap(\.stated).flatMap(\.shards)
    if !stated.isEmpty, Set(looked.shards).isSuperset(of: stated) { return true }
    // What a server refused is not among what had been restored.
    if stage == .restore {
      let restored = run.coverage.filter { $0.stage == .fingerprint && $0.coverage.examined > 0 }
      return !restored.isEmpty && !restored.contains { $0.coverage.skipped.keys.contains { $0.leavesOutShards } }
    }
    guard let examined else { return false }
    return Set(looked.shards).isSuperset(of: examined.shards) && examined.slots.subtracting(looked.slots).isEmpty
  }

  // MARK: Comparisons

  /// The same references were compared with, and nothing was left out in which the finding could have been.
  private func isCompared(by run: RunFinished, _ looked: Run.Examined, withAnySeed: Bool) -> Bool {
    guard let examined else { return false }
    var references = examined.references.filter { code.isShown(by: $0) }
    // Which of them showed it is not known; all of them have to be asked again.
    if references.isEmpty { references = examined.references }
    guard Set(looked.references).isSuperset(of: references), code.parts(of: run).isSuperset(of: parts) else {
      return false
    }
    let isLive = references.contains { !$0.hasPrefix("captured") }
    if isLive, !looked.stages.contains(.drift) { return false }
    switch code {
    case .answerDiffers:
      // The seed draws the questions that a live store is asked; a captured sheet brings its own.
      return !leavesOutAnswer(run, looked) && (withAnySeed || !isLive || run.seed == seed)
    case .countDiffers:
      return !run.coverage.contains { $0.of.hasPrefix("counts, ") && $0.coverage.skipped[.notReferenced] != nil }
    case .driftUnexplained:
      // A difference of which nobody can say whether it is explained may be this one.
      return !run.drift.contains { $0.attribution == .ambiguous && $0.count > 0 }
    default: return true
    }
  }

  /// Whether the question that was answered otherwise may be among those that were not compared.
  private func leavesOutAnswer(_ run: RunFinished, _ looked: Run.Examined) -> Bool {
    let reasons = Set(
      run.coverage.filter { $0.coverage.unit == .answers && $0.stage == .compare }.flatMap(\.coverage.skipped.keys))
    guard let unanswered = looked.unanswered else { return reasons.contains { $0 != .notSampled } }
    // These are known by their slots; what else was left out was never put.
    let known: Set<SkipReason> = [.notSampled, .indeterminate, .explained]
    return !reasons.isSubset(of: known) || subject.slot.map(unanswered.contains) ?? !unanswered.isEmpty
  }

  // MARK: Objectives

  /// Measured again, as strictly, over as much.
  private func isMeasured(_ kind: Run.Objective.Kind, by run: RunFinished, _ looked: Run.Examined) -> Bool {
    guard let again = run.objectives.first(where: { $0.kind == kind }), again.measured != nil else { return false }
    if run.drill != drill, let objective, !again.isAsStrict(as: objective) { return false }
    guard code.parts(of: run).isSuperset(of: parts) else { return false }
    // Verified cuts are counted from the ledger, whatever this run restored; and how much was restored is what coverage measures.
    return kind == .recoveryPoint || kind == .coverage || isWhole(run, looked)
  }

  // MARK: Subjects

  /// Whether what was found about `other` may be, or hold, what this is about: they agree in all that both name.
  func mayBePart(of other: Finding.Subject) -> Bool {
    func agree<T: Equatable>(_ path: KeyPath<Finding.Subject, T?>) -> Bool {
      guard let own = subject[keyPath: path], let others = other[keyPath: path] else { return true }
      return own == others
    }
    return (!isAboutStoredBytes || agree(\.backup)) && agree(\.shard) && agree(\.artifact) && agree(\.namespace)
      && agree(\.slot) && agree(\.key)
  }
}

extension FindingCode {
  /// The objective that is not met.
  var objective: Run.Objective.Kind? {
    switch self {
    case .restoreTimeExceeded: .restoreTime
    case .recoveryPointExceeded: .recoveryPoint
    case .driftExceeded: .drift
    case .mismatchesExceeded: .mismatches
    case .coverageShort: .coverage
    default: nil
    }
  }

  fileprivate var isAboutSignature: Bool {
    switch self {
    case .manifestUnsigned, .signatureInvalid, .signatureUntrusted, .signatureRevoked, .signatureOutOfTime,
      .signatureWrongPurpose, .signaturesTooFew:
      true
    default: false
    }
  }

  /// Whether a comparison with a reference of this name can show such a difference.
  fileprivate func isShown(by reference: String) -> Bool {
    let isAnswers = reference.hasSuffix(" answers")
    switch self {
    case .answerDiffers: return isAnswers
    case .contentDiffers, .countDiffers: return reference == "captured"
    default: return !isAnswers && reference != "captured"
    }
  }

  /// Names of what was examined that can show such a finding, as the run's coverage has them.
  fileprivate func parts(of run: RunFinished) -> Set<String> {
    let prefix: String? =
      switch self {
      case .countDiffers: "counts, "
      case .contentDiffers: "content, "
      case .answerDiffers, .mismatchesExceeded: "answers, "
      case .driftUnexplained, .driftExceeded: "records, "
      case .coverageShort: ""
      default: nil
      }
    guard let prefix else { return [] }
    // What was explained away comes and goes.
    return Set(
      run.coverage.filter { $0.of.hasPrefix(prefix) && Set($0.coverage.skipped.keys) != [.explained] }
        .filter { self == .coverageShort || $0.coverage.examined > 0 }.map(\.of))
  }
}

extension SkipReason {
  fileprivate var leavesOutShards: Bool { self == .notSampled || self == .stageNotRun }
}

extension Run.Objective {
  fileprivate func isAsStrict(as other: Run.Objective) -> Bool {
    kind == .coverage ? target >= other.target : target <= other.target
  }
}
