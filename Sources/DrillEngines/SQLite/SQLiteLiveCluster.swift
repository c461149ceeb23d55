public import DrillModel
import Foundation
import GRDBSQLite

/// Live SQLite files, one per shard, read only.
///
/// Nothing is ever written to them. A coherent cut takes the files' write locks for an instant, and a file in WAL mode
/// that nobody else has open may be left with an empty `-wal` and a `-shm` beside it, as every reader of such a file
/// leaves them.
public struct SQLiteLiveCluster: LiveCluster {
  let cluster: ClusterDescription
  let holdLimit: Duration
  private let shape: Topology

  /// - Throws: `usage` for names that cannot name a shard or are not unique; `unreachable` or `permission-denied` for a
  ///   file that cannot be opened.
  public init(_ cluster: ClusterDescription, holdLimit: Duration = .seconds(600)) throws {
    self.cluster = cluster
    self.holdLimit = holdLimit
    func refuse(_ code: DrillError.Code, _ subject: String, _ detail: String) -> DrillError {
      DrillError(code, subject: subject, detail: detail)
    }
    let mapped = cluster.files.filter { $0.slots != nil }.count
    guard !cluster.files.isEmpty else {
      throw refuse(.usage, cluster.name, "an SQLite cluster needs at least one file")
    }
    guard mapped == 0 || mapped == cluster.files.count else {
      throw refuse(.usage, cluster.name, "either all files say which slots they own, or none does")
    }
    for file in cluster.files {
      guard !file.name.isEmpty, !file.name.hasPrefix("."), !file.name.contains("/"), !file.name.utf8.contains(0) else {
        throw refuse(.usage, file.name, "not a name for a shard: it becomes a file's name")
      }
      guard cluster.files.filter({ $0.name == file.name }).count == 1 else {
        throw refuse(.usage, file.name, "two shards of this name")
      }
      var status = stat()
      guard stat(file.path, &status) == 0 else {
        throw refuse(errno == EACCES ? .permissionDenied : .unreachable, file.name, String(cString: strerror(errno)))
      }
      guard status.st_mode & S_IFMT == S_IFREG else { throw refuse(.unreachable, file.name, "not a plain file") }
    }
    shape = Topology(
      epoch: 0, shards: cluster.files.map { Topology.Shard(name: $0.name, slots: $0.slots ?? .all) },
      mapsSlots: mapped > 0)
  }

  public var shards: [String] { cluster.files.map(\.name) }

  /// As the cluster file says; SQLite files know of no slots and no epochs.
  public func topology() async throws -> Topology { shape }

  /// Reads within one read transaction of its own: the contents cannot move meanwhile.
  public func readRecords(
    shard: String, selection: RecordSelection, into handler: RecordHandler
  ) async throws -> ReadFacts {
    guard let file = cluster.files.first(where: { $0.name == shard }) else {
      throw DrillError(.usage, subject: shard, detail: "no shard of this name")
    }
    let open = try await SQLiteLiveCluster.opened(file)
    do {
      do { try await open.beginSnapshot() } catch let failure as SQLiteFailure { throw failure.liveError(shard) }
      let facts = try await SQLiteStore(topology: shape, shards: [open]).readRecords(shard, selection, into: handler)
      await open.close()
      return facts
    } catch {
      await open.close()
      throw error
    }
  }

  public func withSession<R: Sendable>(_ body: (any StoreSession) async throws -> R) async throws -> R {
    let paths = Dictionary(cluster.files.map { ($0.name, $0.path) }) { first, _ in first }
    return try await withSQLiteSession(shape, paths: paths, access: .live, body)
  }

  static func opened(_ file: ClusterDescription.ShardFile) async throws -> SQLiteShard {
    let shard = SQLiteShard(name: file.name, path: file.path, access: .live)
    do {
      try await shard.open()
      return shard
    } catch {
      await shard.close()
      throw (error as? SQLiteFailure)?.liveError(file.name) ?? error
    }
  }

  // MARK: Capturing

  /// What taking the write lock of a file, opening a snapshot and giving the lock back has been seen to take, with room
  /// to spare.
  private static let lockMs = 2.0
  /// Bytes a second that copying is reckoned with.
  private static let copyRate = 100e6

  /// In WAL mode writers wait while all snapshots are opened, and no longer. In a rollback-journal mode every snapshot
  /// keeps writers of its file from committing until it ends, and so the pause is the whole copy.
  public func estimate(_ plan: CapturePlan) async throws -> CaptureEstimate {
    var lines: [String] = []
    var blockedMs = 0.0
    for file in cluster.files {
      let shard = try await SQLiteLiveCluster.opened(file)
      let mode = try? await shard.text("PRAGMA journal_mode")
      let pages = try? await shard.integer("PRAGMA page_count")
      let pageSize = try? await shard.integer("PRAGMA page_size")
      await shard.close()
      guard let mode, let pages, let pageSize else {
        throw DrillError(.unreachable, subject: file.name, detail: "it does not answer")
      }
      let size = Double(pages) * Double(pageSize)
      let copy = size / SQLiteLiveCluster.copyRate * 1000
      let text = "\(file.name): \(Int(size / 1e6)) MB, journal mode \(mode)"
      if mode == "wal" {
        lines.append(text + "; writers go on while it is copied, its log grows until then")
      } else {
        lines.append(
          text + "; its writers wait while it is held: about \(Int(copy.rounded(.up))) ms to copy it,"
            + " and then while the source is read, within the longest pause; WAL mode would spare them")
        blockedMs += copy
      }
    }
    let lockMs = plan.coherence == .coherent ? Double(cluster.files.count) * SQLiteLiveCluster.lockMs : 0
    let pauseMs = lockMs + blockedMs
    let refusals =
      pauseMs > plan.maxPause.milliseconds
      ? ["writers would wait about \(Int(pauseMs.rounded(.up))) ms; allowed are \(Int(plan.maxPause.milliseconds)) ms"]
      : []
    return CaptureEstimate(
      pauseMs: pauseMs, forkMs: 0, memoryNeededBytes: 16 << 20, memoryFreeBytes: nil, lines: lines, refusals: refusals)
  }

  /// Copies the files into `folder` as they stand at the cut and hands the held snapshots to `whileHeld`.
  ///
  /// Per-shard captures hold each file's own snapshot, and call `whileHeld` too. In WAL mode a hold lasts up to the
  /// engine's limit, since it pauses nobody; elsewhere it ends with the plan's `maxPause`.
  ///
  /// - Throws: `capture-refused`; `timed-out` where a write lock or the copies did not come in time; `not-coherent`
  ///   where a lock was lost before all snapshots stood; `io`. What `folder` then holds is no backup.
  public func capture(
    _ plan: CapturePlan, into folder: String, whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> CapturedBackup {
    let estimate = try await estimate(plan)
    guard estimate.refusals.isEmpty else {
      throw DrillError(.captureRefused, subject: cluster.name, detail: estimate.refusals.joined(separator: "; "))
    }
    return try await SQLiteCapture(cluster: cluster, topology: shape, plan: plan, holdLimit: holdLimit, folder: folder)
      .run(whileHeld)
  }
}
