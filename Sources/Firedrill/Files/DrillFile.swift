public import DrillChecks
public import DrillModel
import Foundation

/// A drill: what to restore, check, replay and require. `drills/README.md` documents every field.
public struct DrillFile: Sendable {
  public var name: String
  public var seed: UInt64
  /// The cluster that the backups are of; nil where ``production`` makes one.
  public var cluster: ClusterFile?
  /// A synthetic production to make, capture and disturb; for the shipped drills.
  public var production: ProductionFile?
  /// Folder of the catalog, absolute; nil: one of the run's own.
  public var catalog: String?
  /// The catalog where it lies elsewhere; ``catalog`` is nil then.
  public var remoteCatalog: RemoteCatalog?
  public var backups: BackupSelection
  /// Whether a manifest must be signed by a trusted key.
  public var requiresSignature: Bool
  /// Whose signatures count.
  public var trust: TrustSection
  /// Set where no artifact may be changeable where it lies: how that is asked.
  public var immutability: ImmutabilityProbe?
  /// What opens encoded backups; nil: no key.
  public var keys: KeySection?
  /// Take a backup first.
  public var capture: CaptureSection?
  public var sandbox: SandboxSection
  public var level: Level
  public var references: [ReferenceKind]
  public var workload: WorkloadFile?
  /// What the restored copy is put under once all else is compared, writes included; nil: nothing.
  public var load: WorkloadFile?
  /// What is asked about who may do what; nil: nothing.
  public var access: AccessRequirement?
  public var objectives: Objectives
  /// Faults that each run plants in copies, to see whether its checks find them; at least one.
  public var selfTestFaults = 5
  public var ledger: String?
  /// Who answers for what is found, and by when; nil where nobody is named.
  public var governance: Governance?
  /// Whom to tell of its runs.
  public var notify: [NotifyTarget] = []
  /// The text of the drill file and of all files that it names, by path relative to it: enough to run it again.
  public var texts: [String: String]

  public struct SandboxSection: Hashable, Sendable {
    public var isolation: Isolation = .folder
    /// Trials of the isolation that have to hold.
    public var proof: Set<IsolationTrial.Kind> = []
    /// Memory that the sandboxes may take together: shards are restored in waves within it.
    public var memoryBytes: UInt64?
    /// Restore only so many shards, drawn by seed; nil: all.
    public var shardSample: Int?
    /// Servers' executables, of which each shard gets the first that loads it; none: looked for on PATH.
    public var servers: [String] = []
    /// Modules that the servers load.
    public var modules: [String] = []
    public var folder: String?
    public var loadTimeout: Duration = .seconds(600)
  }

  /// A catalog behind rclone, and how it is fetched.
  public struct RemoteCatalog: Hashable, Sendable {
    public var remote: RcloneRemote
    public var settings: RcloneSettings
  }

  public struct CaptureSection: Hashable, Sendable {
    /// Go on recording what changes until the live snapshot has been taken.
    public var follows: Bool
    /// Private key to seal with; nil only beside ``production``, where the run makes one of its own.
    public var key: String?
    /// Take an increment on this backup, an id or `latest`; nil: a full backup.
    public var on: String?
    /// The backup's retention class.
    public var retention: String?
    /// Why it is taken; nil: the drill takes it.
    public var rationale: String?
    /// How it is stored; nil: as the cluster file says.
    public var encoding: EncodingSection?
  }

  public enum AccessRequirement: Hashable, Sendable {
    /// What the backup holds, which the restored servers have to keep to.
    case captured
    /// The list in this file, which the backup and the restored servers have to keep to; absolute.
    case expected(String)
    /// SQLite: the mode that production's files have, such as `0640`.
    case mode(String)
  }

  public enum BackupSelection: Hashable, Sendable {
    case latest
    case id(String)
    /// The newest whose cut is not after the time; where an increment goes on from it past the time, its chain up to the time.
    case at(Instant)
    /// A chain up to a point; `tip` is the last backup of it, nil the newest of the catalog.
    case point(tip: String?, ChainPoint)
    /// What a migration's events say of a stage; `migration` nil: the newest one.
    case checkpoint(String, migration: String?, tip: String?)
    /// The oldest whose cut is after the time.
    case after(Instant)
    /// So many over all ages, drawn by seed.
    case sample(count: Int, seed: UInt64)
    /// The newest whose cut is before the time, and the oldest after it: each side of a change of keys.
    case rotation(Instant)
    /// One that nobody sealed.
    case unsealed(UnsealedSelection)

    public var isUnsealed: Bool { if case .unsealed = self { true } else { false } }
  }

  public enum ReferenceKind: Hashable, Sendable {
    case captured
    case live
    case backup(String)

    public var name: String {
      switch self {
      case .captured: "captured"
      case .live: "live"
      case .backup(let id): "backup \(id)"
      }
    }
  }

  /// Whether a run connects to the live cluster at all.
  var touchesLive: Bool { capture != nil || references.contains(.live) }

  /// - Throws: `DrillError`: `bad-file` with file, line and column.
  public static func read(path: String) throws -> DrillFile { try DrillFileReader(path: path).drill() }

  /// Reads a drill from the texts that a ledger kept; `name` is the key of the drill file among them.
  public static func read(texts: [String: String], name: String, folder: String) throws -> DrillFile {
    try DrillFileReader(texts: texts, name: name, folder: folder).drill()
  }
}
