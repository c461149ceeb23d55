import DrillCrypto
import DrillModel

@testable import DrillEvidence

/// Thirty nights of one cluster, with a re-sharding from epoch 7 to epoch 9 in the middle, on which every clause of ``policy`` is met. Each test changes one fact.
struct GateSample {
  static let nights = 30
  static let start = Instant(millisecondsSince1970: 1_767_225_600_000)

  var runs: [Run]
  /// The nights' backups that the catalog still holds.
  var retained: [RetainedBackup]
  var unreadable: [String] = []
  var hasCatalog = true
  var schedule: ScheduleDeclared? = ScheduleDeclared(
    drill: "nightly", cluster: "shop", calendar: "*-*-* 02:00 UTC", grace: 3600)
  var topologies: [(night: Int, TopologySeen)]
  var now = GateSample.time(29, 5)

  static func time(_ night: Int, _ hour: Double) -> Instant {
    Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(night) * 86_400_000 + Int64(hour * 3_600_000))
  }

  static func topology(_ epoch: UInt64, moves: [Topology.Move] = []) -> Topology {
    let border = epoch < 9 ? 63 : 31
    return Topology(
      epoch: epoch,
      shards: [
        .init(name: "s1", slots: SlotSet(0...border)), .init(name: "s2", slots: SlotSet(border + 1...99)),
      ], moves: moves)
  }

  static func manifest(_ night: Int, epoch: UInt64) -> Manifest {
    let time = time(night, 1.5)
    let gibibytes = UInt64(100 + night)
    return Manifest(
      backup: "shop-\(night)", cluster: "shop", engine: "redis", engineVersion: "7.0.15",
      cut: Cut(
        time: time, coherence: .coherent, positions: ["s1": "a:1", "s2": "b:2"], proof: ["offsets equal on 2 shards"]),
      scope: .init(), topology: topology(epoch),
      artifacts: ["s1", "s2"].map { (shard: String) in
        Artifact(
          name: "\(shard).rdb", role: .data, shard: shard, format: "rdb", sizeBytes: gibibytes << 29,
          digest: digest(night))
      }, retention: night % 7 == 1 ? "weekly" : "daily")
  }

  static func digest(_ night: Int) -> Digest { Digest(words: (UInt64(night), 1, 2, 3)) }

  /// 20 s and 0.6 s for each GiB, half a second more or less.
  static func restoreMs(_ night: Int) -> Double {
    20_000 + 600 * Double(100 + night) + (night.isMultiple(of: 2) ? 500 : -500)
  }

  static func run(_ night: Int) throws -> Run {
    let manifest = manifest(night, epoch: night < 24 ? 7 : 9)
    var run = Run(
      id: "nightly-\(night)", drill: "nightly", cluster: "shop", engine: "redis",
      files: ["nightly.yaml": "drill: nightly\n"], seed: 1, startedAt: time(night, 2), finishedAt: time(night, 2.5),
      tool: "firedrill 0.1.0", host: "Linux", requiredLevel: .restored)
    run.backups = [
      Run.BackupExamined(
        backup: manifest.backup, manifest: digest(night), cut: manifest.cut, stated: .init(manifest))
    ]
    run.levels = Level.allCases.dropFirst().map { Run.LevelReached($0, evidence: "looked at") }
    let bytes = manifest.artifacts.reduce(0) { $0 + $1.sizeBytes }
    run.coverage = [
      Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: bytes, examined: bytes)),
      Run.StageCoverage(
        .drift, of: "live snapshot",
        try Coverage(.records, declared: 1000, examined: 990, skipped: [.explained: 10])),
      Run.StageCoverage(.compare, of: "answers captured", try Coverage(.answers, declared: 5000, examined: 5000)),
    ]
    run.phases = [PhaseTiming(.load, elapsed: .milliseconds(Int64(restoreMs(night))))]
    run.answers = Run.AnswerTally(equal: 5000)
    run.drift = [Run.DriftTally(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: 10)]
    run.latencies = [
      Run.Latency(side: "sandbox", operations: 5000, p50: 60, p99: 250, p999: 900, max: 4000),
      Run.Latency(side: "reference", operations: 5000, p50: 50, p99: 200, p999: 900, max: 4000),
    ]
    run.sandbox = SandboxFacts(
      isolation: .namespaces, isolationDetail: "bubblewrap", server: "redis 7.0.15", clockHeld: true, phases: [])
    run.fingerprintRoot = Digest(words: (9, 9, 9, UInt64(night)))
    run.examined = Run.Examined(
      stages: Stage.allCases, shards: ["s1", "s2"], slots: SlotSet(0...0), references: ["captured", "live"])
    run.governance = Governance(owner: "storage", deadlines: [.critical: 86_400, .high: 86_400, .medium: 86_400])
    return run
  }

  init() throws {
    runs = try (0..<GateSample.nights).map(GateSample.run)
    retained = (25..<30).map {
      RetainedBackup(GateSample.manifest($0, epoch: 9), digest: GateSample.digest($0))
    }
    topologies = [
      (0, TopologySeen(cluster: "shop", GateSample.topology(7), seenIn: "backup shop-0")),
      (24, TopologySeen(cluster: "shop", GateSample.topology(9), seenIn: "backup shop-24")),
    ]
  }

  var last: Run {
    get { runs[runs.count - 1] }
    set { runs[runs.count - 1] = newValue }
  }

  /// Every clause once.
  static let clauses: [any GateClause] = [
    LevelClause(.answers), PassedWithinClause(.seconds(30 * 3600)),
    PassedWithinClause(.seconds(8 * 86_400), retention: "weekly", kind: .full),
    SuccessRateClause(atLeast: 0.9, over: .seconds(28 * 86_400), leastRuns: 20),
    EpochClause(.present, within: .seconds(2 * 86_400)), EpochClause(.beforeMove, within: .seconds(8 * 86_400)),
    RestoreTimeClause(atMost: .seconds(120)),
    RestoreTimePercentileClause(atMost: .seconds(130), percentile: 95, last: 20),
    RestoreTimeAtSizeClause(atMost: .seconds(1500), bytes: 1 << 40), RecoveryPointClause(atMost: .seconds(30 * 3600)),
    RecoveryPointPercentileClause(atMost: .seconds(50 * 3600), percentile: 90, last: 20),
    UnexplainedDriftClause(atMost: 0), MismatchesClause(atMost: 0), CoverageClause(atLeast: 0.98),
    IsolationClause(atLeast: .namespaces), CoherentCutClause(), OverdueFindingsClause(atMost: 0),
    MissedDrillsClause(atMost: 0, over: .seconds(28 * 86_400)), VerificationDebtClause(within: .seconds(14 * 86_400)),
    LatencyClause(.p50, ratio: 2), LatencyClause(.p99, ratio: 2),
    RequiredChecksClause(
      stages: [.integrity, .replay, .compare], references: ["captured"], refusedSkips: [.notSampled]),
  ]

  static func policy(
    readiness: [any GateClause] = clauses, final: [any GateClause] = [], clusters: [String] = ["shop"]
  ) -> GatePolicy {
    GatePolicy(
      name: "cutover", text: "gate: cutover\n", clusters: clusters, drills: ["nightly"], validity: .seconds(7200),
      readiness: readiness, final: final)
  }

  var listing: CatalogListing? {
    hasCatalog
      ? CatalogListing(folder: "/backups", listedAt: now, backups: retained, unreadable: unreadable) : nil
  }

  /// Writes all of it into a ledger, in the order of the nights; at once, since a disk that is waited for thirty times a history is most of a test.
  func write(to ledger: Ledger) throws {
    try ledger.write { db in
      var waiting = topologies[...]
      if let schedule { _ = try ledger.append(schedule, details: nil, at: GateSample.time(-1, 0), db) }
      for (index, run) in runs.enumerated() {
        _ = try ledger.append(
          RunFinished(run, redactor: ledger.redactor), details: CanonicalJSON.encode(run), at: run.finishedAt, db)
        while let topology = waiting.first, topology.night <= index {
          _ = try ledger.append(topology.1, details: nil, at: run.finishedAt, db)
          waiting.removeFirst()
        }
      }
    }
  }

  /// Decides on it through a real ledger, without recording the decision.
  func decide(
    _ policy: GatePolicy = GateSample.policy(), _ stage: GateStage = .readiness,
    _ more: (Ledger) throws -> Void = { _ in }
  ) throws -> GateDecision {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try write(to: ledger)
      try more(ledger)
      return try decide(policy, stage, ledger)
    }
  }

  func decide(
    _ policy: GatePolicy = GateSample.policy(), _ stage: GateStage = .readiness, _ ledger: Ledger
  ) throws
    -> GateDecision
  {
    let (history, position) = try ledger.positionedHistory()
    let facts = GateFacts(history, ledger: position, catalog: listing, at: now)
    return policy.decide(stage, on: facts, tool: "firedrill 0.1.0")
  }
}

extension GateDecision {
  /// Names of clauses of that status, each once.
  func names(_ status: ClauseStatus) -> Set<String> {
    Set(clauses.filter { $0.status == status }.map(\.clause))
  }

  /// What keeps it shut, for a test's message.
  var trouble: String {
    clauses.filter { $0.status != .met }.map { "\($0.clause): \($0.status.rawValue): \($0.measured): \($0.reason)" }
      .joined(separator: "\n")
  }
}
