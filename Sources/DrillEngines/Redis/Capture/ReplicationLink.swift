internal import DrillModel
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A connection over which a server sends us a snapshot of itself, as it does to a replica.
///
/// It never acknowledges a position: `WAIT` and `min-replicas-to-write` of production's clients must not count us. A
/// link that wants the snapshot alone says
/// so (`REPLCONF rdb-only`), and then the server neither keeps commands back for it nor counts it as a replica; servers
/// before 7.0 do not know the word.
///
/// Source: redis 7.0 src/replication.c, `syncCommand`, `replconfCommand`, `replicaPutOnline`.
final class ReplicationLink: Sendable {
  /// How the server makes the snapshot.
  enum Transfer: Sendable {
    /// Its child writes to our socket, after `repl-diskless-sync-delay`; nothing on its disk.
    case diskless
    /// It writes `dump.rdb` into its own directory, at once, and sends that.
    case disk
  }

  let endpoint: Endpoint
  /// The server's clock against ours, read before the snapshot was asked for.
  let serverClock: ServerClock
  private let channel: any Channel
  private let resync: EventLoopFuture<ReplicationPosition>
  private let snapshot: EventLoopFuture<UInt64>
  private let progressBox: ReplicationHandler.ProgressBox

  private init(
    endpoint: Endpoint, serverClock: ServerClock, channel: any Channel, resync: EventLoopFuture<ReplicationPosition>,
    snapshot: EventLoopFuture<UInt64>, progressBox: ReplicationHandler.ProgressBox
  ) {
    self.endpoint = endpoint
    self.serverClock = serverClock
    self.channel = channel
    self.resync = resync
    self.snapshot = snapshot
    self.progressBox = progressBox
  }

  /// Connects, logs in and says what we can; asks for nothing yet.
  ///
  /// - Parameters:
  ///   - group: threads of the link's own, since its sinks may block.
  ///   - commandSink: takes the commands after the snapshot; nil: the snapshot alone is wanted.
  /// - Throws: `DrillError` as ``RedisConnection/connect(_:_:timeout:limits:)`` does, and `server-failed` where the
  ///   server refuses to be replicated.
  static func open(
    _ endpoint: Endpoint, _ credentials: RedisCredentials, transfer: Transfer,
    on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, sink: any ReplicationSink,
    commandSink: (any ReplicationSink)? = nil
  ) async throws -> ReplicationLink {
    // A replica's link is RESP2 from the first byte to the last.
    let connection = try await RedisConnection.connect(endpoint, credentials, dialect: .resp2, on: group)
    do {
      if transfer == .diskless { try await connection.ask("REPLCONF", "capa", "eof") }
      // Valkey writes the format that the replica says it can read, and the oldest for one that says nothing; others
      // reply "Unrecognized REPLCONF option". Source: valkey 9.0 src/replication.c `replconfCommand`.
      _ = try await connection.send(["REPLCONF", "version", "9.0.0"].map { Array($0.utf8) })
      if commandSink == nil {
        // Servers before 7.0 reply "Unrecognized REPLCONF option": then the link is a plain replica's until it is
        // closed.
        _ = try await connection.send(["REPLCONF", "rdb-only", "1"].map { Array($0.utf8) })
      }
      let clock = try await ServerClock(connection)
      let box = ReplicationHandler.ProgressBox()
      let (channel, resync, snapshot) = try await connection.replaceHandler { loop in
        let resync = loop.makePromise(of: ReplicationPosition.self)
        let snapshot = loop.makePromise(of: UInt64.self)
        let handler = ReplicationHandler(
          subject: endpoint.description, snapshotSink: sink, commandSink: commandSink, resync: resync,
          snapshot: snapshot,
          progress: box)
        return (handler, resync.futureResult, snapshot.futureResult)
      }
      return ReplicationLink(
        endpoint: endpoint, serverClock: clock, channel: channel, resync: resync, snapshot: snapshot, progressBox: box)
    } catch {
      await connection.close()
      throw error
    }
  }

  var progress: ReplicationHandler.Progress { progressBox.value.withLock { $0 } }

  /// Asks for a full snapshot. Nothing may be sent after it until the snapshot is there: the server counts its delay
  /// from our last word.
  func askForSnapshot() {
    send(["PSYNC", "?", "-1"])
  }

  /// Asks for the commands after a position, and waits until the server agrees.
  ///
  /// - Throws: `DrillError` with `reference-unavailable` where it does not agree at once: it would begin a full
  ///   snapshot, and the link is closed before.
  func continueAfter(_ position: ReplicationPosition) async throws {
    send(["PSYNC", position.history, String(position.offset + 1)])
    let deadline = ContinuousClock.now + .seconds(2)
    while !progress.hasContinued {
      guard !progress.hasResynced, .now < deadline, channel.isActive else {
        await close()
        throw DrillError(
          .referenceUnavailable, subject: endpoint.description,
          detail:
            "the server does not go on after offset \(position.offset) of replication history \(position.history.prefix(12))"
        )
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// The position of the snapshot, as soon as the server forks for it. Closing the link ends the waiting.
  func resynced() async throws -> ReplicationPosition {
    try await withTaskCancellationHandler {
      try await resync.get()
    } onCancel: {
      channel.close(promise: nil)
    }
  }

  /// Waits until the snapshot has arrived whole, and returns its size in bytes.
  func received() async throws -> UInt64 {
    try await withTaskCancellationHandler {
      try await snapshot.get()
    } onCancel: {
      channel.close(promise: nil)
    }
  }

  /// Closes the link, whose waiters then hear why, where the server sends nothing for `stall` although we would take
  /// it.
  func closeWhenStalled(_ stall: Duration, unless isFull: @Sendable () -> Bool) async throws {
    var received: UInt64 = 0
    var movedAt = ContinuousClock.now
    while !progress.isComplete {
      try await Task.sleep(for: .milliseconds(500))
      if progress.received != received || isFull() {
        received = progress.received
        movedAt = .now
      } else if .now - movedAt > stall {
        return await close()
      }
    }
  }

  /// Closes the link without waiting for it.
  func abort() {
    channel.close(promise: nil)
  }

  func close() async {
    try? await channel.close().get()
  }

  private func send(_ words: [String]) {
    var buffer = channel.allocator.buffer(capacity: 64)
    RESPEncoder.encode([words.map { Array($0.utf8) }], into: &buffer)
    channel.writeAndFlush(buffer, promise: nil)
  }
}
