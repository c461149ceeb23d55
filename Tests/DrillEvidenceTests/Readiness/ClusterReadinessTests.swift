import DrillModel
import Testing

@testable import DrillEvidence

@Suite("Readiness for a cutover")
struct ClusterReadinessTests {
  private static let start = SampleRuns.start
  private static func hour(_ hour: Int64) -> Instant {
    Instant(millisecondsSince1970: start.millisecondsSince1970 + hour * 3_600_000)
  }

  private static func topology(_ epoch: UInt64, moves: [Topology.Move] = [], border: Int = 8191) -> Topology {
    Topology(
      epoch: epoch,
      shards: [.init(name: "a", slots: SlotSet(0...border)), .init(name: "b", slots: SlotSet(border + 1...16383))],
      moves: moves)
  }

  private func look(_ change: (inout Run, inout Manifest) -> Void = { _, _ in }) throws -> Run {
    var run = try SampleRuns.passing()
    run.examined = Run.Examined(stages: Stage.allCases, shards: ["a", "b"], slots: .all, references: ["captured"])
    var manifest = Manifest(
      backup: "orders-1", cluster: "orders", engine: "redis", engineVersion: "7",
      cut: Cut(time: Self.start, coherence: .coherent, positions: [:], proof: []), scope: .init(),
      topology: Self.topology(7), artifacts: [])
    change(&run, &manifest)
    run.backups = [.init(backup: manifest.backup, manifest: nil, cut: manifest.cut, stated: .init(manifest))]
    return run
  }

  private func readiness(
    _ runs: [Run], _ topologies: [Topology], stages: [MigrationStage] = []
  ) throws -> ClusterReadiness {
    try withTemporaryFolder { folder in
      let ledger = try Ledger.open(at: folder + "/ledger.sqlite")
      for topology in topologies { try ledger.see(TopologySeen(cluster: "orders", topology, seenIn: "live")) }
      for run in runs { try ledger.append(run) }
      _ = try ledger.publish(
        stages.map {
          MigrationPublication(id: $0.rawValue, cluster: "orders", migration: "split", stage: $0, at: Self.start)
        })
      var memory = LedgerMemory()
      _ = try memory.extend(from: ledger, at: Self.hour(2))
      return try #require(memory.clusters["orders"]).readiness(at: Self.hour(2))
    }
  }

  @Test("the newest backup, restored whole by a passing run at the present epoch, leaves nothing missing")
  func ready() throws {
    let ready = try readiness([try look()], [Self.topology(7)])
    #expect(ready.isReady && ready.missing.isEmpty)
    #expect(ready.newest?.backup == "orders-1" && ready.newest?.ageSeconds == 7200 && ready.newest?.epoch == 7)
    #expect(ready.present?.epoch == 7 && ready.present?.slots == 16384 && ready.slotsMissing?.isEmpty == true)
    let quiesced = try readiness(
      [try look()], [Self.topology(7)], stages: [.planned, .snapshotting, .copying, .catchingUp, .quiesced])
    #expect(quiesced.isReady)
  }

  @Test("each thing that is missing is named, and only that")
  func missing() throws {
    func only(_ words: String, _ readiness: ClusterReadiness, line: Int = #line) {
      #expect(readiness.missing.count == 1 && readiness.missing[0].contains(words), "\(line): \(readiness.missing)")
    }
    only("is of epoch 7, the cluster at 8", try readiness([try look()], [Self.topology(7), Self.topology(8)]))
    only(
      "1 slot was moving",
      try readiness([try look()], [Self.topology(7, moves: [.init(slot: Slot(5), source: "a", target: "b")])]))
    only("1 shard: b", try readiness([try look { $1.topology.shards.removeLast() }], [Self.topology(7)]))
    let part = try readiness([try look { run, _ in run.examined?.slots = SlotSet(0...16380) }], [Self.topology(7)])
    only("3 slots of the cluster were not restored", part)
    #expect(part.slotsMissing == SlotSet(16381...16383))
    only(
      "did not pass (fail)",
      try readiness(
        [try look { run, _ in run.findings = [Finding(.answerDiffers, stage: .compare, expected: "", observed: "")] }],
        [Self.topology(7)]))
    only("no topology was seen", try readiness([try look()], []))
    only(
      "split is copying", try readiness([try look()], [Self.topology(7)], stages: [.planned, .snapshotting, .copying]))
    only("no run has looked at a backup", try readiness([], [Self.topology(7)]))
  }

  @Test("the newest cut counts, not the last run; and of one cut the last look")
  func newest() throws {
    let older = try look { run, manifest in
      run.id = SampleRuns.id(2)
      manifest.backup = "orders-0"
      manifest.cut.time = Self.hour(-1)
    }
    #expect(try readiness([try look(), older], [Self.topology(7)]).newest?.backup == "orders-1")
    let failed = try look { run, _ in
      run.id = SampleRuns.id(3)
      run.findings = [Finding(.answerDiffers, stage: .compare, expected: "", observed: "")]
    }
    #expect(try readiness([try look(), failed], [Self.topology(7)]).newest?.verdict == .fail)
  }
}
