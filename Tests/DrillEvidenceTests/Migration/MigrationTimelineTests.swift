import DrillCrypto
import DrillModel
import Testing

@testable import DrillEvidence

@Suite("The timeline of a migration")
struct MigrationTimelineTests {
  /// A ledger of `shop` in which the migration came as far as `stage`; `change` may leave out what is recorded around it.
  private struct Story {
    var stage = MigrationStage.copying
    var events: [MigrationPublication]
    var topologies: [(minutes: Double, TopologySeen)] = []
    var runs: [(minutes: Double, backup: String, epoch: UInt64, moving: Int, cut: Double, Bool)] = []
    var decisions: [(minutes: Double, String)] = []
    var now = SampleMigration.time(95)

    init(_ stage: MigrationStage = .copying) {
      let stages = SampleMigration.stages
      let end = stages.firstIndex(of: stage) ?? 2
      events = (stage == .rolledBack ? [.planned, .snapshotting, .copying, .rolledBack] : Array(stages[...end])).map {
        SampleMigration.event($0, backup: $0 == .snapshotting ? "shop-pre" : $0 == .verified ? "shop-post" : nil)
      }
    }

    mutating func see(_ minutes: Double, _ topology: Topology, in place: String = TopologySeen.live) {
      topologies.append((minutes, TopologySeen(cluster: "shop", topology, seenIn: place)))
    }

    func timeline() throws -> MigrationTimeline {
      try withTemporaryFolder { folder in
        let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
        for event in events { _ = try ledger.publish([event], at: event.at ?? now) }
        for (minutes, seen) in topologies { _ = try ledger.see(seen, at: SampleMigration.time(minutes)) }
        for (index, run) in runs.enumerated() { try ledger.append(try Self.run(index, run)) }
        for (index, decision) in decisions.enumerated() {
          try ledger.append(
            GateDecided(
              decision: "cutover-\(index)", policyName: "cutover", policy: SHA256.digest([1]), clusters: ["shop"],
              stage: "final", outcome: decision.1, unmet: decision.1 == "open" ? [] : ["level"],
              expires: SampleMigration.time(decision.minutes + 30)), at: SampleMigration.time(decision.minutes))
        }
        let history = try ledger.history(of: "shop")
        return MigrationTimeline(try #require(history.migrations(of: "shop").first), in: history, at: now)
      }
    }

    private static func run(
      _ index: Int, _ facts: (minutes: Double, backup: String, epoch: UInt64, moving: Int, cut: Double, Bool)
    ) throws -> Run {
      let time = SampleMigration.time(facts.cut)
      let manifest = Manifest(
        backup: facts.backup, cluster: "shop", engine: "redis", engineVersion: "7.0.15",
        cut: Cut(time: time, coherence: .coherent, positions: [:], proof: []), scope: .init(),
        topology: SampleMigration.topology(epoch: facts.epoch, moving: facts.moving), artifacts: [])
      var run = Run(
        id: "nightly-\(index)", drill: "nightly", cluster: "shop", engine: "redis", files: [:], seed: 1,
        startedAt: SampleMigration.time(facts.minutes), finishedAt: SampleMigration.time(facts.minutes + 1),
        tool: "firedrill", host: "Linux", requiredLevel: .restored)
      run.backups = [
        Run.BackupExamined(backup: facts.backup, manifest: nil, cut: manifest.cut, stated: .init(manifest))
      ]
      run.levels = Level.allCases.dropFirst().map { Run.LevelReached($0, evidence: "looked at") }
      run.coverage = [
        Run.StageCoverage(.integrity, of: "artifacts", try Coverage(.bytes, declared: 10, examined: 10))
      ]
      if !facts.5 { run.findings = [Finding(.slotMisplaced, stage: .decode, expected: "a", observed: "b")] }
      return run
    }
  }

  private static let before = SampleMigration.topology(epoch: 3)

  private static func states(_ timeline: MigrationTimeline) -> [String] {
    timeline.moves.map { "\($0.slots) \($0.state.rawValue) \($0.by)" }
  }

  /// The migration in the middle, with what belongs to it.
  private static func middle() -> Story {
    var story = Story(.catchingUp)
    story.see(1, before)
    story.see(25, SampleMigration.topology(epoch: 3, moving: 2))
    story.see(34, SampleMigration.topology(epoch: 5, moved: 57, moving: 1))
    story.runs = [
      (12, "shop-pre", 3, 0, 9, true), (27, "shop-mid", 3, 2, 26, false), (36, "shop-mid-2", 5, 1, 35, true),
    ]
    story.decisions = [(37, "closed"), (39, "open")]
    story.now = SampleMigration.time(42)
    return story
  }

  @Test("says stage, moves, what is verified and what is missing before anything else")
  func golden() throws {
    let timeline = try Self.middle().timeline()
    #expect(timeline.stage == .catchingUp && timeline.next == .quiesced && timeline.presentEpoch == 5)
    #expect(Self.states(timeline) == ["0-56 done live", "57 in-progress live", "58-99 planned live"])
    #expect(timeline.verified.map(\.epoch) == [5, 3] && timeline.verified[0].level == .answers)
    #expect(timeline.missing == [])
    try GoldenFile.expect(MigrationText(timeline).text(), is: "migration.txt")
    try GoldenFile.expect(try CanonicalJSON.text(timeline) + "\n", is: "migration.json")
  }

  @Test("shows the same on one page, with a drawing, and whatever names hold stays text")
  func page() throws {
    var story = Self.middle()
    story.events[0].note = "<script>alert(1)</script>"
    let html = MigrationHTML(try story.timeline()).text()
    for words in [
      "CATCHING UP", "57 of 100", "<svg class=\"chart broad\"", "aria-labelledby", "shop-mid", "not met: level",
      "&lt;script&gt;", "epoch 5, the present one: answers",
    ] {
      #expect(html.contains(words), "\(words)")
    }
    #expect(!html.contains("<script>"))
  }

  @Test("holds what events say where no topology was seen, or the event is newer")
  func byEvents() throws {
    #expect(Self.states(try Story(.planned).timeline()) == ["0-99 planned events"])
    #expect(Self.states(try Story(.copying).timeline()) == ["0-99 in-progress events"])
    #expect(Self.states(try Story(.cutOver).timeline()) == ["0-99 done events"])
    #expect(Self.states(try Story(.rolledBack).timeline()) == ["0-99 taken-back events"])
    var older = Story(.cutOver)
    older.see(30, SampleMigration.topology(epoch: 3, moving: 1))
    #expect(Self.states(try older.timeline()) == ["0-99 done events"])
  }

  @Test("holds what was seen against what events say")
  func bySight() throws {
    var story = Story(.cutOver)
    story.see(55, SampleMigration.topology(epoch: 4, moved: 90, moving: 1))
    let half = try story.timeline()
    #expect(Self.states(half) == ["0-89 done live", "90 in-progress live", "91-99 planned live"])
    #expect(half.missing.contains("10 slots are not with the target, although it was cut over"))
    var back = Story(.rolledBack)
    back.see(85, SampleMigration.topology(epoch: 6, moved: 10))
    let timeline = try back.timeline()
    #expect(Self.states(timeline) == ["0-9 done live", "10-99 taken-back live"])
    #expect(timeline.missing.contains("10 slots still with the target, although it was rolled back"))
  }

  @Test("tells of slots under way that nobody announced")
  func unannounced() throws {
    var story = Story(.copying)
    var topology = SampleMigration.topology(epoch: 3, moving: 1)
    topology.moves.append(Topology.Move(slot: Slot(500), source: "a", target: "b"))
    story.see(25, topology)
    let timeline = try story.timeline()
    #expect(timeline.moves.filter { !$0.isAnnounced }.map(\.slots) == [SlotSet([Slot(500)])])
    #expect(timeline.missing.contains("1 slot under way that no event announced: 500"))
  }

  @Test("says what is missing at each stage, and nothing of what is there")
  func missing() throws {
    func missing(_ words: String, _ story: Story) throws -> Bool {
      try story.timeline().missing.contains { $0.contains(words) }
    }
    var story = Self.middle()
    story.runs.removeFirst()
    #expect(try missing("no backup from before the move is proven to restore (shop-pre)", story))
    story.events[1].backup = nil
    #expect(try missing("no backup from before the move is known", story))
    story = Self.middle()
    story.runs.removeLast()
    #expect(try missing("no drill has passed on a backup of the present epoch 5", story))
    story = Self.middle()
    story.runs.append((38, "shop-mid-3", 5, 1, 37, false))
    #expect(try missing("nightly-3 failed on a backup of the present epoch 5", story))
    story = Self.middle()
    story.decisions = []
    #expect(try missing("no open gate decision stands", story))
    story.decisions = [(39, "closed")]
    #expect(try missing("was closed: level", story))
    story = Self.middle()
    story.now = SampleMigration.time(70)
    #expect(try missing("no open gate decision stands", story))
    story = Self.middle()
    story.topologies = []
    #expect(try missing("the live topology was never looked at", story))
    story.see(25, SampleMigration.topology(epoch: 3, moving: 2))
    #expect(try missing("not looked at since the stage was reached", story))
    story = Self.middle()
    story.events[0].moves = nil
    #expect(try missing("no event says which slots move", story))

    var after = Story(.cutOver)
    after.now = SampleMigration.time(56)
    #expect(try missing("without an open gate decision", after))
    after.decisions = [(45, "open")]
    #expect(try !missing("without an open gate decision", after))
    #expect(try missing("no backup since the cut-over is known", after))
    after.runs = [(55, "shop-post", 6, 0, 54, false)]
    #expect(try missing("no backup since the cut-over is proven to restore (shop-post)", after))
    after.runs = [(55, "shop-post", 6, 0, 54, true)]
    #expect(try !missing("since the cut-over", after))
  }
}

@Suite("Topologies over time")
struct TopologyTimelineTests {
  @Test("are in force from a backup's cut, or from the look at the live servers, in that order")
  func order() throws {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      let (old, moving, new) = (
        SampleMigration.topology(epoch: 3), SampleMigration.topology(epoch: 3, moving: 1),
        SampleMigration.topology(epoch: 4, moved: 100)
      )
      func see(_ topology: Topology, _ place: String, asOf: Double? = nil, at minutes: Double) throws {
        _ = try ledger.see(
          TopologySeen(cluster: "shop", topology, seenIn: place, asOf: asOf.map { SampleMigration.time($0) }),
          at: SampleMigration.time(minutes))
      }
      try see(old, TopologySeen.live, at: 10)
      try see(new, TopologySeen.live, at: 30)
      // An old backup, drilled late.
      try see(moving, "backup mid", asOf: 20, at: 60)
      // One of which nobody knows when it was cut.
      try see(SampleMigration.topology(epoch: 1), "backup lost", at: 61)
      let timeline = TopologyTimeline(try ledger.history(), cluster: "shop")
      #expect(timeline.sightings.map(\.topology.epoch) == [3, 3, 4])
      #expect(timeline.sighting(at: SampleMigration.time(9)) == nil)
      for (minutes, topology) in [(10.0, old), (19, old), (20, moving), (29.9, moving), (30, new), (999, new)] {
        let found = timeline.sighting(at: SampleMigration.time(minutes))?.topology
        #expect(found.map { TopologyDiff(from: topology, to: $0).isEmpty } == true, "\(minutes)")
      }
      #expect(timeline.sighting(epoch: 3)?.topology == moving && timeline.sighting(epoch: 9) == nil)
      #expect(timeline.lastLive?.leaf == 1)
      #expect(timeline.end(of: timeline.sightings[0]) == SampleMigration.time(20))
    }
  }

  @Test("differ by owners, shards and moves, each told as ranges")
  func difference() {
    let old = SampleMigration.topology(epoch: 3, moving: 2)
    var new = SampleMigration.topology(epoch: 4, moved: 100)
    #expect(TopologyDiff(from: old, to: old).isEmpty)
    new.shards.append(.init(name: "c", slots: SlotSet([Slot(0), Slot(8000)])))
    let diff = TopologyDiff(from: old, to: new)
    #expect(diff.added == ["c"] && diff.removed == [] && diff.epochs == [3, 4])
    #expect(diff.ended == [.init(slots: SlotSet(0...1), source: "a", target: "b")] && diff.begun == [])
    #expect(
      diff.reassigned.map { "\($0.slots) \($0.from)-\($0.to)" } == [
        "0 [\"a\"]-[\"b\", \"c\"]", "1-99 [\"a\"]-[\"b\"]", "8000 [\"a\"]-[\"a\", \"c\"]",
      ])
    let text = TopologyDiffText(diff).text("since then")
    #expect(text.contains("Epoch      3 → 4") && text.contains("99 slots from a to b: 1-99"))
  }
}
