import DrillModel

/// A run as a nightly drill on a cluster of three shards records it.
enum GeneratedRun {
  static func run(
    _ number: Int, cluster: String, at start: Instant, _ numbers: inout SeededGenerator
  ) throws -> Run {
    var run = Run(
      id: "\(cluster)-nightly-\(number)", drill: "nightly", cluster: cluster, engine: "redis",
      files: ["nightly.yaml": "drill: nightly\n"], seed: UInt64(number), startedAt: start,
      finishedAt: Instant(millisecondsSince1970: start.millisecondsSince1970 + 40_000), tool: "firedrill 0.1.0",
      host: "Linux x86_64", requiredLevel: .answers)
    let isFailing = number % 50 == 17
    let isInconclusive = number % 40 == 23
    let cut = Cut(
      time: start, coherence: .coherent, positions: ["s1": "8d0f:1200", "s2": "77aa:900", "s3": "19ce:4410"],
      proof: ["offsets equal before and after the fork on all 3 shards"])
    run.backups = [
      Run.BackupExamined(
        backup: "\(cluster)-\(number)", manifest: Digest(words: (UInt64(number), 2, 3, 4)), cut: cut)
    ]
    let levels = Level.allCases.dropFirst().prefix(isFailing ? 3 : isInconclusive ? 2 : 5)
    run.levels = levels.map { Run.LevelReached($0, evidence: "generated evidence of \($0.rawValue)") }
    let records: UInt64 = 400_000 + UInt64(number % 1000)
    run.coverage = [
      Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1 << 30, examined: 1 << 30)),
      Run.StageCoverage(.decode, of: "slots", try Coverage(.slots, declared: 16384, examined: 16384)),
      Run.StageCoverage(
        .fingerprint, of: "records",
        try Coverage(.records, declared: records, examined: records - 2, skipped: [.opaqueModule: 2])),
      Run.StageCoverage(.compare, of: "answers captured", try Coverage(.answers, declared: 20_000, examined: 20_000)),
      Run.StageCoverage(
        .drift, of: "live",
        try Coverage(.records, declared: records, examined: records - 998, skipped: [.explained: 998])),
    ]
    let load = Double(numbers.next() % 4000) + 3000
    run.phases = [
      PhaseTiming(.locate, elapsed: .milliseconds(3)), PhaseTiming(.copy, elapsed: .milliseconds(640)),
      PhaseTiming(.load, elapsed: .milliseconds(load)), PhaseTiming(.ready, elapsed: .milliseconds(45)),
      PhaseTiming(.firstAnswer, elapsed: .milliseconds(2)),
    ]
    run.objectives = [Run.Objective(.restoreTime, target: 10_000, measured: run.restoreMs)]
    run.answers = Run.AnswerTally(equal: 20_000)
    run.latencies = [
      Run.Latency(side: "reference", operations: 20_000, p50: 61, p99: 240, p999: 900, max: 4100),
      Run.Latency(side: "sandbox", operations: 20_000, p50: 58, p99: 210, p999: 880, max: 2300),
    ]
    run.drift = [
      Run.DriftTally(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: numbers.next() % 2000)
    ]
    run.examined = Run.Examined(
      stages: isInconclusive ? [.manifest, .integrity, .decode] : Stage.allCases, shards: ["s1", "s2", "s3"],
      slots: .all,
      references: ["captured", "live"])
    run.governance = Governance(
      owner: "storage", escalation: ["on-call"], deadlines: [.critical: 86_400, .high: 259_200])
    if isInconclusive {
      run.obstacles = [
        Run.Obstacle(DrillError(.serverMissing, subject: "redis-server", detail: "it is not in PATH"), stage: .restore)
      ]
    }
    if isFailing {
      run.findings = (0..<6).map { index in
        Finding(
          .contentDiffers, stage: .compare,
          subject: .init(
            backup: run.backups[0].backup, shard: "s2", namespace: "0", slot: Slot((number * 7 + index * 31) % 16384)),
          expected: "26 records", observed: "25 records")
      }
    }
    return run
  }
}
