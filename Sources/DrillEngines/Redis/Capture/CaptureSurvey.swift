internal import DrillModel
internal import Glibc

/// Where each shard's snapshot will come from, and what taking them will cost; made before anything is paused or
/// forked.
struct CaptureSurvey: Sendable {
  /// One shard's source.
  struct Source: Sendable {
    var shard: RedisClusterMap.Shard
    var node: RedisNode
    var isMaster: Bool
    var info: RedisInfo
    var settings: ReplicationSettings
    /// Of the shard's master: the largest of both is what production runs under.
    var minReplicasToWrite: Int
    /// The master's run, by which another server or a restart is noticed.
    var masterRun: String?

    /// Why its changes may not be followed; nil: they may.
    var followObjection: String? {
      guard minReplicasToWrite > 0 || settings.minReplicasToWrite > 0 else { return nil }
      return "`min-replicas-to-write` is above 0, and a link that follows would count as a replica there"
    }

    /// - Throws: `DrillError` with `capture-refused` where they may not.
    func checkMayFollow() throws {
      guard let followObjection else { return }
      throw DrillError(
        .captureRefused, subject: shard.master.endpoint.description, detail: followObjection)
    }
  }

  var map: RedisClusterMap
  var sources: [Source]
  /// Why replicas were passed over; sentences for people.
  var notes: [String]

  var transfer: ReplicationLink.Transfer
  var engineVersion: String { Set(sources.compactMap { $0.info["redis_version"] }).sorted().joined(separator: ", ") }

  /// Looks at all masters, and at the replicas where they are preferred.
  ///
  /// - Throws: `DrillError`: `unreachable`, `permission-denied` where the user lacks a right that the capture needs, which
  ///   it names; `store-moved` where a master is none any more; `authentication-failed`, `timed-out`.
  static func make(
    _ map: RedisClusterMap, plan: CapturePlan, credentials: RedisCredentials
  ) async throws -> CaptureSurvey {
    var survey = CaptureSurvey(map: map, sources: [], notes: [], transfer: plan.allowsServerDisk ? .disk : .diskless)
    for shard in map.shards {
      let (info, settings) = try await RedisConnection.with(shard.master.endpoint, credentials) { connection in
        (RedisInfo(try await connection.ask("INFO").text ?? ""), try await ReplicationSettings(connection))
      }
      guard info["role"] == "master" else { throw CaptureSurvey.failedOver(shard) }
      var source = Source(
        shard: shard, node: shard.master, isMaster: true, info: info, settings: settings,
        minReplicasToWrite: settings.minReplicasToWrite, masterRun: info["run_id"])
      if plan.prefersReplicas {
        var best: UInt64?
        for replica in shard.replicas {
          do {
            let (found, its) = try await RedisConnection.with(replica.endpoint, credentials) { connection in
              (RedisInfo(try await connection.ask("INFO").text ?? ""), try await ReplicationSettings(connection))
            }
            if let reason = CaptureSurvey.objection(to: found, master: info) {
              survey.notes.append("replica \(replica.endpoint) of \(shard.name) is passed over: \(reason)")
              continue
            }
            let offset = found.number("slave_repl_offset") ?? 0
            guard best.map({ offset > $0 }) ?? true else { continue }
            best = offset
            source.node = replica
            source.isMaster = false
            source.info = found
            source.settings = its
          } catch let error as DrillError {
            survey.notes.append("replica \(replica.endpoint) of \(shard.name) is passed over: \(error.detail)")
          }
        }
      }
      try await source.checkRights(plan, credentials, isCluster: map.isCluster)
      survey.sources.append(source)
    }
    if let tls = credentials.tls { survey.notes += tls.notes(at: .now) }
    return survey
  }

  private static func failedOver(_ shard: RedisClusterMap.Shard) -> DrillError {
    DrillError(
      .storeMoved, subject: shard.master.endpoint.description,
      detail:
        "it was the master of \(shard.name) and is not any more: a fail-over, or a restart; run again when it is over")
  }

  /// Makes sure that every master is the one that was surveyed, in the same run.
  ///
  /// - Throws: `DrillError` with `store-moved` where one is not; `unreachable`, `timed-out`.
  func confirm(_ credentials: RedisCredentials) async throws {
    for source in sources {
      let info = try await RedisConnection.with(source.shard.master.endpoint, credentials) {
        RedisInfo(try await $0.ask("INFO").text ?? "")
      }
      guard info["role"] == "master", info["run_id"] == source.masterRun else {
        throw CaptureSurvey.failedOver(source.shard)
      }
    }
  }

  static func objection(to replica: RedisInfo, master: RedisInfo) -> String? {
    if replica["role"] != "slave" { return "it is no replica any more" }
    if replica["master_link_status"] != "up" { return "its link to the master is down" }
    if replica.flag("master_sync_in_progress") { return "it is still being filled" }
    if replica["master_replid"] != master["master_replid"] { return "it follows another replication history" }
    return nil
  }

  /// The cost of `plan`, with the reasons for which it is refused.
  func estimate(_ plan: CapturePlan) -> CaptureEstimate {
    var lines: [String] = []
    var refusals: [String] = []
    var forkMs = 0.0
    var needed: [String: UInt64] = [:]
    var free: [String: UInt64] = [:]
    for source in sources where !plan.isIncrement {
      let used = source.info.number("used_memory") ?? 0
      // Page tables are copied: 10 to 20 ms per GiB on common machines, or what the server itself last saw, whichever
      // is more.
      // Source: Redis documentation, "Diagnosing latency issues", "Latency generated by fork".
      let fork = max(Double(used) / Double(1 << 30) * 20, Double(source.info.number("latest_fork_usec") ?? 0) / 1000)
      forkMs = max(forkMs, fork)
      let host = CaptureSurvey.machine(source.node.endpoint)
      needed[host, default: 0] += used
      if let available = CaptureSurvey.freeMemory(source, host: host) {
        free[host] = min(free[host] ?? .max, available)
      }
      lines.append(
        "\(source.shard.name.prefix(12)): snapshot from \(source.isMaster ? "master" : "replica") \(source.node.endpoint), "
          + "\(mebibytes(used)) in memory, fork about \(rounded(fork)) ms")
      if transfer == .diskless, !source.settings.isDiskless {
        refusals.append(
          "\(source.node.endpoint): `repl-diskless-sync no` makes it write the snapshot to its own disk; set it to yes, or allow `transfer: disk`"
        )
      }
    }
    for source in sources {
      if plan.isIncrement {
        lines.append(
          "\(source.shard.name.prefix(12)): what changed since, from \(source.isMaster ? "master" : "replica") \(source.node.endpoint)"
            + " where nobody has recorded it; no snapshot, no fork")
      }
      if plan.follows, let objection = source.followObjection {
        refusals.append("\(source.shard.master.endpoint): \(objection)")
      }
      if source.info.flag("loading") { refusals.append("\(source.node.endpoint): it is still loading") }
    }
    lines += notes
    var pauseMs = 0.0
    if plan.coherence == .coherent {
      let spread = plan.isIncrement ? 0 : sources.map { $0.settings.longestWait(transfer) }.max() ?? 0
      pauseMs = spread + forkMs + 50
      let usable = (plan.maxPause - WritePause.margin(plan.maxPause)).milliseconds
      if pauseMs > usable {
        refusals.append(
          "writes would be paused for about \(rounded(pauseMs)) ms, and of the \(rounded(plan.maxPause.milliseconds)) ms allowed "
            + "\(rounded(usable)) ms can be used; raise `max_pause`, or capture per shard")
      }
      lines.append(
        "writes on \(sources.count) masters are paused for about \(rounded(pauseMs)) ms, at most \(rounded(plan.maxPause.milliseconds)) ms"
      )
    } else {
      lines.append("writes are not paused; the shards will not stand at one cut")
    }
    for (host, bytes) in needed.sorted(by: { $0.key < $1.key }) {
      guard let available = free[host] else {
        lines.append(
          "\(host): up to \(mebibytes(bytes)) more memory while the snapshots are written; what is free is unknown")
        continue
      }
      lines.append(
        "\(host): up to \(mebibytes(bytes)) more memory while the snapshots are written, \(mebibytes(available)) free")
      if bytes > available {
        refusals.append(
          "\(host): a fork may need \(mebibytes(bytes)) more memory at worst, and \(mebibytes(available)) are free")
      }
    }
    let allKnown = needed.keys.allSatisfy { free[$0] != nil }
    return CaptureEstimate(
      pauseMs: pauseMs, forkMs: forkMs, memoryNeededBytes: needed.values.reduce(0, +),
      memoryFreeBytes: allKnown ? free.values.reduce(0, +) : nil, lines: lines, refusals: refusals)
  }

  /// The machine that a node runs on, as far as its endpoint says.
  private static func machine(_ endpoint: Endpoint) -> String {
    switch endpoint {
    case .unix: "this machine"
    case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.") ? "this machine" : host
    }
  }

  /// What is free: here what the kernel calls available; elsewhere what the machine has less what the server holds,
  /// which is an upper bound.
  private static func freeMemory(_ source: Source, host: String) -> UInt64? {
    if host == "this machine", let available = availableHere() { return available }
    guard let total = source.info.number("total_system_memory"), let resident = source.info.number("used_memory_rss")
    else { return nil }
    return total - min(total, resident)
  }

  /// Source: proc(5), /proc/meminfo, `MemAvailable`, in KiB.
  private static func availableHere() -> UInt64? {
    guard let file = fopen("/proc/meminfo", "re") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    while fgets(&buffer, CInt(buffer.count), file) != nil {
      let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard line.hasPrefix("MemAvailable:") else { continue }
      return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }
    return nil
  }

  private func mebibytes(_ bytes: UInt64) -> String { "\(rounded(Double(bytes) / Double(1 << 20))) MiB" }
  private func rounded(_ value: Double) -> String {
    value < 10 ? String((value * 10).rounded() / 10) : String(Int(value.rounded()))
  }
}

extension CaptureSurvey.Source {
  /// - Throws: `DrillError` with `permission-denied`.
  fileprivate func checkRights(
    _ plan: CapturePlan, _ credentials: RedisCredentials, isCluster: Bool
  ) async throws {
    let pauses = plan.coherence == .coherent
    let version = info["redis_version"]
    if isMaster || pauses {
      try await RedisConnection.with(shard.master.endpoint, credentials) { connection in
        try await RedisRights.check(
          connection, credentials, version: version, replicates: isMaster, pauses: pauses,
          countsSlots: pauses && isCluster)
      }
    }
    guard !isMaster else { return }
    try await RedisConnection.with(node.endpoint, credentials) { connection in
      try await RedisRights.check(
        connection, credentials, version: version, replicates: true, pauses: false, countsSlots: false)
    }
  }
}
