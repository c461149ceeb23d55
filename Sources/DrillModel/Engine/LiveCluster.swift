/// A live cluster, read only. Nothing is ever written to it.
public protocol LiveCluster: Store {
  /// Topology with moves in flight, as the cluster reports it now.
  func topology() async throws -> Topology

  /// What a capture will cost; asked, and judged against the plan's limits, before anything is paused or forked.
  func estimate(_ plan: CapturePlan) async throws -> CaptureEstimate

  /// Writes one data artifact per shard into `folder` and hands the store *at the cut* to `whileHeld` while the cut is held.
  ///
  /// The store that `whileHeld` gets answers from the live servers at the cut; it MUST be released when the plan's `maxPause` ends, whatever `whileHeld` does,
  /// and the cluster MUST resume writes by itself if this process dies. A per-shard capture that holds nothing does not call `whileHeld`.
  ///
  /// - Throws: `DrillError`: `capture-refused` when the estimate does not fit; `not-coherent` when coherence was asked for and its proof failed.
  func capture(
    _ plan: CapturePlan, into folder: String, whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup
}

/// A live store that stands still at the cut.
public protocol HeldStore: Store {
  /// Records per owned slot as the live servers count them; nil where the engine has no counter apart from its reader.
  func slotCounts() async throws -> SlotCounts?
  /// Whether reading all its records here is cheap enough to fingerprint the source inside the hold (SQLite: yes; Redis: no).
  var isFingerprintable: Bool { get }
  /// Time left before the hold ends by itself.
  var remaining: Duration { get }
}

public struct CapturePlan: Hashable, Sendable, Codable {
  public var coherence: Cut.Coherence
  /// Longest pause of writes that production allows.
  public var maxPause: Duration
  /// Whether the server may write the snapshot into its own directory.
  public var allowsServerDisk: Bool
  /// Prefer replicas; a master is read only where a shard has none in sync, or where told so.
  public var prefersReplicas: Bool
  /// Read record by record through the servers' commands, where they let nobody replicate: then a shard stands at no cut, but was read over a time.
  public var readsByCommands: Bool
  /// Whether ``ChangeFollowing/follow(from:topology:into:isDone:)`` comes after: the engine keeps what it needs to miss no change after the cut.
  public var follows: Bool
  /// Whether it is an increment: what changed is read, and nothing is copied.
  public var isIncrement: Bool

  public init(
    coherence: Cut.Coherence = .perShard, maxPause: Duration = .seconds(2), allowsServerDisk: Bool = false,
    prefersReplicas: Bool = true, readsByCommands: Bool = false, follows: Bool = false,
    isIncrement: Bool = false
  ) {
    self.coherence = coherence
    self.maxPause = maxPause
    self.allowsServerDisk = allowsServerDisk
    self.prefersReplicas = prefersReplicas
    self.readsByCommands = readsByCommands
    self.follows = follows
    self.isIncrement = isIncrement
  }
}

/// What a capture is expected to cost production, said before it starts.
public struct CaptureEstimate: Hashable, Sendable, Codable {
  public var pauseMs: Double
  public var forkMs: Double
  /// Memory that a fork may need at worst, and what the machines say is free; nil where they do not say.
  public var memoryNeededBytes: UInt64
  public var memoryFreeBytes: UInt64?
  /// One line per node, for people.
  public var lines: [String]
  /// Why the capture is refused; empty: it fits.
  public var refusals: [String]

  public init(
    pauseMs: Double, forkMs: Double, memoryNeededBytes: UInt64, memoryFreeBytes: UInt64?, lines: [String],
    refusals: [String]
  ) {
    self.pauseMs = pauseMs
    self.forkMs = forkMs
    self.memoryNeededBytes = memoryNeededBytes
    self.memoryFreeBytes = memoryFreeBytes
    self.lines = lines
    self.refusals = refusals
  }
}

/// What a capture left in its folder.
public struct CapturedBackup: Hashable, Sendable {
  /// `path` lies in the capture's folder.
  public var files: [ArtifactFile]
  public var cut: Cut
  /// Topology at the cut.
  public var topology: Topology
  public var engineVersion: String
  /// Measured pause of writes; zero where there was none.
  public var pause: Duration

  public init(files: [ArtifactFile], cut: Cut, topology: Topology, engineVersion: String, pause: Duration) {
    self.files = files
    self.cut = cut
    self.topology = topology
    self.engineVersion = engineVersion
    self.pause = pause
  }
}

/// An engine that can record what changes after a cut.
public protocol ChangeFollowing: LiveCluster {
  /// Writes the keys that change after `cut` to one log per shard below `folder` until `isDone` says so or the task is cancelled;
  /// each log says from which position to which it is whole. Returns once every shard has reached the position at which `isDone` turned true.
  func follow(from cut: Cut, topology: Topology, into folder: String, isDone: @Sendable () -> Bool) async throws
}

/// What accounts for changes between a cut and a later snapshot of the same cluster.
public protocol ChangeEvidence: Sendable {
  /// What is known of a key between the cut and the snapshot.
  func evidence(namespace: String, key: [UInt8], slot: Slot) -> ChangeFact
  /// What is known of a library, by its name; ``ChangeFact/unknown`` where an engine keeps nothing about them.
  func evidence(library: String) -> ChangeFact
}

extension ChangeEvidence {
  public func evidence(library: String) -> ChangeFact { .unknown }
}

public enum ChangeFact: Hashable, Sendable {
  /// Whole evidence for the window, and it names the key.
  case changed
  /// Whole evidence for the window, and it does not name the key.
  case unchanged
  /// The row's version at the snapshot lies past the cut, or does not.
  case version(isPastCut: Bool)
  /// The key is gone and the store keeps no tombstones.
  case deletedUnversioned
  /// Nothing covers the window.
  case unknown
}
