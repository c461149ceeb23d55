public import DrillModel

/// Where a record is, in which backups, and when it changed.
public struct LocateResult: Sendable, Codable {
  public var key: KeyName
  /// The records that have this key: one for each cluster and namespace that any of the backups holds it in.
  public var records: [Record]
  /// Every backup that was asked, oldest cut first.
  public var backups: [Backup]
  /// Findings of the ledger that name the key.
  public var findings: [NamedIn]

  /// Whether nothing can be said: it was not found, and not everything was read.
  public var isInconclusive: Bool {
    records.isEmpty && (backups.isEmpty || backups.contains { !$0.isReadInFull })
  }

  public struct Record: Sendable, Codable {
    /// Empty where the backups do not say.
    public var cluster: String
    public var engine: String
    public var namespace: String
    public var slot: Slot
    public var key: KeyName
    /// One for each backup of the cluster, oldest cut first.
    public var places: [Place]
  }

  /// A record in one backup.
  public struct Place: Sendable, Codable {
    public enum State: String, Sendable, Codable {
      /// Here, and in no backup before that was read in full.
      case appeared
      /// Here as in the backup before.
      case same
      /// Here with other content than in the backup before.
      case changed
      /// Here with the same content and another expiry.
      case expiryMoved = "expiry-moved"
      /// Not here, and all was read.
      case absent
      /// Not in this increment, which holds only what changed since its predecessor.
      case notInIncrement = "not-in-increment"
      /// Not found in what could be read of it.
      case unknown
    }
    public var catalog: String
    public var backup: String
    public var cut: Instant?
    public var state: State
    /// More than one where several shards hold it.
    public var copies: [Copy]
  }

  public struct Copy: Sendable, Codable, Hashable {
    public var shard: String
    public var artifact: String
    public var kind: String
    /// Of the record's canonical content, under the ledger's secret; the SHA-256 itself where keys are shown.
    public var digest: String
    public var expiresAt: Instant?
    /// It had expired at the cut: no server loads it.
    public var isExpired: Bool
    /// Whether the artifact's bytes are what was sealed; nil where no manifest says.
    public var isAsSealed: Bool?
  }

  public struct Backup: Sendable, Codable {
    public var catalog: String
    public var backup: String
    public var cluster: String?
    public var cut: Instant?
    /// `trusted` where a trusted key signed it, `not checked` where no key was named to check it with, else the finding's code.
    public var manifest: String
    public var isIncremental: Bool
    public var artifactsRead: Int
    /// What was not looked at, or cannot be relied on, and why.
    public var gaps: [Gap]

    public var isReadInFull: Bool { gaps.isEmpty }
  }

  public struct Gap: Sendable, Codable, Hashable {
    /// Nil: the backup as a whole.
    public var artifact: String?
    public var reason: String
  }

  public struct NamedIn: Sendable, Codable {
    public var finding: String
    public var code: FindingCode
    public var isOpen: Bool
  }
}
