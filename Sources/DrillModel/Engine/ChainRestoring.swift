/// An engine that restores chains: a full backup and the increments on it, up to a point.
public protocol ChainRestoring: Engine {
  /// Whether a chain can be restored to points between its links' cuts. Where it cannot, a time is rounded down to the
  /// newest cut at or before it.
  var restoresWithinLinks: Bool { get }

  /// What an increment's data artifact says of itself; facts, judged elsewhere.
  ///
  /// - Throws: `DrillError` with `artifact-io` where the file cannot be read.
  func incrementFacts(_ file: ArtifactFile) throws -> IncrementFacts

  /// Whether one position of a shard lies before, at or after another, negative, zero or positive; nil where the two
  /// cannot be compared: they are of different histories.
  func order(_ position: String, _ other: String) -> Int?

  /// Makes one artifact of a shard's chain that ``Engine/readArtifact(_:selection:into:)`` and
  /// ``Engine/withSandbox(_:_:)`` take, as of a point.
  ///
  /// MUST NOT change a file of the chain, and MUST NOT copy what it can refer to. What is wrong with a link is a fact.
  ///
  /// - Parameter folder: exists, is empty, and outlives what is returned.
  /// - Throws: `DrillError`: `artifact-io`; `io` where `folder` cannot be written to.
  func assemble(_ chain: ShardChain, upTo point: RestorePoint, in folder: String) throws -> AssembledShard
}

extension ChainRestoring {
  public var restoresWithinLinks: Bool { true }
}

/// One shard's part of a chain.
public struct ShardChain: Sendable {
  public var shard: String
  /// The data artifact of the full backup.
  public var base: ArtifactFile
  /// Oldest first.
  public var increments: [Increment]

  public init(shard: String, base: ArtifactFile, increments: [Increment]) {
    self.shard = shard
    self.base = base
    self.increments = increments
  }

  public struct Increment: Sendable {
    /// The backup that it is of.
    public var backup: String
    /// The shard's data artifacts of that backup: nearly always one.
    public var files: [ArtifactFile]
    /// The position to which it leads, as its manifest says.
    public var position: String
    public var time: Instant

    public init(backup: String, files: [ArtifactFile], position: String, time: Instant) {
      self.backup = backup
      self.files = files
      self.position = position
      self.time = time
    }
  }
}

/// Up to where a chain is restored.
public enum RestorePoint: Hashable, Sendable, Codable {
  /// The last link's cut.
  case end
  /// Nothing later than this time, as far as the chain tells times: a change stream by its time stamps, a chain of
  /// differences by its links' cuts.
  case time(Instant)
  /// A position of each shard.
  case positions([String: String])
}

/// What an increment's data artifact says of itself.
public struct IncrementFacts: Hashable, Sendable {
  /// The position that it goes on from, and the one that it leads to; nil where the format does not say.
  public var from: String?
  public var to: String?
  /// The times between which its changes were made; nil where the format does not say.
  public var firstTime: Instant?
  public var lastTime: Instant?
  /// The shard that it names itself.
  public var shard: String?
  public var problems: [ReadFacts.Problem]

  public init(
    from: String? = nil, to: String? = nil, firstTime: Instant? = nil, lastTime: Instant? = nil, shard: String? = nil,
    problems: [ReadFacts.Problem] = []
  ) {
    self.from = from
    self.to = to
    self.firstTime = firstTime
    self.lastTime = lastTime
    self.shard = shard
    self.problems = problems
  }
}

/// A shard's chain made into one artifact.
public struct AssembledShard: Sendable {
  public var file: ArtifactFile
  /// The position at which it stands; nil where none is known for the point.
  public var position: String?
  /// The time of the last change in it that has one; nil: the base's own cut.
  public var time: Instant?
  /// What is wrong with the links, by the backup that each is of: a change that does not fit what it is made on.
  public var problems: [(backup: String, problem: ReadFacts.Problem)]
  /// Why it may lack changes that were made before the point; nil: it does not.
  public var shortfall: String?
  public var notes: [String]

  public init(
    file: ArtifactFile, position: String? = nil, time: Instant? = nil,
    problems: [(backup: String, problem: ReadFacts.Problem)] = [], shortfall: String? = nil, notes: [String] = []
  ) {
    self.file = file
    self.position = position
    self.time = time
    self.problems = problems
    self.shortfall = shortfall
    self.notes = notes
  }
}

/// A live cluster of which increments can be taken.
public protocol IncrementCapturing: LiveCluster {
  /// The same as ``LiveCluster/capture(_:into:whileHeld:)``, with what changed since a predecessor instead of everything.
  ///
  /// - Throws: beside those, `DrillError` with `reference-unavailable` where what changed since can no longer be told:
  ///   then a full backup has to be taken.
  func captureIncrement(
    on predecessor: IncrementPredecessor, _ plan: CapturePlan, into folder: String,
    whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup
}

/// What an increment is made on.
public struct IncrementPredecessor: Sendable {
  public var cut: Cut
  public var topology: Topology
  /// Folder of the change streams that were recorded since a cut of the chain; nil: there are none.
  public var changes: String?
  /// The predecessor restored into files, one per shard, for an engine that compares; made only when asked for.
  public var restored: @Sendable () async throws -> [ArtifactFile]

  public init(
    cut: Cut, topology: Topology, changes: String? = nil,
    restored: @escaping @Sendable () async throws -> [ArtifactFile]
  ) {
    self.cut = cut
    self.topology = topology
    self.changes = changes
    self.restored = restored
  }
}
