public import DrillModel
internal import Foundation

/// What the change streams of all shards tell of the window from a cut to a later snapshot.
///
/// A key counts as changed only where the stream of every shard that owned its slot or was receiving it, then or later, is
/// whole over the window; the log of another shard cannot name
/// it. A command whose database the stream had not named yet (the first ones of a follower on a single server that uses
/// several databases) names its key in all
/// of them.
public struct RedisChangeEvidence: ChangeEvidence {
  private let logs: [String: RedisChangeLog]
  private let cut: Topology
  private let later: Topology
  /// The two sides of moves in flight, then or later: new keys of such a slot are written on its target.
  private let moving: [Slot: Set<String>]
  /// Shards whose log does not cover the window, with the reason; empty: all do.
  public let gaps: [String: String]

  /// Reads the logs in `folder`.
  ///
  /// - Throws: `DrillError` with `artifact-io` where a log is there and cannot be read.
  public init(folder: String, cut: Cut, topology: Topology, snapshot: CapturedBackup) throws {
    var logs: [String: RedisChangeLog] = [:]
    var gaps: [String: String] = [:]
    for (shard, position) in cut.positions {
      guard let later = snapshot.cut.positions[shard] else {
        gaps[shard] = "the snapshot has no such shard"
        continue
      }
      let log = try RedisChangeLog(folder: folder, shard: shard, from: position, to: later)
      logs[shard] = log
      gaps[shard] = log.gap
    }
    self.logs = logs
    self.gaps = gaps
    self.cut = topology
    later = snapshot.topology
    moving = (topology.moves + later.moves).reduce(into: [:]) { moving, move in
      moving[move.slot, default: []].formUnion([move.source, move.target])
    }
  }

  public func evidence(namespace: String, key: [UInt8], slot: Slot) -> ChangeFact {
    guard namespace.hasPrefix("db"), let database = UInt32(namespace.dropFirst(2)) else { return .unknown }
    let owners =
      cut.mapsSlots && later.mapsSlots
      ? Set((cut.shards + later.shards).filter { $0.slots.contains(slot) }.map(\.name)).union(moving[slot] ?? [])
      : Set(cut.shards.map(\.name))
    guard !owners.isEmpty else { return .unknown }
    var isNamed = false
    for owner in owners {
      guard let log = logs[owner], log.isWhole else { return .unknown }
      isNamed = isNamed || log.names(key, database: database)
    }
    return isNamed ? .changed : .unchanged
  }
}

extension RedisEngine: ChangeExplaining {
  /// Reads the change logs that a following capture left, waiting for them to reach the snapshot while somebody records
  /// them and the window's patience lasts.
  public func changeEvidence(
    for cluster: ClusterDescription, in window: ChangeWindow
  ) async throws -> any ChangeEvidence {
    guard let folder = window.changes else { return NoChangeEvidence() }
    let deadline = ContinuousClock.now + window.patience
    while true {
      // Asked first: what a recorder wrote before it ended is then there. One that has not begun yet may still come.
      let awaited = Set(
        window.cut.positions.keys.filter {
          let path = StreamRecorder.path(folder: folder, shard: $0)
          return !FileManager.default.fileExists(atPath: path) || StreamRecorder.isRecording(path)
        })
      let isOver = ContinuousClock.now >= deadline
      // A stream that does not say that it is far enough need not be read to be told so.
      if isOver || awaited.allSatisfy({ RedisEngine.isReached(window.snapshot, of: $0, in: folder) }) {
        let evidence = try RedisChangeEvidence(
          folder: folder, cut: window.cut, topology: window.topology, snapshot: window.snapshot)
        if isOver || awaited.isDisjoint(with: evidence.gaps.keys) { return evidence }
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Whether a shard's stream says that it leads to a snapshot, or nothing tells how far it should.
  private static func isReached(_ snapshot: CapturedBackup, of shard: String, in folder: String) -> Bool {
    guard let end = snapshot.cut.positions[shard].flatMap(ReplicationPosition.init) else { return true }
    return StreamCopy.lastOffset(of: StreamRecorder.path(folder: folder, shard: shard)).map { $0 >= end.offset }
      ?? false
  }

  private struct NoChangeEvidence: ChangeEvidence {
    func evidence(namespace: String, key: [UInt8], slot: Slot) -> ChangeFact { .unknown }
  }
}
