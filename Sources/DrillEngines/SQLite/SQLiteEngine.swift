public import DrillModel
import GRDBSQLite

/// SQLite files as shards: the embedded default, which needs no server.
///
/// A record is a row: its namespace the table, its key the primary key's columns (or the whole row where there is none, and
/// then the facts' notes say so), its value all columns in the table's order, each typed as it is stored. Its
/// slot comes from the key's first column alone, so that all rows of one customer, in whatever table, share a slot. What a
/// database declares is handed on as libraries. `DatabaseSchema` says what is content and what is not.
/// There is one independent reader of an SQLite file, SQLite itself, and whatever is concluded has to say so.
public struct SQLiteEngine: Engine {
  /// How long a live snapshot may be held. In WAL mode a hold does not stop writers; it keeps the log from being
  /// emptied.
  public var holdLimit: Duration

  public init(holdLimit: Duration = .seconds(600)) { self.holdLimit = holdLimit }

  public var name: String { "sqlite" }

  /// The SQLite that this process is linked with: `3.40.1`.
  public static var version: String { String(cString: sqlite3_libversion()) }

  public func slot(ofKey key: [UInt8]) -> Slot { key.withUnsafeBytes { RowKey.slot(ofKey: $0) } }

  /// Opens the file immutable, reads every byte, runs its integrity and foreign-key checks and then reads all rows, in
  /// one table after the other.
  ///
  /// A file that its integrity check rejects yields no record. Where a `-wal` or `-journal` with content lies beside
  /// it, a private copy below `$TMPDIR` is read to which they are applied; full-text indexes are checked on such a copy, too.
  public func readArtifact(
    _ file: ArtifactFile, selection: RecordSelection, into handler: RecordHandler
  ) throws -> ReadFacts {
    try SQLiteArtifactReader(file: file, selection: selection).read(into: handler)
  }

  public func withSandbox<R: Sendable>(
    _ request: SandboxRequest, _ body: (any Sandbox) async throws -> R
  ) async throws -> R {
    let sandbox = try await SQLiteSandbox.make(request)
    do {
      let result = try await body(sandbox)
      await sandbox.remove()
      return result
    } catch {
      await sandbox.remove()
      throw error
    }
  }

  public func withLive<R: Sendable>(
    _ cluster: ClusterDescription, _ body: (any LiveCluster) async throws -> R
  ) async throws -> R {
    try await body(try SQLiteLiveCluster(cluster, holdLimit: holdLimit))
  }
}

extension SQLiteEngine: ChangeExplaining {
  /// The snapshot's own versions are the evidence; there are no change logs of SQLite files to wait for.
  public func changeEvidence(
    for cluster: ClusterDescription, in window: ChangeWindow
  ) async throws -> any ChangeEvidence {
    try SQLiteChangeEvidence(
      cut: window.cut, restored: .init(files: window.restored, topology: window.topology),
      later: .init(files: window.snapshot.files, topology: window.snapshot.topology),
      laterPositions: window.snapshot.cut.positions, cluster: cluster)
  }
}
