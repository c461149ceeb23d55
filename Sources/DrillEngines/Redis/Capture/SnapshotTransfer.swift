internal import DrillModel
internal import NIOPosix

/// The links over which a capture's snapshots come, one a shard, each into a file of its own.
struct SnapshotTransfer: Sendable {
  struct Part: Sendable {
    var source: CaptureSurvey.Source
    var link: ReplicationLink
    var file: SnapshotFile
    /// Takes what changes after the snapshot, where following comes after.
    var buffer: ChangeBuffer?
  }

  var parts: [Part]

  /// Opens the links, all at once.
  ///
  /// - Throws: `DrillError` of the first that failed; the others are closed and their files removed.
  static func open(
    _ sources: [CaptureSurvey.Source], into folder: String, transfer: ReplicationLink.Transfer,
    credentials: RedisCredentials,
    on group: MultiThreadedEventLoopGroup, follows: Bool = false
  ) async throws -> SnapshotTransfer {
    var opened = SnapshotTransfer(parts: [])
    do {
      for source in sources {
        let file = try SnapshotFile(path: "\(folder)/\(source.shard.name).rdb")
        do {
          let buffer = follows ? ChangeBuffer() : nil
          let link = try await ReplicationLink.open(
            source.node.endpoint, credentials, transfer: transfer, on: group, sink: file, commandSink: buffer)
          opened.parts.append(Part(source: source, link: link, file: file, buffer: buffer))
        } catch {
          file.discard()
          throw error
        }
      }
      return opened
    } catch {
      await opened.abandon()
      throw error
    }
  }

  /// Closes the links and removes what has arrived. A server stops writing a diskless snapshot that nobody reads any
  /// more.
  func abandon() async {
    for part in parts {
      await part.link.close()
      part.file.discard()
    }
  }

  /// Waits until all snapshots have arrived, brings them to disk under their final names and returns them.
  ///
  /// - Throws: `DrillError`: `timed-out` where a server sent nothing for `stall`; `unreachable`, `io`.
  func collect(stall: Duration = .seconds(60), events: @escaping DrillEventHandler) async throws -> [ArtifactFile] {
    try await withThrowingTaskGroup(of: Int?.self) { tasks in
      for (index, part) in parts.enumerated() {
        tasks.addTask {
          _ = try await part.link.received()
          try await NIOThreadPool.singleton.runIfActive { try part.file.seal() }
          return index
        }
      }
      tasks.addTask {
        try await watch(stall: stall, events: events)
        return nil
      }
      var missing = parts.count
      while missing > 0, let finished = try await tasks.next() { if finished != nil { missing -= 1 } }
      tasks.cancelAll()
    }
    report(events)
    return parts.map { ArtifactFile(shard: $0.source.shard.name, format: "rdb", path: $0.file.path) }
  }

  private func watch(stall: Duration, events: @escaping DrillEventHandler) async throws {
    var last = parts.map { _ in UInt64(0) }
    var movedAt = parts.map { _ in ContinuousClock.now }
    while !Task.isCancelled {
      do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
      report(events)
      for (index, part) in parts.enumerated() where !part.link.progress.isComplete {
        let received = part.link.progress.received
        if received != last[index] {
          last[index] = received
          movedAt[index] = .now
        } else if .now - movedAt[index] > stall {
          throw DrillError(
            .timedOut, subject: part.link.endpoint.description,
            detail: "no byte of the snapshot for \(Int(stall.seconds)) s")
        }
      }
    }
  }

  private func report(_ events: DrillEventHandler) {
    events(.progress(.catalog, done: parts.reduce(0) { $0 + $1.link.progress.received }, total: nil, unit: .bytes))
  }
}
