import DrillChecks
import DrillModel
import Testing

@Suite("decode check")
struct DecodeCheckTests {
  private let backup = SyntheticBackup()

  private func check(
    _ backup: SyntheticBackup, _ readings: [DecodeCheck.Reading]? = nil, newestVersion: Int? = 10,
    unread: [String: SkipReason] = [:]
  ) throws -> Judgement {
    try DecodeCheck(backup.manifest, newestVersion: newestVersion).check(readings ?? backup.readings, unread: unread)
  }

  private func edited(_ edit: (inout DecodeCheck.Reading) -> Void) -> [DecodeCheck.Reading] {
    var readings = backup.readings
    edit(&readings[1])
    return readings
  }

  @Test("a whole backup has no finding; every slot, record and byte is examined")
  func clean() throws {
    let judgement = try check(backup)
    #expect(judgement.isClean && judgement.coverage.count == 3)
    #expect(judgement.coverage.allSatisfy { $0.coverage.share == 1 })
    #expect(judgement.coverage(.slots)?.declared == 300 && judgement.coverage(.records)?.declared == 300)
  }

  @Test("damage is artifact-unreadable at its offset, and its slots are not examined")
  func damage() throws {
    let judgement = try check(
      backup, edited { $0.facts.problems = [.init(.undecodable, offset: 77, detail: "a length beyond the end")] })
    #expect(judgement.codes == [.artifactUnreadable])
    #expect(judgement.findings.first?.subject.offset == 77 && judgement.findings.first?.subject.shard == "b")
    #expect(judgement.coverage(.slots)?.skipped == [.artifactUnavailable: 100])
  }

  @Test("each fact has its code")
  func codes() throws {
    let cases: [(FindingCode, (inout DecodeCheck.Reading) -> Void)] = [
      (.versionUnsupported, { $0.facts.problems = [.init(.unsupportedVersion, detail: "format version 99")] }),
      (.versionUnsupported, { $0.facts.formatVersion = 11 }),
      (.databaseCorrupt, { $0.facts.problems = [.init(.databaseCorrupt, detail: "row missing from index")] }),
      (.foreignKeyViolated, { $0.facts.problems = [.init(.foreignKey, detail: "orders to customers")] }),
      (.formatChecksumMismatch, { $0.facts.checksum = .present(stored: "0a", computed: "0b") }),
      (.trailingBytes, { $0.facts.bytesAfterEnd = 1 }), (.artifactUnreadable, { $0.records.brokenRecords = 1 }),
      (.artifactUnreadable, { $0.facts.bytesRead = 999 }),
    ]
    for (code, edit) in cases {
      let judgement = try check(backup, edited(edit))
      #expect(judgement.codes == [code])
      #expect(judgement.findings.first?.stage == .decode && judgement.findings.first?.subject.artifact == "b.rdb")
    }
    #expect(try check(backup, edited { $0.facts.formatVersion = 11 }, newestVersion: 11).isClean)
  }

  @Test("a checksum that the file disables is skipped with that reason, and no finding")
  func disabled() throws {
    let judgement = try check(backup, edited { $0.facts.checksum = .disabled })
    #expect(judgement.isClean && judgement.coverage(.bytes)?.skipped == [.checksumDisabled: 1000])
    let none = try check(
      backup,
      backup.readings.map { reading in
        var reading = reading
        reading.facts.checksum = .absent
        return reading
      })
    #expect(none.isClean && none.coverage(.bytes) == nil)
  }

  @Test("two shards' artifacts exchanged are slot-misplaced, both")
  func swapped() throws {
    let readings = [backup.reading("a", holding: "b"), backup.reading("b", holding: "a"), backup.reading("c")]
    let judgement = try check(backup, readings)
    #expect(judgement.codes == [.slotMisplaced, .slotMisplaced])
    #expect(judgement.findings.map(\.subject.shard) == ["a", "b"] && judgement.findings[0].subject.key != nil)
  }

  @Test("a record of a slot that is moving in may lie on the target; of another slot it may not")
  func moving() throws {
    var moving = backup
    moving.topology.moves = [.init(slot: Slot(5), source: "a", target: "b")]
    moving.manifest.topology = moving.topology
    moving.shards["b"]?.append(.string("arriving", "v", slot: 5))
    #expect(try check(moving).isClean)
    moving.shards["c"]?.append(.string("stray", "v", slot: 5))
    let judgement = try check(moving)
    #expect(judgement.codes == [.slotMisplaced] && judgement.findings[0].subject.shard == "c")
    // A moving slot is examined only where both its shards are.
    let half = try check(moving, moving.readings.filter { $0.artifact != "b.rdb" })
    #expect(half.coverage(.slots)?.skipped == [.artifactUnavailable: 101])
  }

  @Test("a shard without artifact and a slot without shard are coverage-hole")
  func holes() throws {
    var lost = backup
    lost.manifest.artifacts.remove(at: 1)
    var judgement = try check(lost, lost.readings.filter { $0.artifact != "b.rdb" })
    #expect(judgement.codes == [.coverageHole] && judgement.findings[0].subject.shard == "b")
    #expect(judgement.coverage(.slots)?.examined == 200)
    var unowned = backup
    unowned.manifest.topology.shards[1].slots.remove(Slot(150))
    unowned.manifest.artifacts[1].sizeBytes = 1000
    judgement = try check(unowned)
    #expect(judgement.codes == [.coverageHole] && judgement.findings[0].subject.slot == Slot(150))
    #expect(judgement.coverage(.slots)?.examined == 299)
    // A hole outside the scope is none.
    unowned.manifest.scope.slots.remove(Slot(150))
    #expect(try check(unowned).isClean)
  }

  @Test("a slot with two owners and a shard with two artifacts are slot-overlap")
  func overlaps() throws {
    var twice = backup
    twice.manifest.topology.shards[2].slots.insert(Slot(7))
    #expect(try check(twice).codes == [.slotOverlap])
    var artifacts = backup
    var second = artifacts.manifest.artifacts[0]
    second.name = "a2.rdb"
    artifacts.manifest.artifacts.append(second)
    #expect(try check(artifacts).codes == [.slotOverlap])
  }

  @Test("without a slot map nothing is misplaced, and a shard without artifact is still a hole")
  func unmapped() throws {
    var files = backup
    files.topology.mapsSlots = false
    for index in files.topology.shards.indices { files.topology.shards[index].slots = .all }
    files.manifest.topology = files.topology
    #expect(DecodeCheck.allowedSlots(of: "a", in: files.topology) == nil)
    #expect(
      try check(files, [files.reading("a", holding: "b"), files.reading("b", holding: "a"), files.reading("c")]).isClean
    )
    files.manifest.artifacts.removeLast()
    let judgement = try check(files)
    #expect(judgement.codes == [.coverageHole] && judgement.coverage(.slots)?.examined == 0)
  }

  @Test("what was left out on purpose is skipped for that reason, and no finding")
  func sampled() throws {
    let judgement = try check(backup, backup.readings.filter { $0.artifact != "c.rdb" }, unread: ["c.rdb": .notSampled])
    #expect(judgement.isClean && judgement.coverage(.slots)?.skipped == [.notSampled: 100])
  }

  @Test("a server's refusal is restore-rejected, or version-unsupported where it says so")
  func rejection() {
    let rejected = RestoreCheck.check(RestoreRejected(shard: "a", serverLines: ["Bad data format"]), backup: "shop-1")
    #expect(rejected.code == .restoreRejected && rejected.stage == .restore && rejected.subject.shard == "a")
    let version = RestoreCheck.check(RestoreRejected(shard: "a", serverLines: [], isVersion: true), backup: "shop-1")
    #expect(version.code == .versionUnsupported && version.stage == .restore)
  }

  @Test("what a reader has nothing to look at with is an obstacle, and its records are skipped and counted")
  func unseen() throws {
    var readings = backup.readings
    readings[0].facts.unseen = [
      .init("virtual table places", records: 2, detail: "its module is not at hand"),
      .init("table t", records: 0, detail: "its indexes could not be checked"),
    ]
    let judgement = try check(backup, readings)
    #expect(judgement.findings.isEmpty && judgement.obstacles.map(\.code) == [.featureMissing, .featureMissing])
    #expect(judgement.coverage(.records)?.skipped == [.featureMissing: 2])
    #expect(try check(backup).isClean)
  }
}
