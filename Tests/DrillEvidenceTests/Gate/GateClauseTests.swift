import DrillCrypto
import DrillModel
import Testing

@testable import DrillEvidence

/// A fact changed, and the one clause that the change concerns.
private struct Case: Sendable, CustomTestStringConvertible {
  var clause: String
  var words: String
  var change: @Sendable (inout GateSample) throws -> Void

  init(_ clause: String, _ words: String, _ change: @escaping @Sendable (inout GateSample) throws -> Void) {
    self.clause = clause
    self.words = words
    self.change = change
  }

  var testDescription: String { "\(clause): \(words)" }
}

@Suite("What a gate decides")
struct GateClauseTests {
  @Test("the gate opens on a good history, at both stages, and shows a fact for each clause")
  func opens() throws {
    let sample = try GateSample()
    let decision = try sample.decide()
    #expect(decision.outcome == .open, "\(decision.trouble)")
    #expect(decision.clauses.count == GateSample.clauses.count + 2)
    #expect(decision.isConsistent)
    #expect(decision.clauses.allSatisfy { !$0.reason.isEmpty && !$0.required.isEmpty && !$0.measured.isEmpty })
    #expect(decision.clauses.allSatisfy { $0.nextStep == nil })
    // A schedule that was kept and a clock that went forwards are the absence of leaves, and no leaf of their own.
    for result in decision.clauses where !["missed_drills", "clock", "overdue_findings"].contains(result.clause) {
      #expect(!result.facts.isEmpty, "\(result.clause)")
    }
    let binding = try #require(decision.bindings.first)
    #expect(binding.run == "nightly-29" && binding.epoch == 9)
    #expect(binding.cut?.time == GateSample.time(29, 1.5))
    #expect(binding.fingerprintRoot == sample.last.fingerprintRoot)
    #expect(decision.statement.subjects.map(\.digest.sha256) == [GateSample.digest(29)])
    #expect(decision.expires == GateSample.time(29, 7))
    let split = GateSample.policy(readiness: [LevelClause(.answers)], final: [MismatchesClause(atMost: 0)])
    #expect(try sample.decide(split, .final).statedClauses == 2)
    #expect(try sample.decide(split, .readiness).statedClauses == 1)
  }

  private static let closing: [Case] = [
    Case("standing", "a drill that is not counted fails after the run that decides") { sample in
      var run = try GateSample.run(29)
      run.id = "adhoc-1"
      run.drill = "adhoc"
      run.findings = [.closing]
      run.finishedAt = GateSample.time(29, 3)
      sample.runs.insert(run, at: 30)
    },
    Case("level", "the last run only restored") { $0.last.levels.removeLast(2) },
    Case("passed_within", "no weekly backup was drilled for a fortnight") { sample in
      for night in 16..<30 { sample.runs[night].backups[0].stated?.retention = "daily" }
    },
    Case("success_rate", "every third run failed") { sample in
      for night in stride(from: 2, to: 28, by: 3) { sample.runs[night].findings = [.restoring] }
    },
    Case("epochs", "no backup from before the move was drilled for long") { sample in
      for night in 18..<24 { sample.runs[night].backups[0].stated?.epoch = 8 }
    },
    Case("rto", "the last restore took longer") { $0.last.phases = [.restore(seconds: 125)] },
    Case("rto_percentile", "two restores took long") { sample in
      for night in [20, 22] { sample.runs[night].phases = [.restore(seconds: 145)] }
    },
    Case("rto_at_size", "restore times grow faster with size") { sample in
      for night in sample.runs.indices {
        let noise = night.isMultiple(of: 2) ? 0.5 : -0.5
        sample.runs[night].phases = [.restore(seconds: 2 * Double(100 + night) - 150 + noise)]
      }
    },
    Case("rpo", "the last two runs verified an older backup's cut") { sample in
      for night in [28, 29] { sample.runs[night].backups[0].cut = GateSample.manifest(27, epoch: 9).cut }
    },
    Case("rpo_percentile", "every fourth cut alone was verified") { sample in
      for night in 8..<28 where night % 4 != 0 {
        sample.runs[night].backups[0].cut = GateSample.manifest(night / 4 * 4, epoch: 9).cut
      }
    },
    Case("unexplained_drift", "one difference has no cause") {
      $0.last.drift.append(.init(kind: .changed, attribution: .unexplained, cause: .notInChangeLog, count: 1))
    },
    Case("mismatches", "one answer differs") { $0.last.answers = .init(equal: 4999, different: 1) },
    Case("coverage", "three records of a hundred were not compared") {
      $0.last.coverage[1].coverage = try Coverage(.records, declared: 1000, examined: 970, skipped: [.explained: 30])
    },
    Case("isolation", "the sandbox was a mere process") { $0.last.sandbox?.isolation = .process },
    Case("coherent_cut", "each shard stands at a cut of its own") { $0.last.backups[0].cut?.coherence = .perShard },
    Case("overdue_findings", "a finding on an old backup was never mended") { $0.runs[20].findings = [.closing] },
    Case("missed_drills", "one night's drill did not run") { $0.runs.remove(at: 22) },
    Case("verification_debt", "a retained backup was read in part") { sample in
      let declared = sample.runs[26].coverage[0].coverage.declared
      sample.runs[26].coverage[0].coverage = try Coverage(
        .bytes, declared: declared, examined: declared - 1, skipped: [.artifactUnavailable: 1])
    },
    Case("latency", "half of the answers came late") { $0.last.latencies[0].latencyP50Us = 101 },
    Case("required_checks", "the comparison ran to its end with nothing to compare") { $0.last.coverage.remove(at: 2) },
    Case("required_checks", "the replay did not run to its end") {
      $0.last.examined?.stages.removeAll { $0 == .replay }
    },
  ]

  @Test("each clause alone closes it when that one fact is changed", arguments: closing)
  private func closes(_ closing: Case) throws {
    var sample = try GateSample()
    try closing.change(&sample)
    let decision = try sample.decide()
    #expect(decision.outcome == .closed)
    #expect(decision.names(.notMet) == [closing.clause], "\(decision.trouble)")
    #expect(decision.names(.cannotBeTold) == [], "\(decision.trouble)")
    #expect(decision.unmet == [closing.clause])
    let result = try #require(decision.clauses.first { $0.status == .notMet })
    #expect(result.nextStep != nil)
    // The same change leaves a policy open that does not ask: the rest of the facts is as it was.
    if closing.clause != "standing" {
      let others = GateSample.clauses.filter { type(of: $0).name != closing.clause }
      #expect(try sample.decide(GateSample.policy(readiness: others)).outcome == .open)
    }
  }

  @Test("every clause that a policy may state is tried")
  func allAreTried() {
    #expect(Set(Self.closing.map(\.clause)) == Set(GateClauseNames.all + ["standing"]))
    #expect(Set(GateSample.clauses.map { type(of: $0).name }) == Set(GateClauseNames.all))
  }

  private static let harmless: [Case] = [
    Case("standing", "a drill that is not counted failed long ago") { sample in
      var run = try GateSample.run(4)
      run.id = "adhoc-1"
      run.drill = "adhoc"
      run.obstacles = [.init(DrillError(.timedOut, detail: "too late"), stage: .restore)]
      sample.runs.insert(run, at: 5)
    },
    Case("level", "the last run asked for no more than it reached") { $0.last.requiredLevel = .answers },
    Case("passed_within", "a weekly backup was drilled a week ago") { $0.runs[29].backups[0].stated?.retention = nil },
    Case("success_rate", "one run in twenty failed, and its finding is gone") { $0.runs[5].findings = [.restoring] },
    Case("epochs", "another old epoch was seen late") {
      $0.topologies.append((29, TopologySeen(cluster: "shop", GateSample.topology(3), seenIn: "backup old")))
    },
    Case("rto", "the last restore took exactly as long as it may") { $0.last.phases = [.restore(seconds: 120)] },
    Case("rto_percentile", "one restore took long") { $0.runs[20].phases = [.restore(seconds: 145)] },
    Case("rpo_percentile", "one cut was not verified") { $0.runs[20].backups[0].cut = $0.runs[19].backups[0].cut },
    Case("unexplained_drift", "more differences have a cause") { $0.last.drift[0].count = 10_000 },
    Case("mismatches", "fewer answers were compared") { $0.last.answers = .init(equal: 1) },
    Case("coverage", "two records of a hundred were not compared") {
      $0.last.coverage[1].coverage = try Coverage(.records, declared: 1000, examined: 980, skipped: [.explained: 20])
    },
    Case("coherent_cut", "a single shard stands at one cut by itself") { sample in
      sample.last.backups[0].cut?.coherence = .perShard
      sample.last.backups[0].stated?.shards = ["s1"]
    },
    Case("overdue_findings", "a finding of an earlier run was gone in the next") {
      $0.runs[20].findings = [.restoring]
    },
    Case("missed_drills", "a night's drill began late within its grace") {
      $0.runs[22].startedAt = GateSample.time(22, 2.4)
    },
    Case("verification_debt", "a backup that is no longer retained was never read in full") { sample in
      sample.runs[23].coverage.remove(at: 0)
    },
    Case("latency", "the restored copy was slow under a load that the reference never had") {
      $0.last.latencies.append(
        Run.Latency(side: Run.Latency.underLoad, operations: 50, p50: 1e6, p99: 2e6, p999: 3e6, max: 4e6))
    },
    Case("latency", "the restored copy answered faster") { $0.last.latencies[0].latencyP50Us = 1 },
    Case("required_checks", "a stage that is not asked for did not run to its end") {
      $0.last.examined?.stages.removeAll { $0 == .catalog }
    },
  ]

  @Test("a neighbouring change leaves it open", arguments: harmless)
  private func staysOpen(_ harmless: Case) throws {
    var sample = try GateSample()
    try harmless.change(&sample)
    let decision = try sample.decide()
    #expect(decision.outcome == .open, "\(decision.trouble)")
  }

  private static let unknown: [Case] = [
    Case("standing", "the last run could not look") {
      $0.last.obstacles = [.init(DrillError(.serverMissing, detail: "not there"), stage: .restore)]
    },
    Case("success_rate", "six runs could not look") { sample in
      for night in [3, 5, 7, 9, 11, 13] {
        sample.runs[night].obstacles = [.init(DrillError(.timedOut, detail: "too late"), stage: .replay)]
      }
    },
    Case("epochs", "no topology is recorded") { $0.topologies = [] },
    Case("epochs", "no topology from before the move is recorded") { $0.topologies.removeFirst() },
    Case("rto", "only a sample of the shards was restored") { $0.last.examined?.shards = ["s1"] },
    Case("rto_percentile", "fewer than twenty restores are recorded") { sample in
      for night in 0..<12 { sample.runs[night].levels.removeLast(3) }
    },
    Case("rto_at_size", "larger backups restored no slower") { sample in
      for night in sample.runs.indices { sample.runs[night].phases = [.restore(seconds: 100 - Double(night) / 10)] }
    },
    Case("unexplained_drift", "a difference is ambiguous") {
      $0.last.drift.append(.init(kind: .added, attribution: .ambiguous, cause: .noChangeLog, count: 1))
    },
    Case("unexplained_drift", "no snapshot was compared") { $0.last.coverage.remove(at: 1) },
    Case("mismatches", "an operation got no answer in time") { $0.last.answers?.indeterminate = 1 },
    Case("mismatches", "no answers were compared") { $0.last.answers = nil },
    Case("isolation", "no sandbox is recorded") { $0.last.sandbox = nil },
    Case("coherent_cut", "the backup does not say its cut") { $0.last.backups[0].cut = nil },
    Case("overdue_findings", "an open finding has no deadline") { sample in
      sample.runs[20].findings = [.closing]
      for night in sample.runs.indices { sample.runs[night].governance = nil }
    },
    Case("missed_drills", "no schedule is declared") { $0.schedule = nil },
    Case("missed_drills", "the schedule was ended") { $0.schedule?.calendar = nil },
    Case("verification_debt", "nobody says which backups are retained") { $0.hasCatalog = false },
    Case("verification_debt", "the catalog is empty") { $0.retained = [] },
    Case("verification_debt", "a manifest in the catalog cannot be read") { $0.unreadable = ["shop-x"] },
    Case("latency", "no latencies are recorded") { $0.last.latencies = [] },
    Case("latency", "ninety-nine operations were timed") { $0.last.latencies[1].operations = 99 },
    Case("required_checks", "what ran to its end is not recorded") { $0.last.examined = nil },
  ]

  @Test("what is not recorded cannot be told, and is not open", arguments: unknown)
  private func cannotBeTold(_ unknown: Case) throws {
    var sample = try GateSample()
    try unknown.change(&sample)
    // What was not looked at is also a check that was left out: asked for by itself above.
    let asked = GateSample.clauses.filter {
      unknown.clause == RequiredChecksClause.name || type(of: $0).name != RequiredChecksClause.name
    }
    let decision = try sample.decide(GateSample.policy(readiness: asked))
    #expect(decision.outcome == .inconclusive, "\(decision.trouble)")
    #expect(decision.names(.cannotBeTold).contains(unknown.clause), "\(decision.trouble)")
  }

  @Test("nothing recorded, a policy without a clause, and a cluster without a run are inconclusive")
  func nothing() throws {
    var empty = try GateSample()
    empty.runs = []
    empty.topologies = []
    empty.schedule = nil
    let decision = try empty.decide()
    #expect(decision.outcome == .inconclusive)
    #expect(decision.names(.notMet) == [])
    #expect(decision.notExamined.contains { $0.what == "the whole cluster" })
    // A statement must have a subject.
    #expect(decision.statement.subjects.map(\.digest.sha256) == [decision.policy])

    let sample = try GateSample()
    let none = try sample.decide(GateSample.policy(readiness: []))
    #expect(none.outcome == .inconclusive && none.names(.notMet) == [] && none.names(.cannotBeTold) == [])
    #expect(none.isConsistent)
    let other = try sample.decide(GateSample.policy(readiness: [LevelClause(.bytes)], clusters: ["shop", "billing"]))
    #expect(other.outcome == .inconclusive)
    #expect(other.notExamined.contains { $0.cluster == "billing" && $0.what == "the whole cluster" })
    let unnamed = try sample.decide(GateSample.policy(readiness: [LevelClause(.bytes)], clusters: ["billing"]))
    #expect(unnamed.notExamined.contains { $0.cluster == "shop" && $0.why == "the policy does not name it" })
  }

  @Test("what the run that decides left out is listed: skips, shards, stages, backups that nobody read")
  func notExamined() throws {
    var sample = try GateSample()
    sample.last.examined?.shards = ["s1"]
    sample.last.examined?.stages.removeAll { $0 == .drift }
    sample.retained.append(RetainedBackup(GateSample.manifest(90, epoch: 9), digest: GateSample.digest(90)))
    let left = try sample.decide().notExamined.map { "\($0.what): \($0.why)" }
    #expect(left.contains("live snapshot (drift): difference explained by a recorded cause, not compared"))
    #expect(left.contains("stage drift: it did not run to its end"))
    #expect(left.contains("stage decode: it had nothing to look at"))
    #expect(left.contains("shards s2 of shop-29: not restored"))
    #expect(left.contains("backup shop-90: no run read it"))
  }

  @Test("a clock that ran backwards, or a ledger from the future, keeps it shut; a minute does not")
  func clock() throws {
    let sample = try GateSample()
    for (offset, isOpen) in [(50_000.0, true), (120_000, false)] {
      // An earlier leaf that states a later time than the run after it.
      let decision = try GateSample.stamped(sample, ahead: offset)
      #expect((decision.outcome == .open) == isOpen, "\(decision.trouble)")
      if !isOpen {
        #expect(decision.outcome == .inconclusive)
        #expect(decision.names(.cannotBeTold) == ["clock"])
      }
    }
    var early = try GateSample()
    early.now = GateSample.time(29, 1)
    let decision = try early.decide()
    #expect(decision.outcome == .inconclusive && decision.names(.cannotBeTold).contains("clock"))
  }

  @Test("a failing run that was stamped long ago by a clock gone wrong is still in the window")
  func stampedEarly() throws {
    var sample = try GateSample()
    sample.runs[27].findings = [.restoring]
    sample.runs[27].finishedAt = GateSample.time(-300, 0)
    let decision = try sample.decide(
      GateSample.policy(readiness: [SuccessRateClause(atLeast: 1, over: .seconds(10 * 86_400), leastRuns: 5)]))
    #expect(decision.names(.notMet) == ["success_rate"])
    #expect(decision.names(.cannotBeTold) == ["clock"])
  }

  @Test("a run that was cut off after the last one keeps the gate from opening")
  func interrupted() throws {
    let sample = try GateSample()
    let decision = try sample.decide { ledger in
      // Held by this ledger object, so that it counts as running: not examined, and nothing more.
      try ledger.begin(
        run: "nightly-30", drill: "nightly", cluster: "shop", startedAt: GateSample.time(29, 4), files: [:], seed: 1)
    }
    #expect(decision.outcome == .open, "\(decision.trouble)")
    #expect(decision.notExamined.contains { $0.run == "nightly-30" && $0.why == "the run goes on" })
    try withTemporaryFolder { folder in
      let path = folder + "/ledger.sqlite"
      try sample.write(to: Ledger.open(at: path))
      try Ledger.open(at: path).begin(
        run: "nightly-30", drill: "nightly", cluster: "shop", startedAt: GateSample.time(29, 4), files: [:], seed: 1)
      let decision = try sample.decide(GateSample.policy(), .readiness, Ledger.open(at: path))
      #expect(decision.outcome == .inconclusive)
      #expect(decision.names(.cannotBeTold).contains("standing"), "\(decision.trouble)")
    }
  }

  @Test("the same facts make the same decision, to the byte")
  func pure() throws {
    let sample = try GateSample()
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      try sample.write(to: ledger)
      let (one, two) = (
        try sample.decide(GateSample.policy(), .final, ledger), try sample.decide(GateSample.policy(), .final, ledger)
      )
      #expect(one == two)
      #expect(try one.statement.payload() == two.statement.payload())
    }
  }
}

extension GateSample {
  /// A decision on a ledger in which a leaf before the last run states a time that lies ahead of it.
  fileprivate static func stamped(_ sample: GateSample, ahead milliseconds: Double) throws -> GateDecision {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      var first = sample
      let last = first.runs.removeLast()
      try first.write(to: ledger)
      let time = last.finishedAt.millisecondsSince1970 + Int64(milliseconds)
      try ledger.append(
        NotificationSent(
          about: "x", cluster: "shop", target: "webhook h", delivered: true, attempts: 1, outcome: "200"),
        at: Instant(millisecondsSince1970: time))
      try ledger.append(last)
      return try sample.decide(GateSample.policy(), .readiness, ledger)
    }
  }
}

extension Finding {
  /// About one backup's stored bytes: no other backup resolves it.
  fileprivate static var closing: Finding {
    Finding(
      .artifactUnreadable, stage: .decode, subject: .init(backup: "shop-old", shard: "s1", artifact: "s1.rdb"),
      expected: "records", observed: "3 bytes that are none")
  }
  /// About the restored copy: the next run that looks resolves it.
  fileprivate static var restoring: Finding {
    Finding(.answerDiffers, stage: .compare, subject: .init(shard: "s1"), expected: "1", observed: "2")
  }
}

extension PhaseTiming {
  fileprivate static func restore(seconds: Double) -> PhaseTiming {
    PhaseTiming(.load, elapsed: .milliseconds(Int64(seconds * 1000)))
  }
}
