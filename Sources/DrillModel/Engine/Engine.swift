/// What an implementer of a store provides. Engines return facts; they never judge them.
///
/// `DrillTesting` holds the suite that every engine passes, ours and others'.
public protocol Engine: Sendable {
  /// The name that drill, cluster and manifest files use: `redis`, `sqlite`.
  var name: String { get }

  /// The slot of a record's key, from the key alone. MUST equal the slot in the pieces that the engine's readers hand on.
  func slot(ofKey key: [UInt8]) -> Slot

  /// Reads the records of one data artifact from its file, in full, whatever the selection, since checksums cover the whole.
  ///
  /// MUST use constant memory, MUST read every byte of the file, MUST NOT trust a length found in the file, and MUST report damage as facts:
  /// it throws (`artifact-io`) only when the file itself cannot be read. After damage it hands on no further record.
  func readArtifact(_ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler) throws -> ReadFacts

  /// Restores artifacts into new, isolated stores, one per shard, hands them to `body` and removes every trace when `body` ends, however it ends.
  ///
  /// - Throws: ``RestoreRejected`` when a real server refused the data; `DrillError` when it could not be tried (`server-missing`,
  ///   `isolation-unavailable`, `memory-budget`, …); whatever `body` throws.
  func withSandbox<R: Sendable>(_ request: SandboxRequest, _ body: (any Sandbox) async throws -> R) async throws -> R

  /// Connects to a live cluster for the time of `body`. MUST NOT write to it.
  ///
  /// - Throws: `DrillError`: `unreachable`, `authentication-failed`, `permission-denied`.
  func withLive<R: Sendable>(
    _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
  ) async throws -> R
}

/// A data artifact as a local file.
public struct ArtifactFile: Hashable, Sendable {
  public var shard: String
  public var format: String
  /// Absolute path of the file on this machine; never recorded.
  public var path: String
  /// The other files of an artifact that is made of several, of which `path` says how they belong together; absolute.
  public var parts: [String]

  public init(shard: String, format: String, path: String, parts: [String] = []) {
    self.shard = shard
    self.format = format
    self.path = path
    self.parts = parts
  }
}

/// A store that holds records and answers operations: a sandbox or a live cluster.
public protocol Store: Sendable {
  /// The shards' names, in the topology's order.
  var shards: [String] { get }

  /// Reads one shard's records through the store itself (its server's commands), never through an artifact's reader where a server exists.
  ///
  /// - Throws: `DrillError` with `store-moved` where the contents changed while they were read; `timed-out`, `unreachable`.
  func readRecords(shard: String, selection: RecordSelection, into handler: RecordHandler) async throws -> ReadFacts

  /// Opens connections of its own for the time of `body`.
  func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R
}

/// One client of a store.
public protocol StoreSession: Sendable {
  /// Puts the operations in order, pipelined, each to the shard that owns its slot, and waits for all.
  ///
  /// Returns as many replies as there are operations, in their order. A lost connection, a time-out and a store that is loading, moved or out of memory
  /// are ``Reply/indeterminate(_:)``; an error that belongs to the contents is an answer. Never throws for a single operation.
  func perform(_ operations: [Operation], timeout: Duration) async -> [TimedReply]
}

/// A reply with the time from sending the operation to having read its reply.
public struct TimedReply: Sendable, Hashable {
  public var reply: Reply
  public var elapsed: Duration

  public init(_ reply: Reply, elapsed: Duration) {
    self.reply = reply
    self.elapsed = elapsed
  }
}
