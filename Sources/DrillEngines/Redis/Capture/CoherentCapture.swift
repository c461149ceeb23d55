internal import DrillModel
internal import NIOPosix

/// One attempt to take all shards' snapshots at one cut.
///
/// Diskless, the snapshots are asked for first and writes are paused shortly before the servers fork; otherwise writes
/// are paused first. Whatever happens after
/// that, writes resume: at the latest by the servers' own clocks.
struct CoherentCapture {
  let survey: CaptureSurvey
  let plan: CapturePlan
  let credentials: RedisCredentials
  let folder: String
  var group: MultiThreadedEventLoopGroup = .singleton
  let events: DrillEventHandler

  struct Result {
    var backup: CapturedBackup
    var transfer: SnapshotTransfer
  }

  private var map: RedisClusterMap { survey.map }

  /// - Throws: ``CoherentHold/Failed`` where the proof failed, `DrillError`, and what `whileHeld` throws.
  func run(whileHeld: (any HeldStore) async throws -> Void) async throws -> Result {
    let masters = try await WritePause.openMasters(of: map, credentials)
    do {
      let transfer = try await SnapshotTransfer.open(
        survey.sources, into: folder, transfer: survey.transfer, credentials: credentials, on: group,
        follows: plan.follows)
      do {
        let result = try await capture(masters, transfer, whileHeld)
        await WritePause.close(masters)
        return result
      } catch {
        await transfer.abandon()
        throw error
      }
    } catch {
      await WritePause.close(masters)
      throw error
    }
  }

  private func capture(
    _ masters: [WritePause.Master], _ transfer: SnapshotTransfer, _ whileHeld: (any HeldStore) async throws -> Void
  ) async throws -> Result {
    let asksFirst = !survey.sources.contains { $0.settings.forksAtOnce(survey.transfer) }
    if asksFirst { try await askAndWait(transfer) }
    let hold = CoherentHold(
      survey: survey, limit: plan.maxPause, credentials: credentials, what: "snapshot", events: events)
    let held = try await hold.run(
      masters,
      atDeadline: { for part in transfer.parts where !part.link.progress.hasResynced { await part.link.close() } },
      taking: { pause, _ in try await positions(transfer, pause, asksFirst: asksFirst) }, whileHeld: whileHeld)
    events(.note("writes were paused for \(Int(held.pause.milliseconds)) ms; receiving the snapshots"))
    let files = try await transfer.collect(events: events)
    return Result(
      backup: CapturedBackup(
        files: files, cut: held.cut, topology: held.topology, engineVersion: survey.engineVersion, pause: held.pause),
      transfer: transfer)
  }

  /// Asks each source so that all fork at about the same time, and returns when it is time to pause.
  private func askAndWait(_ transfer: SnapshotTransfer) async throws {
    let longest = transfer.parts.map(\.source.settings.disklessDelay).max() ?? 0
    let timings = try await withThrowingTaskGroup(of: (Int, PauseTiming).self) { tasks in
      let start = ContinuousClock.now
      for (index, part) in transfer.parts.enumerated() {
        tasks.addTask {
          let delay = part.source.settings.disklessDelay
          try await Task.sleep(until: start + .seconds(longest - delay), clock: .continuous)
          try await Task.sleep(for: PauseTiming.untilMiddleOfSecond(part.link.serverClock, now: .now))
          let askedAt = ContinuousClock.now
          part.link.askForSnapshot()
          return (index, PauseTiming(askedAt: askedAt, clock: part.link.serverClock, delay: delay))
        }
      }
      var timings: [Int: PauseTiming] = [:]
      for try await (index, timing) in tasks { timings[index] = timing }
      return timings
    }
    while true {
      let forks = transfer.parts.enumerated().compactMap { index, part in
        timings[index]?.expected(lastTick: part.link.progress.lastTick)
      }
      guard let first = forks.min() else { return }
      for part in transfer.parts where part.link.progress.hasResynced {
        throw CoherentHold.Failed(reasons: [
          "\(part.source.node.endpoint) forked before writes were paused: another replica was waiting already"
        ])
      }
      let rest = first - PauseTiming.lead - .now
      if rest <= .zero { return }
      try await Task.sleep(for: min(rest, .milliseconds(20)))
    }
  }

  /// Where the snapshots stand, once every server has said so.
  private func positions(
    _ transfer: SnapshotTransfer, _ pause: WritePause, asksFirst: Bool
  ) async throws -> [String: ReplicationPosition] {
    if !asksFirst { for part in transfer.parts { part.link.askForSnapshot() } }
    var positions: [String: ReplicationPosition] = [:]
    for part in transfer.parts {
      do {
        positions[part.source.shard.name] = try await part.link.resynced()
      } catch {
        guard pause.isReleasing else { throw error }
        throw CoherentHold.Failed(reasons: [
          "\(part.source.node.endpoint) did not fork before the pause had to end"
        ])
      }
    }
    return positions
  }
}
