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
    return run
  }
}
