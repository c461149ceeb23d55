import DrillModel
import Testing

@testable import DrillEvidence

@Suite("A retention plan")
struct RetentionPlanTests {
  static let now = RetentionPlanTests.day(100)
  static func day(_ day: Double) -> Instant {
    Instant(millisecondsSince1970: 1_767_225_600_000 + Int64(day * 86_400_000))
  }

  /// A backup of day `day`, named after it.
  private func backup(
    _ day: Double, _ retention: String? = nil, on predecessor: Double? = nil, cluster: String = "shop"
  ) -> RetentionCandidate {
    let name = "\(cluster)-\(Int(day * 24))"
    let stated = RetainedBackup(
      Manifest(
        backup: name, cluster: cluster, engine: "redis", engineVersion: "7",
        kind: predecessor == nil ? .full : .incremental,
        cut: Cut(time: Self.day(day), coherence: .coherent, positions: [:], proof: []), scope: .init(),
        topology: Topology(epoch: 1, shards: []), artifacts: [], retention: retention),
      digest: Digest(words: (UInt64(day * 24), 0, 0, 0)))
    return RetentionCandidate(
      backup: name, stated: stated, predecessor: predecessor.map { "\(cluster)-\(Int($0 * 24))" })
  }

  /// A history in which drills of these backups passed, or failed, in this order.
  private func history(
    _ drilled: [(candidate: RetentionCandidate, passed: Bool)] = [], events: [MigrationEvent] = []
  ) throws -> History {
    var sample = SampleHistory()
    for (candidate, passed) in drilled {
      try sample.add(passed ? [] : [.stored()], cluster: candidate.stated?.cluster ?? "shop") { run in
        run.backups = [.init(backup: candidate.backup, manifest: candidate.stated?.manifest, cut: nil)]
        run.coverage = [
          .init(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1, examined: 1))
        ]
      }
    }
    var history = try sample.history()
    history.migrationEvents = events.enumerated().map { place, event in
      Recorded(leaf: 1000 + place, time: event.at, details: nil, body: event)
    }
    return history
  }

  private func event(_ stage: MigrationStage, day: Double, backup: String? = nil) -> MigrationEvent {
    MigrationEvent(
      id: "\(stage.rawValue)-\(day)", cluster: "shop", migration: "split", stage: stage, at: Self.day(day),
      backup: backup)
  }

  private func outcomes(_ plan: RetentionPlan) -> [String: RetentionPlan.Line.Outcome] {
    Dictionary(uniqueKeysWithValues: plan.lines.map { ($0.backup, $0.outcome) })
  }

  private let week = RetentionRule(name: "r", classes: [:], ordinary: .init(age: .seconds(7 * 86_400)))

  @Test("what is older than its class keeps is dropped, what is not is kept, each for a reason, and nothing is wrong")
  func byAge() throws {
    let rule = RetentionRule(
      name: "r", classes: ["pre-move": .init(age: .seconds(30 * 86_400))], ordinary: .init(age: .seconds(7 * 86_400)))
    let candidates = [
      backup(92), backup(93), backup(99), backup(70, "pre-move"), backup(69, "pre-move"), backup(1, "unheard-of"),
    ]
    let plan = RetentionPlan(rule, of: candidates, history: try history([(backup(99), true)]), at: Self.now)
    #expect(
      outcomes(plan) == [
        "shop-\(92 * 24)": .drop, "shop-\(93 * 24)": .keep, "shop-\(99 * 24)": .keep, "shop-\(70 * 24)": .keep,
        "shop-\(69 * 24)": .drop, "shop-24": .keep,
      ])
    #expect(plan.verdict == .pass && plan.findings.isEmpty && plan.obstacles.isEmpty)
    #expect(plan.lines.allSatisfy { $0.why.allSatisfy { !$0.isEmpty } && !$0.why.isEmpty })
    #expect(plan.lines.map(\.cut) == plan.lines.map(\.cut).sorted { $0 ?? Self.now < $1 ?? Self.now })
    let unheard = try #require(plan.lines.first { $0.backup == "shop-24" })
    #expect(unheard.why == ["the rule says nothing of class unheard-of"])
  }

  @Test("last, daily, weekly and monthly each keep the newest of their own, cluster by cluster")
  func byPeriod() throws {
    func kept(_ keep: RetentionRule.Keep, _ candidates: [RetentionCandidate]) throws -> Set<String> {
      let plan = RetentionPlan(
        RetentionRule(name: "r", classes: [:], ordinary: keep), of: candidates,
        history: try history(candidates.map { ($0, true) }), at: Self.now)
      return Set(plan.lines.filter { $0.outcome == .keep }.map(\.backup))
    }
    // Days 4, 11 and 18 after Thursday the 1st of January 2026 are Mondays.
    let days = [3.0, 3.5, 4.0, 10.5, 11.0, 31.0, 40.0].map { backup($0) }
    func names(_ days: Double..., cluster: String = "shop") -> Set<String> {
      Set(days.map { "\(cluster)-\(Int($0 * 24))" })
    }
    #expect(try kept(.init(last: 2), days) == names(31, 40))
    #expect(try kept(.init(daily: 3), days) == names(40, 31, 11))
    #expect(try kept(.init(daily: 6), days) == names(40, 31, 11, 10.5, 4, 3.5))
    #expect(try kept(.init(weekly: 4), days) == names(40, 31, 11, 10.5))
    #expect(try kept(.init(weekly: 5), days) == names(40, 31, 11, 10.5, 3.5))
    #expect(try kept(.init(monthly: 2), days) == names(40, 11))
    #expect(try kept(.init(isForever: true), days).count == 7)
    let two = [backup(1), backup(2), backup(1, cluster: "bank")]
    #expect(try kept(.init(last: 1), two) == names(2).union(names(1, cluster: "bank")))
    #expect(try kept(.init(age: .seconds(1)), [backup(101)]) == names(101), "a cut after now is not old")
  }

  @Test("a pass that restored nothing, or a chain up to an earlier point, makes no backup the last good one")
  func unrestored() throws {
    let (old, new) = (backup(80), backup(99))
    for (label, change) in [
      (
        "read and decoded alone",
        {
          $0.requiredLevel = .decoded
          $0.levels = [.init(.bytes, evidence: "read"), .init(.decoded, evidence: "decoded")]
        }
      ),
      (
        "a point before its cut",
        {
          $0.backups[0].chain = ChainExamined(
            links: [.init(backup: "full", manifest: Digest(words: (0, 0, 0, 1)))], asked: "a time",
            point: .time(Self.day(90)))
        }
      ),
    ] as [(String, (inout Run) -> Void)] {
      var sample = SampleHistory()
      for candidate in [old, new] {
        try sample.add(cluster: "shop") { run in
          run.backups = [.init(backup: candidate.backup, manifest: candidate.stated?.manifest, cut: nil)]
          run.coverage = [.init(.integrity, of: "artifacts", try Coverage(.bytes, declared: 1, examined: 1))]
          if candidate.backup == new.backup { change(&run) }
        }
      }
      let plan = RetentionPlan(week, of: [old, new], history: try sample.history(), at: Self.now)
      #expect(plan.findings.map(\.code) == [.retentionDropsVerified], "\(label)")
      #expect(outcomes(plan)[old.backup] == .refused, "\(label)")
    }
  }

  @Test("an increment that stays keeps its whole chain, and a chain that goes as a whole may go")
  func chains() throws {
    let chain = [backup(80), backup(85, on: 80), backup(95, on: 85)]
    let plan = RetentionPlan(week, of: chain, history: try history([(chain[2], true)]), at: Self.now)
    #expect(outcomes(plan) == ["shop-1920": .refused, "shop-2040": .refused, "shop-2280": .keep])
    #expect(plan.findings.map(\.code) == [.retentionBreaksChain, .retentionBreaksChain])
    #expect(plan.findings.map(\.subject.backup) == ["shop-1920", "shop-2040"])
    #expect(plan.verdict == .fail)
    let whole = [backup(80), backup(85, on: 80), backup(95)]
    let clean = RetentionPlan(week, of: whole, history: try history([(whole[2], true)]), at: Self.now)
    #expect(clean.verdict == .pass && clean.lines.count { $0.outcome == .drop } == 2)
    let orphan = RetentionPlan(week, of: [backup(99, on: 98)], history: try history(), at: Self.now)
    #expect(orphan.notes == ["shop-2376 is an increment on shop-2352, which is not in this catalog"])
    let circle = [backup(80, on: 85), backup(85, on: 80), backup(95, on: 85)]
    #expect(
      RetentionPlan(week, of: circle, history: try history([(circle[2], true)]), at: Self.now).findings.count >= 2)
  }

  @Test("what an open migration can go back to stays, with its chain; once it has ended it may go")
  func checkpoints() throws {
    let candidates = [backup(78), backup(80, on: 78), backup(90), backup(99)]
    let open = [
      event(.planned, day: 79), event(.snapshotting, day: 80, backup: "shop-1920"), event(.copying, day: 81),
    ]
    let plan = RetentionPlan(
      week, of: candidates, history: try history([(candidates[3], true)], events: open), at: Self.now)
    #expect(
      outcomes(plan) == ["shop-1872": .refused, "shop-1920": .refused, "shop-2160": .drop, "shop-2376": .keep])
    #expect(plan.findings.map(\.code) == [.retentionBreaksChain, .retentionDropsCheckpoint])
    for end in [MigrationStage.finalized, .rolledBack] {
      let ended = RetentionPlan(
        week, of: candidates, history: try history([(candidates[3], true)], events: open + [event(end, day: 82)]),
        at: Self.now)
      #expect(ended.verdict == .pass && ended.lines.count { $0.outcome == .drop } == 3, "\(end)")
    }
  }

  @Test("where an open migration names no backup, the newest from before its first move stays")
  func unnamedCheckpoint() throws {
    let candidates = [backup(70), backup(78), backup(85), backup(99)]
    func findings(_ events: [MigrationEvent]) throws -> [Finding] {
      RetentionPlan(week, of: candidates, history: try history([(candidates[3], true)], events: events), at: Self.now)
        .findings
    }
    let moved = try findings([event(.planned, day: 75), event(.copying, day: 80, backup: "shop-2040")])
    #expect(moved.map(\.code) == [.retentionDropsCheckpoint, .retentionDropsCheckpoint])
    #expect(moved.map(\.subject.backup) == ["shop-1872", "shop-2040"])
    #expect(try findings([event(.planned, day: 75)]).isEmpty, "nothing has moved: the newest is kept anyhow")
  }

  @Test("the newest verified backup of each cluster stays; the last verdict on exactly these bytes is what counts")
  func verified() throws {
    let (old, older, newest) = (backup(90), backup(89), backup(99))
    func plan(_ drilled: [(RetentionCandidate, Bool)]) throws -> RetentionPlan {
      RetentionPlan(week, of: [older, old, newest], history: try history(drilled), at: Self.now)
    }
    let unproven = try plan([(older, true), (old, true), (newest, false)])
    #expect(unproven.findings.map(\.code) == [.retentionDropsVerified])
    #expect(unproven.findings.first?.subject.backup == "shop-2160")
    #expect(try plan([(older, true), (old, true), (old, false)]).findings.first?.subject.backup == "shop-2136")
    #expect(try plan([(old, true), (newest, true)]).verdict == .pass)
    var exchanged = newest
    exchanged.stated?.manifest = Digest(words: (9, 9, 9, 9))
    #expect(try plan([(old, true), (exchanged, true)]).findings.map(\.code) == [.retentionDropsVerified])
    let never = try plan([])
    #expect(never.verdict == .inconclusive && never.obstacles.map(\.code) == [.referenceUnavailable])
  }

  @Test(
    "what cannot be believed stays with what it names below it, whatever it says of its class, and nothing is green")
  func doubtful() throws {
    var untrusted = backup(85, "temporary", on: 80)
    untrusted.stated = nil
    untrusted.problem = "signature-untrusted: signed by key 0011"
    let rule = RetentionRule(
      name: "r", classes: ["temporary": .init(age: .seconds(1))], ordinary: .init(age: .seconds(7 * 86_400)))
    let history = try history([(backup(99), true)])
    let plan = RetentionPlan(rule, of: [backup(80), untrusted, backup(99)], history: history, at: Self.now)
    #expect(outcomes(plan) == ["shop-1920": .refused, "shop-2040": .doubtful, "shop-2376": .keep])
    #expect(plan.findings.map(\.code) == [.retentionBreaksChain])
    #expect(plan.obstacles.map(\.code) == [.artifactUnreadable])
    let alone = RetentionPlan(rule, of: [untrusted, backup(99)], history: history, at: Self.now)
    #expect(alone.verdict == .inconclusive)
  }

  @Test("no backup, or no ledger where something would be dropped, is inconclusive")
  func nothing() throws {
    let empty = RetentionPlan(week, of: [], history: try history(), at: Self.now)
    #expect(empty.verdict == .inconclusive && empty.obstacles.map(\.code) == [.catalogEmpty])
    let blind = RetentionPlan(week, of: [backup(1), backup(99)], history: nil, at: Self.now)
    #expect(blind.verdict == .inconclusive && blind.obstacles.map(\.code) == [.referenceUnavailable])
    let kept = RetentionPlan(week, of: [backup(99)], history: nil, at: Self.now)
    #expect(kept.verdict == .pass)
    let text = RetentionText(blind).text()
    #expect(text.hasPrefix("INCONCLUSIVE  r of 2 backups keeps 1, would drop 1"))
    #expect(text.contains("Nothing was deleted"))
  }
}
