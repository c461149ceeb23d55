public import DrillModel

/// When each retained backup was last read in full: a fold over recorded runs. What was not read lately is owed.
public struct VerificationDebt: Hashable, Sendable, Codable {
  public enum State: String, Sendable, Codable {
    /// Every byte was read, and is what was sealed.
    case read
    /// A run that came after found bytes or manifest wrong.
    case damaged
    /// Runs looked at it, none at every byte.
    case partly
    /// Runs looked at a backup of this name with another manifest.
    case exchanged
    case never
  }

  public struct Entry: Hashable, Sendable, Codable {
    public var backup: RetainedBackup
    public var state: State
    /// When the run that decides the state ended.
    public var readAt: Instant?
    public var fact: RecordedFact?
  }

  /// In the order of the backups that were given.
  public private(set) var entries: [Entry]

  /// - Parameter runs: in the ledger's order, of any clusters.
  public init(of backups: [RetainedBackup], runs: [Recorded<RunFinished>]) {
    var looked: [String: [(run: Recorded<RunFinished>, manifest: Digest?)]] = [:]
    for run in runs {
      for backup in run.body.backups { looked[backup.backup, default: []].append((run, backup.manifest)) }
    }
    entries = backups.map { backup in
      var entry = Entry(backup: backup, state: .never)
      for (run, manifest) in looked[backup.backup] ?? [] where run.body.cluster == backup.cluster {
        entry.take(run, manifest: manifest)
      }
      return entry
    }
  }

  /// Entries of which not every byte was read, and found as sealed, within `window` before `now`.
  public func owed(within window: Duration, at now: Instant) -> [Entry] {
    let start = now.advanced(by: .zero - window)
    return entries.filter { $0.state != .read || ($0.readAt ?? start) < start }
  }
}

extension VerificationDebt.Entry {
  fileprivate mutating func take(_ run: Recorded<RunFinished>, manifest: Digest?) {
    guard manifest == backup.manifest else {
      // A manifest that could not be read or verified has no digest: damage to this backup as far as anybody can tell.
      if manifest == nil, run.body.verdict == .fail {
        set(.damaged, run)
      } else if state == .never {
        set(.exchanged, run)
      }
      return
    }
    if let stage = run.body.firstFailingStage, stage <= .integrity {
      set(.damaged, run)
    } else if run.body.hasReadEveryByte {
      set(.read, run)
    } else if state == .never || state == .exchanged {
      set(.partly, run)
    }
  }

  private mutating func set(_ state: VerificationDebt.State, _ run: Recorded<RunFinished>) {
    self.state = state
    readAt = run.body.finishedAt
    fact = RecordedFact(run)
  }
}

extension RunFinished {
  /// Whether all stored bytes that the manifest names were read and hashed.
  var hasReadEveryByte: Bool {
    let parts = coverage.filter { $0.stage == .integrity && $0.coverage.unit == .bytes }.map(\.coverage)
    return !parts.isEmpty && parts.allSatisfy { $0.declared > 0 && $0.examined == $0.declared }
  }
}
