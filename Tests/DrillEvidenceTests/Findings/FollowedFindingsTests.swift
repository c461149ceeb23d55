import DrillEvidence
import DrillModel
import Testing

@Suite("Findings followed across runs")
struct FollowedFindingsTests {
  private typealias State = FollowedFinding.State

  private func states(_ sample: SampleHistory) throws -> [State] { try sample.findings().map(\.state) }

  // MARK: The life of a finding

  @Test("a finding is opened, seen again, resolved by a run that looked again, and reopened")
  func life() throws {
    var sample = SampleHistory()
    let finding = Finding.stored()
    let first = sample.add([finding])
    #expect(try sample.findings().map(\.state) == [.open])
    let second = sample.add([finding])
    let again = try #require(try sample.findings().first)
    #expect(again.runs == [first, second])
    #expect(again.openedAt == SampleHistory.time(0) && again.lastSeenAt == SampleHistory.time(1))
    let clean = sample.add()
    let resolved = try #require(try sample.findings().first)
    #expect(resolved.state == .resolved && resolved.closedBy == clean && resolved.closedAt == SampleHistory.time(2))
    sample.add([finding])
    let back = try #require(try sample.findings().first)
    #expect(back.state == .open && back.reopened == 1 && back.closedBy == nil)
    #expect(back.openedAt == SampleHistory.time(3), "the deadline counts from its coming back")
    #expect(try sample.findings().count == 1)
  }

  @Test("the ledger's order decides, also where the clock ran backwards")
  func backwardClock() throws {
    var sample = SampleHistory()
    sample.add([.stored()], day: 5)
    let clean = sample.add(day: 2)
    let resolved = try #require(try sample.findings().first)
    #expect(resolved.state == .resolved && resolved.closedBy == clean)
    sample.add([.stored()], day: 1)
    let back = try #require(try sample.findings().first)
    #expect(back.state == .open && back.reopened == 1 && back.openedAt == SampleHistory.time(1))

    var neighbour = SampleHistory()
    neighbour.add(day: 5)
    neighbour.add([.stored()], day: 2)
    #expect(try states(neighbour) == [.open], "a clean run that came before resolves nothing, whatever its clock said")
  }

  @Test("findings of two clusters are two")
  func clusters() throws {
    var sample = SampleHistory()
    let finding = Finding.restored(.contentDiffers, .compare, slot: 7)
    sample.add([finding], cluster: "orders")
    sample.add([finding], cluster: "stock")
    sample.add(cluster: "stock")
    let found = try sample.findings()
    #expect(
      Dictionary(uniqueKeysWithValues: found.map { ($0.cluster, $0.state) }) == ["orders": .open, "stock": .resolved])
  }

  // MARK: Looking

  @Test("a run that did not come as far as the stage resolves nothing", arguments: [Stage.integrity, .compare])
  func stage(_ stage: Stage) throws {
    let finding = stage == .integrity ? Finding.stored() : .restored(.contentDiffers, .compare, slot: 7)
    var sample = SampleHistory()
    sample.add([finding])
    sample.add { $0.examined?.stages.removeAll { $0 == stage } }
    #expect(try states(sample) == [.open])
    sample.add { $0.examined = nil }
    #expect(try states(sample) == [.open], "a leaf that does not say what was looked at")
    sample.add()
    #expect(try states(sample) == [.resolved])
  }

  @Test("stored bytes are cleared by a run over the same backup alone; what was restored, by any backup")
  func backups() throws {
    var sample = SampleHistory()
    sample.add([.stored(backup: 1), .restored(.contentDiffers, .compare, backup: 1, slot: 7)], backup: 1)
    sample.add(backup: 2)
    let found = try sample.findings()
    #expect(found.first { $0.code == .checksumMismatch }?.state == .open)
    #expect(found.first { $0.code == .contentDiffers }?.state == .resolved)
    sample.add(backup: 1)
    #expect(try states(sample) == [.resolved, .resolved])
  }

  @Test("an artifact that could be changed is cleared by a run that asked again, never by one that only read the bytes")
  func mutable() throws {
    var sample = SampleHistory()
    sample.add([.stored(.artifactMutable)])
    sample.add()
    #expect(try states(sample) == [.open])
    try sample.add { run in
      run.coverage = [
        .init(
          .integrity, of: "immutability, \(SampleHistory.backup(0))", try Coverage(.artifacts, declared: 4, examined: 4)
        )
      ]
    }
    #expect(try states(sample) == [.resolved])
  }

  @Test("what was found in a chain's last link is cleared by a run up to its cut, never by one up to a point before")
  func point() throws {
    var sample = SampleHistory()
    let found = Finding(
      .incrementConflict, stage: .decode, subject: .init(backup: SampleHistory.backup(0)), expected: "a fit",
      observed: "none")
    func restored(upTo point: RestorePoint, _ run: inout Run) {
      run.backups[0].chain = ChainExamined(
        links: ["full", SampleHistory.backup(0)].map { .init(backup: $0, manifest: Digest(words: (0, 0, 0, 1))) },
        asked: "a point", point: point)
    }
    sample.add([found])
    sample.add { restored(upTo: .time(SampleHistory.time(0)), &$0) }
    #expect(try states(sample) == [.open])
    sample.add { restored(upTo: .end, &$0) }
    #expect(try states(sample) == [.resolved])
  }

  @Test("a backup that was compared with was hashed, and not decoded in full")
  func reference() throws {
    var sample = SampleHistory()
    let decoded = Finding(
      .trailingBytes, stage: .decode, subject: .init(backup: SampleHistory.backup(1), artifact: "s2.rdb"),
      expected: "nothing", observed: "4 bytes")
    sample.add([.stored(backup: 1), decoded], backup: 1)
    sample.add(backup: 2) { $0.examined?.references.append("backup \(SampleHistory.backup(1))") }
    let found = try sample.findings()
    #expect(found.first { $0.code == .checksumMismatch }?.state == .resolved)
    #expect(found.first { $0.code == .trailingBytes }?.state == .open)
  }

  @Test("a sample of shards clears what lies in those shards")
  func shards() throws {
    let (first, second) = (
      Finding.restored(.restoredDiffers, .fingerprint, shard: "s1", slot: 7),
      Finding.restored(.restoredDiffers, .fingerprint, shard: "s2", slot: 8000)
    )
    var sample = SampleHistory()
    sample.add([first, second])
    sample.add {
      $0.examined?.shards = ["s1"]
      $0.examined?.slots = SlotSet(0...5460)
    }
    let found = try sample.findings()
    #expect(found.first { $0.subject.shard == "s1" }?.state == .resolved)
    #expect(found.first { $0.subject.shard == "s2" }?.state == .open)
  }

  @Test("a slot beyond those examined is not cleared, and the one beside it is")
  func slots() throws {
    var sample = SampleHistory()
    sample.add([.restored(.countDiffers, .compare, slot: 99), .restored(.countDiffers, .compare, slot: 100)])
    sample.add { $0.examined?.slots = SlotSet(0...99) }
    let found = try sample.findings()
    #expect(found.first { $0.subject.slot == Slot(99) }?.state == .resolved)
    #expect(found.first { $0.subject.slot == Slot(100) }?.state == .open)
  }

  @Test("a finding that names no place is cleared by a run that restored as much as the one that saw it")
  func wholes() throws {
    var sample = SampleHistory()
    sample.add([.restored(.contentDiffers, .compare)]) { $0.examined?.shards = ["s1", "s2"] }
    sample.add { $0.examined?.shards = ["s1"] }
    #expect(try states(sample) == [.open])
    sample.add { $0.examined?.shards = ["s1", "s2"] }
    #expect(try states(sample) == [.resolved])
  }

  @Test("a server's refusal of a backup is not cleared by a sample of its shards")
  func rejected() throws {
    var sample = SampleHistory()
    sample.add([.restored(.restoreRejected, .restore)]) { $0.examined?.shards = [] }
    try sample.add { run in
      run.coverage = [
        Run.StageCoverage(
          .fingerprint, of: "records restored",
          try Coverage(.records, declared: 9, examined: 3, skipped: [.notSampled: 6]))
      ]
    }
    #expect(try states(sample) == [.open])
    try sample.add { run in
      run.coverage = [
        Run.StageCoverage(.fingerprint, of: "records restored", try Coverage(.records, declared: 9, examined: 9))
      ]
    }
    #expect(try states(sample) == [.resolved])
  }

  @Test("drift is cleared by a run that compared with the same reference, and could say of each difference what it is")
  func references() throws {
    var sample = SampleHistory()
    func live(_ run: inout Run) { run.examined?.references.append("live") }
    sample.add([.restored(.driftUnexplained, .drift, slot: 7, key: "key:01")], live)
    sample.add()
    #expect(try states(sample) == [.open], "not compared with live")
    sample.add { run in
      live(&run)
      run.drift = [Run.DriftTally(kind: .changed, attribution: .ambiguous, cause: .noChangeLog, count: 1)]
    }
    #expect(try states(sample) == [.open], "one of the differences may be this one")
    sample.add { run in
      live(&run)
      run.drift = [Run.DriftTally(kind: .changed, attribution: .explained, cause: .changedAfterCut, count: 1)]
    }
    #expect(try states(sample) == [.resolved])
  }

  @Test("what was seen in two ways is resolved when both were looked at again")
  func twoWays() throws {
    var sample = SampleHistory()
    let finding = Finding.restored(.driftUnexplained, .drift, slot: 7, key: "key:01")
    sample.add([finding]) { $0.examined?.references = ["live"] }
    sample.add([finding]) { $0.examined?.references = ["backup b"] }
    sample.add { $0.examined?.references = ["backup b"] }
    #expect(try states(sample) == [.open])
    sample.add { $0.examined?.references = ["live"] }
    #expect(try states(sample) == [.resolved])
  }

  @Test("answers are cleared where all questions were answered, and the same ones were asked")
  func answers() throws {
    var sample = SampleHistory()
    let finding = Finding.restored(.answerDiffers, .compare, slot: 7, key: "key:01")
    func answered(_ run: inout Run, _ skipped: [SkipReason: UInt64], live: Bool = false) throws {
      let left = skipped.values.reduce(0, +)
      run.coverage = [
        Run.StageCoverage(
          .compare, of: live ? "answers, live" : "answers, captured",
          try Coverage(.answers, declared: 100, examined: 100 - left, skipped: skipped))
      ]
      if live { run.examined?.references = ["live", "live answers"] }
    }
    try sample.add([finding]) { try answered(&$0, [:]) }
    for reason in [SkipReason.indeterminate, .budgetSpent, .explained] {
      try sample.add { try answered(&$0, [reason: 1]) }
      #expect(try states(sample) == [.open], "\(reason)")
    }
    sample.add { $0.examined?.references = ["captured"] }
    #expect(try states(sample) == [.open], "nothing was asked")
    try sample.add {
      try answered(&$0, [.explained: 1])
      $0.examined?.unanswered = SlotSet(7...7)
    }
    #expect(try states(sample) == [.open], "the question that was left out was about this slot")
    try sample.add {
      try answered(&$0, [.explained: 1, .budgetSpent: 1])
      $0.examined?.unanswered = SlotSet(8...8)
    }
    #expect(try states(sample) == [.open], "nobody knows what was not asked")
    var elsewhere = sample
    try elsewhere.add {
      try answered(&$0, [.explained: 1, .indeterminate: 1])
      $0.examined?.unanswered = SlotSet(8...9)
    }
    #expect(try states(elsewhere) == [.resolved], "what was left out was about other slots")
    try sample.add { try answered(&$0, [:]) }
    #expect(try states(sample) == [.resolved])

    var live = SampleHistory()
    try live.add([finding]) { try answered(&$0, [:], live: true) }
    try live.add {
      try answered(&$0, [:], live: true)
      $0.seed = 2
    }
    #expect(try states(live) == [.open], "another seed draws other questions")
    try live.add { try answered(&$0, [:], live: true) }
    #expect(try states(live) == [.resolved])
  }

  @Test("a signature is cleared by a run that saw a trusted one, not by one that trusts nobody")
  func signatures() throws {
    var sample = SampleHistory()
    let unsigned = Finding(
      .manifestUnsigned, stage: .manifest, subject: .init(backup: SampleHistory.backup(0)), expected: "a signature",
      observed: "none")
    sample.add([unsigned])
    sample.add { $0.levels = [] }
    #expect(try states(sample) == [.open])
    sample.add()
    #expect(try states(sample) == [.resolved])
  }

  // MARK: Objectives and selections

  @Test("an objective is cleared by a run that measured it as strictly, over as much")
  func objectives() throws {
    var sample = SampleHistory()
    let slow = Finding(.restoreTimeExceeded, stage: .objectives, expected: "60 s", observed: "71 s")
    func measured(_ run: inout Run, _ value: Double?, target: Double = 60_000) {
      run.objectives = [Run.Objective(.restoreTime, target: target, measured: value)]
    }
    sample.add([slow]) { measured(&$0, 71_000) }
    sample.add()
    #expect(try states(sample) == [.open], "the objective is gone")
    sample.add { measured(&$0, nil) }
    #expect(try states(sample) == [.open], "not measured")
    sample.add {
      measured(&$0, 20_000)
      $0.examined?.shards = ["s1"]
    }
    #expect(try states(sample) == [.open], "one shard of three is restored sooner")
    sample.add(drill: "weekly") { measured(&$0, 71_000, target: 90_000) }
    #expect(try states(sample) == [.open], "another drill allows more")
    sample.add(drill: "weekly") { measured(&$0, 41_000) }
    #expect(try states(sample) == [.resolved])
  }

  @Test("a drill that loosens its own objective resolves what it had found: the change of policy shows it")
  func loosened() throws {
    var sample = SampleHistory()
    sample.add([Finding(.recoveryPointExceeded, stage: .objectives, expected: "26 h", observed: "30 h")]) {
      $0.objectives = [Run.Objective(.recoveryPoint, target: 26, measured: 30)]
    }
    sample.add {
      $0.objectives = [Run.Objective(.recoveryPoint, target: 40, measured: 30)]
      $0.files["nightly.yaml"]? += "objectives: {rpo: 40h}\n"
    }
    #expect(try states(sample) == [.resolved])
    #expect(try sample.history().policyChanges().map(\.drill) == ["nightly"])
  }

  @Test("a missing backup is cleared by the same drill, once it finds one")
  func selection() throws {
    var sample = SampleHistory()
    // A drill without a cluster file does not know whose backup is missing.
    sample.add([Finding(.backupMissing, stage: .catalog, expected: "latest", observed: "none")], cluster: "") {
      $0.backups = []
      $0.examined?.stages = []
    }
    sample.add(drill: "weekly")
    #expect(try states(sample) == [.open])
    sample.add()
    #expect(try states(sample) == [.resolved])
  }

  // MARK: What a run says of the rest

  @Test("a leaf that could not name all its findings clears nothing of that code")
  func truncated() throws {
    var sample = SampleHistory()
    let old = Finding.restored(.restoredDiffers, .fingerprint, shard: "s3", slot: 16_000, key: "key:old")
    sample.add([old, .restored(.countDiffers, .compare, slot: 9)])
    let many = (0...RunFinished.mostSubjects).map {
      Finding.restored(.restoredDiffers, .fingerprint, shard: "s1", slot: $0, key: "key:\($0)")
    }
    sample.add(many)
    var found = try sample.findings()
    #expect(found.first { $0.subject.key?.text == "key:old" }?.state == .open)
    #expect(found.first { $0.code == .countDiffers }?.state == .resolved, "of another code, all are named")
    sample.add(Array(many.prefix(RunFinished.mostSubjects)))
    found = try sample.findings()
    #expect(found.first { $0.subject.key?.text == "key:old" }?.state == .resolved)
  }

  @Test("a finding that sums up others, or that names the slot only, clears nothing that may lie in it")
  func summary() throws {
    var sample = SampleHistory()
    let (here, there) = (
      Finding.restored(.restoredDiffers, .fingerprint, shard: "s1", slot: 7, key: "key:01"),
      Finding.restored(.restoredDiffers, .fingerprint, shard: "s1", slot: 8, key: "key:02")
    )
    sample.add([here, there])
    sample.add([.restored(.restoredDiffers, .fingerprint, shard: "s1", slot: 7)])
    var found = try sample.findings()
    #expect(found.first { $0.subject.slot == Slot(8) }?.state == .resolved)
    #expect(found.first { $0.subject.key?.text == "key:01" }?.state == .open, "the slot still differs")
    sample.add([here, there])
    // "57 more of these"
    sample.add([.restored(.restoredDiffers, .fingerprint, shard: "s1")])
    found = try sample.findings()
    #expect(found.map(\.isOpen) == [true, true, true, true])
    sample.add()
    #expect(try states(sample) == [.resolved, .resolved, .resolved, .resolved])
  }

  // MARK: People

  @Test("an action is recorded: known, noted, withdrawn; what comes back is open again")
  func actions() throws {
    var sample = SampleHistory()
    sample.add([.stored()])
    let id = try #require(try sample.findings().first).id
    sample.act(.note, on: id, why: "disk 4 was swapped")
    #expect(try states(sample) == [.open])
    sample.act(.acknowledge, on: id, who: "grace")
    #expect(try states(sample) == [.acknowledged])
    sample.act(.withdraw, on: id, who: "ada", why: "the backup was deleted")
    let withdrawn = try #require(try sample.findings().first)
    #expect(withdrawn.state == .withdrawn && withdrawn.closedBy == "ada")
    #expect(withdrawn.actions.map(\.action) == [.note, .acknowledge, .withdraw])
    sample.act(.acknowledge, on: id)
    sample.act(.note, on: "0000000000000000")
    #expect(try states(sample) == [.withdrawn], "nothing is known of what is closed, or of what never was")
    sample.add([.stored()])
    let back = try #require(try sample.findings().first)
    #expect(back.state == .open && back.reopened == 1 && back.actions.count == 4)
  }

  @Test("a deadline counts from the first sight, by severity, and a drill that names nobody takes it away from none")
  func deadlines() throws {
    var sample = SampleHistory()
    sample.add([.stored(), .restored(.contentDiffers, .compare, slot: 7), .stored(.artifactUnexpected, artifact: "x")])
    sample.add([.stored(), .restored(.contentDiffers, .compare, slot: 7), .stored(.artifactUnexpected, artifact: "x")])
    {
      $0.governance = nil
    }
    let found = try sample.findings(day: 2)
    #expect(found.map(\.code) == [.contentDiffers, .checksumMismatch, .artifactUnexpected], "overdue first")
    #expect(found.map { $0.isOverdue(at: SampleHistory.time(2)) } == [true, false, false])
    #expect(found[1].deadline == SampleHistory.time(3) && found[2].deadline == nil)
    #expect(found[0].governance?.owner == "storage on-call")
    #expect(!found[0].isOverdue(at: SampleHistory.time(1)), "not before the deadline has passed")
    sample.add()
    let late = try sample.findings(day: 9).filter { $0.isOverdue(at: SampleHistory.time(9)) }
    #expect(late.isEmpty, "what is closed is not late")
  }

  @Test("a deadline beyond all time does not overflow")
  func farDeadline() throws {
    var sample = SampleHistory()
    sample.add([.stored()]) { $0.governance = Governance(owner: "nobody", deadlines: [.high: .max]) }
    let finding = try #require(try sample.findings().first)
    #expect(!finding.isOverdue(at: SampleHistory.time(10_000)))
  }
}
