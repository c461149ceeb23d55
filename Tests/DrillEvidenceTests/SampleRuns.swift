import DrillModel

/// Runs made by hand: this target only repeats what was recorded.
enum SampleRuns {
  static let start = Instant(millisecondsSince1970: 1_767_225_600_000)

  static func id(_ number: Int, drill: String = "orders-nightly") -> String {
    let hex = String(0xA1_0000 + number, radix: 16)
    return "\(drill)-20260101T00\(number < 10 ? "0" : "")\(number)00Z-\(hex)"
  }

  static func empty(_ number: Int = 0, drill: String = "orders-nightly", cluster: String = "orders") -> Run {
    let startedAt = Instant(millisecondsSince1970: start.millisecondsSince1970 + Int64(number) * 60_000)
    return Run(
      id: id(number, drill: drill), drill: drill, cluster: cluster, engine: "redis",
      files: [
        "\(drill).yaml": "drill: \(drill)\nworkload: read-mostly.yaml\n", "read-mostly.yaml": "operations: 100\n",
      ], seed: 42,
      startedAt: startedAt, finishedAt: Instant(millisecondsSince1970: startedAt.millisecondsSince1970 + 21_400),
      tool: "firedrill 0.1.0", host: "Linux x86_64", requiredLevel: .answers)
  }

  /// Everything was examined and nothing is wrong.
  static func passing(_ number: Int = 0, drill: String = "orders-nightly", cluster: String = "orders") throws -> Run {
    var run = empty(number, drill: drill, cluster: cluster)
    run.backups = [
      Run.BackupExamined(
        backup: "orders-20251231T233000Z-0c0ffe", manifest: Digest(words: (1, 2, 3, 4)),
        cut: Cut(
          time: Instant(millisecondsSince1970: start.millisecondsSince1970 - 1_800_000), coherence: .coherent,
          positions: ["s1": "8d0f:1200", "s2": "77aa:900", "s3": "19ce:4410"],
          proof: ["offsets equal before and after the fork on all 3 shards"]))
    ]
    run.levels = [
      Run.LevelReached(.bytes, evidence: "5 artifacts read in full, sealed by drill-key"),
      Run.LevelReached(.decoded, evidence: "412,008 records in 3 artifacts, every slot covered"),
      Run.LevelReached(.restored, evidence: "redis 7.0.15 holds the records of the artifacts"),
      Run.LevelReached(.content, evidence: "counts of 16384 slots equal those of the live servers at the cut"),
      Run.LevelReached(.answers, evidence: "20,000 operations answered as at the cut"),
    ]
    run.coverage = [
      Run.StageCoverage(
        .integrity, of: "artifacts", try Coverage(.bytes, declared: 1_288_490_188, examined: 1_288_490_188)),
      Run.StageCoverage(.decode, of: "slots", try Coverage(.slots, declared: 16384, examined: 16384)),
      Run.StageCoverage(
        .fingerprint, of: "sandbox against artifact",
        try Coverage(.records, declared: 412_008, examined: 412_006, skipped: [.opaqueModule: 2])),
      Run.StageCoverage(
        .compare, of: "answers captured", try Coverage(.answers, declared: 20_000, examined: 20_000)),
    ]
    run.phases = [
      PhaseTiming(.integrity, elapsed: .milliseconds(812)), PhaseTiming(.decode, elapsed: .milliseconds(2340)),
      PhaseTiming(.locate, elapsed: .milliseconds(3)), PhaseTiming(.copy, elapsed: .milliseconds(640)),
      PhaseTiming(.load, elapsed: .milliseconds(4210)), PhaseTiming(.load, shard: "s1", elapsed: .milliseconds(4210)),
      PhaseTiming(.load, shard: "s2", elapsed: .milliseconds(3900)), PhaseTiming(.ready, elapsed: .milliseconds(45)),
      PhaseTiming(.firstAnswer, elapsed: .milliseconds(2)), PhaseTiming(.fingerprint, elapsed: .milliseconds(5120)),
      PhaseTiming(.replay, elapsed: .milliseconds(3300)),
    ]
    run.objectives = [
      Run.Objective(.restoreTime, target: 60_000, measured: 4_900), Run.Objective(.mismatches, target: 0, measured: 0),
    ]
    run.comparisons = [
      Run.Comparison(.fingerprint, left: "artifact", right: "sandbox", independentReaders: 2, isEqual: true),
      Run.Comparison(.compare, left: "sandbox", right: "captured", independentReaders: 2, isEqual: true),
    ]
    run.answers = Run.AnswerTally(equal: 20_000)
    run.latencies = [
      Run.Latency(side: "reference", operations: 20_000, p50: 61, p99: 240, p999: 900, max: 4100),
      Run.Latency(side: "sandbox", operations: 20_000, p50: 58, p99: 210, p999: 880, max: 2300),
    ]
    run.sandbox = SandboxFacts(
      isolation: .namespaces, isolationDetail: "bubblewrap, no network, unix sockets only", server: "redis 7.0.15",
      clockHeld: true,
      phases: [])
    run.fingerprintRoot = Digest(words: (0xABCD, 1, 2, 3))
    run.selfTest = selfTest
    return run
  }

  static var selfTest: SelfTest {
    SelfTest(
      seed: 42, asked: 3,
      planted: [
        .init(
          part: .bytes, fault: "flip-byte", place: "s1.rdb, at byte 4711", expected: [.checksumMismatch],
          found: [.checksumMismatch]),
        .init(
          part: .restored, fault: "value-changed", place: "shard s3, db0, slot 77", expected: [.restoredDiffers],
          found: [.restoredDiffers]),
        .init(
          part: .answers, fault: "answer-changed", place: "get, slot 5461", expected: [.answerDiffers],
          found: [.answerDiffers]),
      ], omitted: [.init(.content, reason: "no fingerprint of the source")], bytesCopied: 1_048_576, elapsedMs: 31)
  }

  /// All is well but the checks: one of them let a fault pass.
  static func unsound() throws -> Run {
    var run = try passing(4)
    run.selfTest?.planted[1].found = []
    return run
  }
}

extension SampleRuns {
  /// A backup of which nothing but the bytes is known, restored: `restored` is as far as it goes.
  static func unknownCut() throws -> Run {
    var run = try passing(1, drill: "bucket-weekly")
    run.requiredLevel = .restored
    run.backups = [Run.BackupExamined(backup: "dump.rdb", manifest: nil, cut: nil)]
    run.levels = Array(run.levels.prefix(3))
    run.coverage = Array(run.coverage.prefix(3))
    run.comparisons = Array(run.comparisons.prefix(1))
    run.answers = nil
    run.latencies = []
    run.objectives = []
    return run
  }

  /// Wrong in several ways at once, with much that could not be looked at.
  static func failing() throws -> Run {
    var run = try passing(2)
    run.levels = [run.levels[0], run.levels[1]]
    run.findings = [
      Finding(
        .checksumMismatch, stage: .integrity,
        subject: .init(backup: "orders-20251231T233000Z-0c0ffe", shard: "s2", artifact: "s2.rdb"),
        expected: "sha256 e3b0c44298fc", observed: "sha256 6e340b9cffb3")
    ]
    for number in 0..<13 {
      run.findings.append(
        Finding(
          .answerDiffers, stage: .compare,
          subject: .init(
            shard: "s2", namespace: "0", slot: Slot(5461 + number), key: .redacted("key:00112233445566\(10 + number)")),
          expected: "bulk string of 118 bytes", observed: "nil"))
    }
    run.findings.append(
      Finding(
        .driftUnexplained, stage: .drift,
        subject: .init(namespace: "0", slot: Slot(77), key: .redacted("key:ffeeddccbbaa9988")),
        expected: "changed after the cut, says the change log", observed: "the change log does not name it"))
    run.findings.append(
      Finding(.restoreTimeExceeded, stage: .objectives, expected: "at most 60 s", observed: "71.2 s"))
    run.obstacles = [
      Run.Obstacle(
        DrillError(
          .timedOut, stage: .replay, subject: "sandbox s3",
          detail: "no reply within 10 s; see whether the machine is overloaded"),
        stage: .replay)
    ]
    run.phases = run.phases.map { timing in
      timing.phase == .load && timing.shard == nil ? PhaseTiming(.load, elapsed: .milliseconds(70_510)) : timing
    }
    run.objectives = [
      Run.Objective(.restoreTime, target: 60_000, measured: 71_200),
      Run.Objective(.mismatches, target: 0, measured: 13),
      Run.Objective(.coverage, target: 0.95, measured: 0.9312),
      Run.Objective(.recoveryPoint, target: 86_400_000, measured: nil),
    ]
    run.coverage = [
      run.coverage[0], run.coverage[1],
      Run.StageCoverage(
        .compare, of: "answers captured",
        try Coverage(.answers, declared: 20_000, examined: 18_624, skipped: [.indeterminate: 1376])),
      Run.StageCoverage(
        .drift, of: "live snapshot",
        try Coverage(.records, declared: 412_008, examined: 411_000, skipped: [.explained: 1000, .notReferenced: 8])),
    ]
    run.comparisons = [
      Run.Comparison(.fingerprint, left: "artifact", right: "sandbox", independentReaders: 2, isEqual: true),
      Run.Comparison(.drift, left: "sandbox", right: "live", independentReaders: 2, isEqual: false),
    ]
    run.answers = Run.AnswerTally(equal: 18_611, different: 13, indeterminate: 1376)
    run.drift = [
      Run.DriftTally(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: 998),
      Run.DriftTally(kind: .removed, attribution: .explained, cause: .expiredSinceCut, count: 2),
      Run.DriftTally(kind: .changed, attribution: .unexplained, cause: .notInChangeLog, count: 1),
      Run.DriftTally(kind: .added, attribution: .ambiguous, cause: .noChangeLog, count: 8),
    ]
    run.driftSamples = [
      Drift(
        kind: .changed, attribution: .unexplained, cause: .notInChangeLog, namespace: "0", slot: Slot(77),
        key: .redacted("key:ffeeddccbbaa9988"))
    ]
    run.notes = ["shards were restored in 2 waves within 512 MiB"]
    return run
  }

  /// No server to restore with: nothing is wrong, and nothing is proven.
  static func inconclusive() throws -> Run {
    var run = try passing(3)
    run.levels = Array(run.levels.prefix(2))
    run.coverage = [
      run.coverage[0], run.coverage[1],
      Run.StageCoverage(
        .fingerprint, of: "sandbox against artifact",
        try Coverage(.records, declared: 412_008, examined: 0, skipped: [.stageNotRun: 412_008])),
    ]
    run.obstacles = [
      Run.Obstacle(
        DrillError(
          .serverMissing, subject: "redis-server",
          detail: "it is not in PATH; install it with `apt-get install redis-server`"),
        stage: .restore)
    ]
    run.phases = Array(run.phases.prefix(2))
    run.objectives = [Run.Objective(.restoreTime, target: 60_000, measured: nil)]
    run.comparisons = []
    run.answers = nil
    run.latencies = []
    run.sandbox = nil
    return run
  }

  /// Every list longer than any screen.
  static func overflowing() throws -> Run {
    var run = try failing()
    run.findings = []
    for code in FindingCode.allCases {
      for number in 0..<40 {
        run.findings.append(
          Finding(
            code, stage: .integrity,
            subject: .init(
              backup: String(repeating: "b", count: 90), shard: "shard-with-a-long-name-\(number)",
              artifact: "data/file-\(number).rdb"),
            expected: String(repeating: "an expectation of many words ", count: 6), observed: "something else"))
      }
    }
    run.obstacles = DrillError.Code.allCases.map {
      Run.Obstacle(DrillError($0, subject: "it", detail: "could not be looked at for a reason"), stage: .restore)
    }
    run.coverage = try (0..<30).map {
      Run.StageCoverage(
        .compare, of: "part \($0)", try Coverage(.records, declared: 10, examined: 7, skipped: [.budgetSpent: 3]))
    }
    run.drift = Drift.Cause.allCases.map {
      Run.DriftTally(kind: .changed, attribution: .unexplained, cause: $0, count: 5)
    }
    run.comparisons = (0..<12).map {
      Run.Comparison(.compare, left: "sandbox", right: "backup \($0)", independentReaders: 1, isEqual: false)
    }
    run.backups = (0..<9).map { Run.BackupExamined(backup: "orders-\($0)", manifest: nil, cut: nil) }
    return run
  }
}
