import DrillChecks
import DrillModel
import Testing

@Suite("placement check")
struct PlacementCheckTests {
  /// Slot 50 is on its way from a to b.
  private let topology = Topology(
    epoch: 4, shards: [.init(name: "a", slots: SlotSet(0...99)), .init(name: "b", slots: SlotSet(100...199))],
    moves: [.init(slot: Slot(50), source: "a", target: "b")])

  private func fold(_ records: [SyntheticRecord]) -> Fingerprint {
    let fold = FingerprintFold()
    for batch in Batching.whole(records) { fold.consume(batch) }
    return fold.finish().fingerprint
  }

  private func check(
    _ shards: [String: [SyntheticRecord]], stage: Stage = .decode, cap: UInt64 = 200_000
  ) -> PlacementCheck {
    var check = PlacementCheck(backup: "shop-1", topology: topology, stage: stage, seed: 1)
    for chunk in PlacementCheck.contested(shards.mapValues(fold), in: topology, cap: cap) {
      check.add(
        shards.mapValues { records in
          var keys = KeyDigests(slots: chunk)
          for batch in Batching.whole(records) { keys.consume(batch) }
          return keys
        })
    }
    return check
  }

  @Test("a slot in flight whose keys lie on one side each has no finding, and slots of one shard are not looked into")
  func clean() {
    let sides = [
      "a": [SyntheticRecord.string("k1", "v", slot: 50), .string("x", "v", slot: 7)],
      "b": [SyntheticRecord.string("k2", "v", slot: 50), .string("y", "v", slot: 150)],
    ]
    #expect(PlacementCheck.contested(sides.mapValues(fold), in: topology) == [SlotSet([Slot(50)])])
    let judged = check(sides)
    #expect(judged.findings().isEmpty && judged.doubledPerSlot.isEmpty && judged.strays.isEmpty)
    var unmapped = topology
    unmapped.mapsSlots = false
    #expect(PlacementCheck.contested(sides.mapValues(fold), in: unmapped).isEmpty)
  }

  @Test(
    "a key on both sides is record-double; copies that agree and copies that do not are told apart, with their numbers")
  func doubles() throws {
    let same = (0..<5).map { SyntheticRecord.string("same\($0)", "v", slot: 50, expiry: 1_800_000_000_000) }
    // A move shifts expiries: that alone makes no other content.
    let shifted = (0..<5).map { SyntheticRecord.string("same\($0)", "v", slot: 50, expiry: 1_800_000_000_004) }
    let judged = check(
      [
        "a": same + [.string("other", "old", slot: 50), .string("left", "v", slot: 50)],
        "b": shifted + [.string("other", "new", slot: 50)],
      ])
    let findings = judged.findings()
    #expect(Set(findings.map(\.code)) == [.recordDouble] && findings.count == 4)
    #expect(findings.allSatisfy { $0.subject.shard == "b" && $0.subject.slot == Slot(50) && $0.subject.key != nil })
    #expect(findings.filter { $0.observed == "5 records of 1 slot (50) on both, with the same content" }.count == 3)
    let differing = try #require(findings.first { $0.observed.contains("different") })
    #expect(differing.subject.key == .clear(Array("other".utf8)))
    #expect(differing.observed == "1 record of 1 slot (50) on both, with different content")
    #expect(judged.doubled == (6, 1) && judged.doubledPerSlot == [Slot(50): 6])
    #expect(check(["a": same, "b": shifted], stage: .fingerprint).findings().allSatisfy { $0.stage == .fingerprint })
  }

  @Test("the samples are the same whatever the order, and chunks add up")
  func samples() {
    let records = (0..<300).map { SyntheticRecord.string("k\($0)", "v", slot: 50) }
    let once = check(["a": records, "b": records]).findings()
    #expect(check(["a": records.reversed(), "b": records], cap: 10).findings() == once)
    #expect(once.count == 3 && once.allSatisfy { $0.observed.hasPrefix("300 records") })
  }

  @Test("a record of a shard without a claim is no double: it is counted as a copy of the owner's")
  func strays() throws {
    let shards = [
      "a": [
        SyntheticRecord.string("k", "v", slot: 150), .string("j", "old", slot: 150), .string("alone", "v", slot: 151),
      ],
      "b": [SyntheticRecord.string("k", "v", slot: 150), .string("j", "new", slot: 150)],
    ]
    let judged = check(shards)
    #expect(judged.findings().isEmpty)
    #expect(judged.strays["a"] == .init(equal: 1, different: 1) && judged.strays["b"] == nil)
  }

  @Test("misplaced records that another shard holds as well are slot-misplaced, and say so")
  func straysInWords() throws {
    let backup = SyntheticBackup()
    let readings = [backup.reading("a", holding: "b"), backup.reading("b"), backup.reading("c")]
    let copies = UInt64(backup.shards["b"]?.count ?? 0)
    let judgement = try DecodeCheck(backup.manifest).check(
      readings, strays: ["a": .init(equal: copies - 1, different: 1)])
    #expect(judgement.codes == [.slotMisplaced])
    #expect(
      judgement.findings[0].observed.hasSuffix(
        "\(copies) of them lie in another shard as well, 1 with different content"))
  }
}

@Suite("lost records")
struct LostRecordsTests {
  private let backup = SyntheticBackup()

  /// Slot 5 moves from a to b; production counted two records on a and three on b.
  private func counted(
    _ held: [String: Int], doubles: UInt64 = 0
  ) throws -> Judgement {
    var topology = backup.topology
    topology.moves = [.init(slot: Slot(5), source: "a", target: "b")]
    var counts = SlotCounts()
    counts.set(2, shard: "a", slot: Slot(5))
    counts.set(3, shard: "b", slot: Slot(5))
    let restored = held.mapValues { count in
      let fold = FingerprintFold()
      for batch in Batching.whole((0..<count).map { .string("k\($0)", "v", slot: 5) }) { fold.consume(batch) }
      return fold.finish().fingerprint
    }
    return try ContentCheck(backup: "shop-1", reference: "captured", independentReaders: 2).checkCounts(
      counts, restored: restored, topology: topology, slots: SlotSet([Slot(5)]),
      doubles: doubles == 0 ? [:] : [Slot(5): doubles])
  }

  @Test(
    "fewer records on both sides of a move than were counted are record-lost; the sum alone counts, wherever they lie")
  func counts() throws {
    #expect(try counted(["a": 2, "b": 3]).isClean)
    #expect(try counted(["a": 4, "b": 1]).isClean)
    let lost = try counted(["a": 1, "b": 1])
    #expect(lost.codes == [.recordLost] && lost.findings[0].observed == "3 records on no side")
    #expect(lost.findings[0].subject.slot == Slot(5))
    #expect(try counted(["a": 4, "b": 3]).codes == [.countDiffers])
  }

  @Test("a double counts once, unless the servers held it twice themselves")
  func doubles() throws {
    #expect(try counted(["a": 4, "b": 3], doubles: 2).isClean)
    #expect(try counted(["a": 2, "b": 3], doubles: 1).isClean)
    #expect(try counted(["a": 3, "b": 3], doubles: 3).codes == [.recordLost])
  }

  @Test("a key that production answered about and no shard holds is record-lost; one that is there differs in content")
  func answers() {
    func ask(_ words: String...) -> Operation {
      Operation(
        name: words[0].lowercased(), slot: Slot(5), key: Array(words[1].utf8),
        statement: .command(words.map { Array($0.utf8) }))
    }
    var held = KeyDigests()
    for batch in Batching.whole([.string("here", "v", slot: 5)]) { held.consume(batch) }
    let found = LostRecords.check(
      [ask("GET", "here"), ask("GET", "gone"), ask("STRLEN", "gone"), ask("MGET", "gone", "here")], held: held,
      backup: "shop-1")
    #expect(found.map(\.code) == [.recordLost] && found.map(\.subject.key) == [.clear(Array("gone".utf8))])
  }
}

@Suite("readiness")
struct ReadinessTests {
  private let backup = SyntheticBackup()

  private func check(_ manifest: Manifest, against expected: Topology) throws -> Judgement {
    try ReadinessCheck.check(manifest, against: expected, source: "live")
  }

  @Test("a backup of the expected distribution is complete, whatever the epoch where none is stated")
  func complete() throws {
    var expected = backup.topology
    #expect(try check(backup.manifest, against: expected).isClean)
    expected.epoch = 0
    #expect(try check(backup.manifest, against: expected).isClean)
  }

  @Test("a shard without an artifact is coverage-hole with its slots")
  func missing() throws {
    var manifest = backup.manifest
    manifest.artifacts.removeAll { $0.shard == "b" }
    let judgement = try check(manifest, against: backup.topology)
    #expect(judgement.codes == [.coverageHole])
    #expect(
      judgement.findings[0].subject.shard == "b" && judgement.findings[0].observed.hasPrefix("100 slots (100-199)"))
    // Slots that no shard of the backup ever had.
    var larger = backup.topology
    larger.shards[2].slots = SlotSet(200...309)
    #expect(Set(try check(backup.manifest, against: larger).codes) == [.coverageHole, .topologyStale])
  }

  @Test("another epoch, and slots that have moved since, are topology-stale")
  func stale() throws {
    var expected = backup.topology
    expected.epoch += 1
    #expect(try check(backup.manifest, against: expected).codes == [.topologyStale])
    expected.shards[0].slots.remove(Slot(7))
    expected.shards[1].slots.insert(Slot(7))
    let moved = try check(backup.manifest, against: expected)
    #expect(moved.codes == [.topologyStale] && moved.findings[0].observed == "epoch 3: 1 slot (7) moved or in flight")
    let readiness = Readiness(
      expected: expected, topology: backup.topology, artifacts: ["a", "b", "c"])
    #expect(readiness.otherSlots == ["a", "b"] && readiness.missingSlots.isEmpty && !readiness.isComplete)
  }

  @Test("a backup of the middle of a move is ready for that same topology, and for none with another move")
  func sameMove() throws {
    var manifest = backup.manifest
    manifest.topology.moves = [.init(slot: Slot(7), source: "a", target: "b")]
    var expected = manifest.topology
    let codes = try check(manifest, against: expected).codes
    #expect(codes.isEmpty)
    expected.moves[0].target = "c"
    #expect(try check(manifest, against: expected).codes == [.topologyStale])
    expected.moves = []
    #expect(try check(manifest, against: expected).codes == [.topologyStale])
  }

  @Test("a slot in flight is covered by both of its shards alone")
  func inFlight() throws {
    var manifest = backup.manifest
    manifest.topology.moves = [.init(slot: Slot(5), source: "a", target: "b")]
    manifest.artifacts.removeAll { $0.shard == "b" }
    let found = try check(manifest, against: manifest.topology).findings.filter { $0.code == .coverageHole }
    #expect(found.count == 2 && found.contains { $0.subject.slot == Slot(5) })
  }
}
