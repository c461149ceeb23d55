package import DrillModel

/// What a ledger says, kept up to date as it grows, so that pages need not read it again: runs by cluster, findings followed, and what is concluded from them.
///
/// A value that is extended by what was appended since; the cost of an extension does not grow with the ledger's age, but for missed drills.
package struct LedgerMemory: Sendable {
  /// The number of leaves that were read.
  package private(set) var size = 0
  package private(set) var clusters: [String: ClusterMemory] = [:]
  private var book = FindingBook()
  private var findingsByCluster: [String: [FollowedFinding]] = [:]
  private var openFindings: [String: [FollowedFinding]] = [:]
  /// Leaves of runs that began and did not finish, by run.
  private var unfinished: [String: Recorded<RunStarted>] = [:]
  private var running: Set<String> = []
  /// Where each run lies, finished or not.
  private var clusterOfRun: [String: String] = [:]
  /// One copy of each set of slots: most runs examine the same.
  private var slotSets: Set<SlotSet> = []
  private var missedAt: Instant?

  package init() {}

  /// How long missed drills are taken to be those that were last concluded, while nothing was appended.
  private static let missedLifetimeMs: Int64 = 15_000

  /// Reads what was appended since the last time.
  ///
  /// - Returns: whether anything is different now.
  /// - Throws: `DrillError` with `ledger-damaged` or `ledger-unwritable`; then nothing has changed.
  package mutating func extend(from ledger: Ledger, at now: Instant) throws -> Bool {
    var added = History()
    added.size = size
    try ledger.extend(&added)
    var hasChanged = added.size != size
    if hasChanged { take(added) }
    // Where a process ended without finishing its run, nothing is appended.
    let alive = running.union(added.running).filter { run in
      unfinished[run].map { ledger.locks.isHeld($0.leaf) } ?? false
    }
    if alive != running { hasChanged = true }
    running = alive
    let isStale = missedAt.map { now.millisecondsSince1970 - $0.millisecondsSince1970 > Self.missedLifetimeMs } ?? true
    if hasChanged || isStale {
      concludeMissed(at: now)
      missedAt = now
      hasChanged = true
    }
    return hasChanged
  }

  private mutating func take(_ added: History) {
    for start in added.started {
      clusters[start.body.cluster, default: ClusterMemory(start.body.cluster)].started.append(start)
      unfinished[start.body.run] = start
      clusterOfRun[start.body.run] = start.body.cluster
    }
    var actions = added.findingActions[...]
    for run in added.runs {
      while let action = actions.first, action.leaf < run.leaf {
        book.add(action)
        actions.removeFirst()
      }
      book.add(run)
      var kept = run
      if let examined = run.body.examined {
        kept.body.examined?.slots = slotSets.insert(examined.slots).memberAfterInsert
      }
      clusters[run.body.cluster, default: ClusterMemory(run.body.cluster)].add(kept)
      unfinished[run.body.run] = nil
      clusterOfRun[run.body.run] = run.body.cluster
    }
    for action in actions { book.add(action) }
    for topology in added.topologies {
      clusters[topology.body.cluster, default: ClusterMemory(topology.body.cluster)].topologies.append(topology)
    }
    for event in added.migrationEvents {
      clusters[event.body.cluster, default: ClusterMemory(event.body.cluster)].migrationEvents.append(event)
    }
    for decision in added.decisions {
      // A policy may name clusters that there are not.
      for name in decision.body.clusters { clusters[name]?.decisions.append(decision) }
    }
    for schedule in added.schedules {
      clusters[schedule.body.cluster, default: ClusterMemory(schedule.body.cluster)].schedules.append(schedule)
    }
    for skip in added.skips {
      clusters[skip.body.cluster, default: ClusterMemory(skip.body.cluster)].skips.append(skip)
    }
    if !added.runs.isEmpty || !added.findingActions.isEmpty {
      findingsByCluster = Dictionary(grouping: book.findings, by: \.cluster)
      openFindings = findingsByCluster.mapValues { $0.filter(\.isOpen) }
    }
    for name in clusters.keys { clusters[name]?.unfinished = [] }
    for start in unfinished.values { clusters[start.body.cluster]?.unfinished.append(start) }
    size = added.size
  }

  private mutating func concludeMissed(at now: Instant) {
    for (name, cluster) in clusters where !cluster.schedules.isEmpty {
      var history = History()
      history.schedules = cluster.schedules
      history.runs = cluster.runs
      history.started = cluster.started
      history.skips = cluster.skips
      history.running = running
      clusters[name]?.missed = history.missedDrills(at: now)
    }
  }

  // MARK: What pages ask

  package var clusterNames: [String] { clusters.keys.sorted() }

  package func cluster(ofRun run: String) -> String? { clusterOfRun[run] }

  package func isRunning(_ run: String) -> Bool { running.contains(run) }

  /// Findings of a cluster, followed; overdue ones first, then open ones, each by severity and age.
  package func findings(of cluster: String, since: Instant, at now: Instant) -> [FollowedFinding] {
    FollowedFinding.sorted(
      (findingsByCluster[cluster] ?? []).filter {
        $0.isOpen || $0.lastSeenAt >= since || ($0.closedAt ?? since) > since
      },
      at: now)
  }

  package func openFindings(of cluster: String, at now: Instant) -> [FollowedFinding] {
    FollowedFinding.sorted(openFindings[cluster] ?? [], at: now)
  }

  package func finding(_ id: String) -> FollowedFinding? {
    for findings in findingsByCluster.values {
      if let found = findings.first(where: { $0.id == id }) { return found }
    }
    return nil
  }

  /// Runs of a cluster that did not finish, since a time.
  package func unfinished(of cluster: String, since: Instant) -> [ReportPage.RunLine] {
    (clusters[cluster]?.unfinished ?? []).filter { $0.body.startedAt >= since }.map {
      ReportTrends.line($0.body, running.contains($0.body.run) ? .running : .interrupted)
    }
  }

  package var interruptedRuns: [Recorded<RunStarted>] {
    unfinished.values.filter { !running.contains($0.body.run) }.sorted { $0.leaf < $1.leaf }
  }

  /// The report of one run; what the ledger holds of it comes from the caller.
  package func report(_ recorded: RecordedRun, at now: Instant) -> ReportPage {
    let entry = recorded.entry
    let cluster = clusters[entry.cluster]
    let earlier = cluster?.window(of: entry.drill, until: entry.startedAt) ?? ReportWindow([])
    return ReportPage(
      recorded, earlier: earlier, findings: openFindings(of: entry.cluster, at: now),
      topology: cluster?.topology(for: recorded.run?.backups ?? entry.outcome?.backups ?? []),
      missed: (cluster?.missed ?? []).filter { $0.drill == entry.drill }, at: now)
  }

  /// The report of a cluster since a time.
  package func report(cluster name: String, since: Instant, latest: RecordedRun?, at now: Instant) -> ReportPage? {
    guard let cluster = clusters[name] else { return nil }
    return ReportPage(
      cluster: name, since: since, window: cluster.window(since: since), unfinished: unfinished(of: name, since: since),
      latest: latest, findings: findings(of: name, since: since, at: now),
      topology: cluster.topology(for: latest?.run?.backups ?? latest?.entry.outcome?.backups ?? []),
      missed: cluster.missed.filter { $0.due >= since }, skips: cluster.skips.filter { $0.time >= since },
      events: cluster.migrationEvents.map(\.body), at: now)
  }
}
