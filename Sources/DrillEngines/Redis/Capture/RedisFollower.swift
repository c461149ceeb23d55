internal import DrillModel
internal import NIOCore
internal import NIOPosix

/// Follows one shard's changes from a position on, over a link that goes on where it was lost as long as the server
/// still has what came in between.
struct RedisFollower: Sendable {
  let shard: String
  /// The server whose stream is followed; a replica's is its master's, byte for byte.
  let endpoint: Endpoint
  let credentials: RedisCredentials
  let isCluster: Bool
  /// The open link of a capture and what it has received since the cut; nil: a link is opened.
  var kept: (link: ReplicationLink, buffer: ChangeBuffer)?

  /// How often a lost link is opened again in a row.
  static let reconnects = 5

  /// Records what changes after the position until everything up to `end` is recorded, whole transactions alone, or the
  /// task is cancelled.
  ///
  /// - Parameters:
  ///   - path: of the log, which is not there yet.
  ///   - end: the offset to reach; nil: not known yet.
  ///   - reached: hears each offset that is reached.
  /// - Returns: the offset that was reached.
  /// - Throws: `DrillError`: `reference-unavailable` where the server has no longer what came after the position; `io`.
  @discardableResult
  func run(
    after position: ReplicationPosition, into path: String, until end: @Sendable () async throws -> UInt64?,
    reached: @Sendable (UInt64) -> Void = { _ in }
  ) async throws -> UInt64 {
    let recorder = try StreamRecorder(
      path: path,
      StreamHeader(
        shard: shard, history: position.history, after: position.offset, database: isCluster ? 0 : nil))
    var current = kept
    var last: UInt64?
    /// Up to here the stream was made before it is received: in a backlog, or while a snapshot was sent.
    var live: UInt64?
    var lost = 0
    while !Task.isCancelled {
      do {
        let (link, buffer): (ReplicationLink, ChangeBuffer)
        if let open = current {
          (link, buffer) = open
        } else {
          (link, buffer) = try await reopen(
            ReplicationPosition(history: position.history, offset: recorder.offset))
          current = (link, buffer)
        }
        if live == nil { live = try await offset() }
        if last == nil { last = try await end() }
        if let last, recorder.offset >= last, !recorder.isInTransaction { break }
        let received = try buffer.takeAll()
        if !received.bytes.isEmpty {
          lost = 0
          try recorder.take(received, isTimed: recorder.offset >= live ?? .max)
          reached(recorder.offset)
          continue
        }
        do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
      } catch let error as DrillError
        where [.unreachable, .timedOut].contains(error.code) && lost < RedisFollower.reconnects
      {
        lost += 1
        await current?.link.close()
        (current, live) = (nil, nil)
        recorder.forgetRest()
        do { try await Task.sleep(for: .milliseconds(200 * lost)) } catch { break }
      } catch let error as DrillError where error.code != .io {
        await current?.link.close()
        try recorder.giveUp(error.detail)
        // Where not even a beginning was made, there is nothing to go on with; later, the log says itself how far it is
        // whole.
        if recorder.offset == position.offset { throw error }
        return recorder.offset
      }
    }
    await current?.link.close()
    return recorder.offset
  }

  /// The offset that the server stands at.
  func offset() async throws -> UInt64 {
    try await RedisConnection.with(endpoint, credentials) { connection in
      guard
        let offset = RedisInfo(try await connection.ask("INFO", "replication").text ?? "").number("master_repl_offset")
      else {
        throw DrillError(.protocolViolation, subject: endpoint.description, detail: "INFO without a replication offset")
      }
      return offset
    }
  }

  /// Makes sure that the server still has what came after a position.
  ///
  /// - Throws: `DrillError` with `reference-unavailable` where it has not.
  func checkBacklog(_ position: ReplicationPosition) async throws {
    let info = try await RedisConnection.with(endpoint, credentials) { connection in
      RedisInfo(try await connection.ask("INFO", "replication").text ?? "")
    }
    guard info["master_replid"] == position.history || info["master_replid2"] == position.history,
      info.flag("repl_backlog_active"), let first = info.number("repl_backlog_first_byte_offset"),
      first <= position.offset + 1,
      let last = info.number("master_repl_offset"), last >= position.offset
    else {
      throw DrillError(
        .referenceUnavailable, subject: endpoint.description,
        detail:
          "the server no longer has what came after offset \(position.offset); follow from the capture on, or raise repl-backlog-size"
      )
    }
  }

  /// Opens a link that goes on after `position`.
  ///
  /// The server is asked first whether it still has that, since one that has not would begin a full snapshot.
  private func reopen(_ position: ReplicationPosition) async throws -> (ReplicationLink, ChangeBuffer) {
    try await checkBacklog(position)
    let buffer = ChangeBuffer()
    let link = try await ReplicationLink.open(
      endpoint, credentials, transfer: .diskless, sink: NoSnapshot(), commandSink: buffer)
    do {
      try await link.continueAfter(position)
      return (link, buffer)
    } catch {
      await link.close()
      throw error
    }
  }

  private struct NoSnapshot: ReplicationSink {
    func take(_ bytes: UnsafeRawBufferPointer) throws {}
  }
}
