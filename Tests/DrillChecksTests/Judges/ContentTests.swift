import DrillChecks
import DrillModel
import Testing

@Suite("restored and content checks")
struct ContentTests {
  private let backup = SyntheticBackup()
  private let restored = RestoredCheck(backup: "shop-1", independentReaders: 2)
  private let content = ContentCheck(backup: "shop-1", reference: "captured", independentReaders: 1)

  private func check(
    _ sandbox: [SyntheticRecord], facts: ReadFacts = ReadFacts(), keys: KeyDiff? = nil
  ) throws -> Judgement {
    try restored.check(
      shard: "a", artifact: backup.folded(backup.shards["a"] ?? [], shard: "a"),
      sandbox: backup.folded(sandbox, shard: "a"), facts: facts, keys: keys)
  }

  @Test("a sandbox that holds the artifact's records passes, with two readers")
  func restoredClean() throws {
    let judgement = try check((backup.shards["a"] ?? []).reversed())
    #expect(judgement.isClean && judgement.coverage(.records)?.share == 1)
    #expect(judgement.comparisons.map(\.isEqual) == [true] && judgement.comparisons[0].independentReaders == 2)
  }

  @Test("one record changed, lost, added or moved in its expiry is restored-differs in its slot")
  func restoredDiffers() throws {
    let records = backup.shards["a"] ?? []
    let edits: [(inout [SyntheticRecord]) -> Void] = [
      { $0[0].body[10] ^= 1 }, { $0.remove(at: 0) }, { $0.append($0[0]) }, { $0[0].expiry = 5 },
    ]
    for edit in edits {
      var sandbox = records
      edit(&sandbox)
      let judgement = try check(sandbox)
      #expect(judgement.codes == [.restoredDiffers])
      #expect(judgement.findings[0].subject.slot == records[0].slot && judgement.findings[0].stage == .fingerprint)
      #expect(judgement.comparisons.map(\.isEqual) == [false])
    }
  }

  @Test("where keys are given the finding names the key")
  func keys() throws {
    var sandbox = backup.shards["a"] ?? []
    sandbox[0].body[10] ^= 1
    let diff = KeyDiff(differences: [
      .init(kind: .changed, namespace: "db0", slot: sandbox[0].slot, key: sandbox[0].key)
    ])
    let judgement = try check(sandbox, keys: diff)
    #expect(judgement.codes == [.restoredDiffers] && judgement.findings[0].subject.key == .clear(sandbox[0].key))
  }

  @Test("modules that the server cannot show are skipped and counted; a missing one is found")
  func opaque() throws {
    var module = SyntheticRecord.string("m", "blob", slot: 1)
    module.kind = .module
    var withModule = backup
    withModule.shards["a"]?.append(module)
    let artifact = withModule.folded(withModule.shards["a"] ?? [], shard: "a")
    let sandbox = backup.folded(backup.shards["a"] ?? [], shard: "a")
    let seen = try restored.check(shard: "a", artifact: artifact, sandbox: sandbox, facts: ReadFacts(opaqueRecords: 1))
    #expect(seen.isClean && seen.coverage(.records)?.skipped == [.opaqueModule: 1])
    let missing = try restored.check(shard: "a", artifact: artifact, sandbox: sandbox, facts: ReadFacts())
    #expect(missing.codes == [.restoredDiffers])
    let more = try restored.check(shard: "a", artifact: artifact, sandbox: sandbox, facts: ReadFacts(opaqueRecords: 2))
    #expect(more.codes == [.restoredDiffers])
  }

  @Test("modules that the server writes in other bytes are skipped and counted, never the records beside them")
  func rewritten() throws {
    var module = SyntheticRecord.string("m", "blob", slot: 1)
    module.kind = .module
    var rewritten = module
    rewritten.body[10] ^= 1
    let shard = backup.shards["a"] ?? []
    func check(_ sandbox: [SyntheticRecord], keys: KeyDiff? = nil) throws -> Judgement {
      try restored.check(
        shard: "a", artifact: backup.folded(shard + [module], shard: "a"),
        sandbox: backup.folded(sandbox, shard: "a"), facts: ReadFacts(), keys: keys)
    }
    let same = try check(shard + [module])
    #expect(same.isClean && same.coverage(.records)?.skipped.isEmpty == true)
    let keys = KeyDiff(differences: [
      .init(kind: .changed, namespace: "db0", slot: module.slot, key: module.key)
    ])
    for keys in [nil, keys] {
      let unseen = try check(shard + [rewritten], keys: keys)
      #expect(unseen.isClean && unseen.coverage(.records)?.skipped == [.opaqueModule: 1])
    }
    // Another key in its place, another expiry, and a changed record beside it are found all the same.
    var other = rewritten
    other.key = Array("n".utf8)
    let exchanged = KeyDiff(differences: [
      .init(kind: .removed, namespace: "db0", slot: module.slot, key: module.key),
      .init(kind: .added, namespace: "db0", slot: module.slot, key: other.key),
    ])
    #expect(try check(shard + [other], keys: exchanged).codes == [.restoredDiffers, .restoredDiffers])
    var beside = shard
    beside[0].body[10] ^= 1
    #expect(try check(beside + [rewritten], keys: keys).codes == [.restoredDiffers])
    #expect(try check(Array(shard.dropFirst()) + [rewritten]).codes == [.restoredDiffers])
    #expect(try check(shard).codes == [.restoredDiffers])
  }

  @Test("a shard that was not restored is skipped for its reason")
  func notRestored() throws {
    let judgement = try restored.skipped(shard: "b", records: 9, reason: .notSampled)
    #expect(judgement.coverage(.records)?.skipped == [.notSampled: 9])
  }

  @Test("many differing slots are summed up after a hundred")
  func limit() throws {
    var other = backup
    for index in other.shards["a"]?.indices ?? 0..<0 { other.shards["a"]?[index].body[10] ^= 1 }
    for slot in 0..<100 { other.shards["a"]?.append(.string("more\(slot)", "v", slot: slot)) }
    let judgement = try check((other.shards["a"] ?? []) + (100..<160).map { .string("k\($0)", "v", slot: $0) })
    #expect(judgement.findings.count == 101 && Set(judgement.codes) == [.restoredDiffers])
    #expect(judgement.findings.last?.observed == "60 more of these")
  }

  // MARK: - Counts

  private func counts(
    _ counts: SlotCounts, _ restored: SyntheticBackup, shards: Set<String> = ["a", "b", "c"]
  ) throws -> Judgement {
    try content.checkCounts(
      counts, restored: restored.fingerprints.filter { shards.contains($0.key) }, topology: restored.topology,
      slots: SlotSet(0...299))
  }

  @Test("counts that agree have no finding and examine every slot")
  func countsClean() throws {
    let judgement = try counts(backup.counts, backup)
    #expect(judgement.isClean && judgement.coverage(.slots)?.share == 1)
    #expect(judgement.comparisons.map(\.isEqual) == [true])
  }

  @Test("a lost and an added record are count-differs in their slot and shard")
  func countDiffers() throws {
    var lost = backup
    let gone = lost.shards["b"]?.removeFirst()
    let judgement = try counts(backup.counts, lost)
    #expect(judgement.codes == [.countDiffers] && judgement.findings[0].stage == .compare)
    #expect(judgement.findings[0].subject.slot == gone?.slot && judgement.findings[0].subject.shard == "b")
    var more = backup
    more.shards["c"]?.append(.string("extra", "v", slot: 250))
    #expect(try counts(backup.counts, more).findings.map(\.subject.slot) == [Slot(250)])
  }

  @Test("a moving slot is compared by its sum over both shards")
  func movingCounts() throws {
    var moving = backup
    moving.topology.moves = [.init(slot: Slot(5), source: "a", target: "b")]
    moving.shards["b"]?.append(.string("arriving", "v", slot: 5))
    var reference = moving.counts
    reference.set(1, shard: "b", slot: Slot(5))
    #expect(try counts(reference, moving).isClean)
    moving.shards["a"]?.append(.string("arriving", "v", slot: 5))
    moving.shards["b"]?.removeLast()
    #expect(try counts(reference, moving).isClean)
    moving.shards["a"]?.removeLast()
    #expect(try counts(reference, moving).findings.map(\.subject.slot) == [Slot(5)])
  }

  @Test("slots of shards that were not restored, and slots that nobody counted, are skipped")
  func countCoverage() throws {
    var partial = backup.counts
    partial.shards["c"] = nil
    let judgement = try counts(partial, backup, shards: ["a", "c"])
    #expect(judgement.isClean)
    #expect(judgement.coverage(.slots)?.skipped == [.notSampled: 100, .notReferenced: 100])
    let nothing = try counts(SlotCounts(), backup)
    #expect(nothing.comparisons.isEmpty && nothing.coverage(.slots)?.examined == 0)
  }

  @Test("counts per namespace that agree have no finding; a lost record, and a namespace that nobody counted, have one")
  func namespaceCounts() throws {
    let held = backup.fingerprints
    let counts = held.mapValues { $0.cells.mapValues { $0.values.reduce(UInt64(0)) { $0 + $1.count } } }
    let clean = try content.checkNamespaces(counts, restored: held)
    #expect(clean.isClean && clean.coverage(.records)?.share == 1 && clean.comparisons.map(\.isEqual) == [true])
    var lost = backup
    lost.shards["b"]?.removeFirst()
    let judgement = try content.checkNamespaces(counts, restored: lost.fingerprints)
    #expect(judgement.codes == [.countDiffers] && judgement.findings[0].subject.shard == "b")
    var fewer = counts
    fewer["c"] = [:]
    #expect(try content.checkNamespaces(fewer, restored: held).findings.map(\.subject.shard) == ["c"])
    let part = try content.checkNamespaces(counts, restored: held.filter { $0.key == "a" })
    #expect(part.isClean && (part.coverage(.records)?.skipped[.notSampled] ?? 0) > 0)
    #expect(try content.checkNamespaces(counts, restored: [:]).comparisons.isEmpty)
  }

  // MARK: - Fingerprints

  @Test("the reference's fingerprint equal to the restored one passes, one altered record is content-differs")
  func contentDiffers() throws {
    #expect(try content.checkFingerprint(backup.fingerprint, restored: backup.fingerprint).isClean)
    var altered = backup
    altered.shards["b"]?[3].body[10] ^= 1
    let judgement = try content.checkFingerprint(backup.fingerprint, restored: altered.fingerprint)
    #expect(judgement.codes == [.contentDiffers] && judgement.findings[0].subject.slot == altered.shards["b"]?[3].slot)
    let part = try content.checkFingerprint(
      backup.fingerprint, restored: backup.fingerprints["a"] ?? Fingerprint(), slots: SlotSet(0...99))
    #expect(part.isClean && part.coverage(.records)?.share == 1)
  }

  @Test("a library that one side lacks is named; one of a shard that was not restored is not missed")
  func libraries() throws {
    var (expected, held) = (backup.fingerprint, backup.fingerprint)
    expected.libraries = ["index i": [Digest(words: (1, 2, 3, 4))], "view w": [Digest(words: (5, 6, 7, 8))]]
    held.libraries = ["index i": [Digest(words: (1, 2, 3, 4))]]
    let lost = try content.checkFingerprint(expected, restored: held)
    #expect(lost.codes == [.contentDiffers] && lost.findings[0].expected == "library view w")
    #expect(lost.findings[0].observed == "no such library")
    let added = try content.checkFingerprint(held, restored: expected)
    #expect(added.codes == [.contentDiffers] && added.findings[0].expected == "no such library")
    #expect(try content.checkFingerprint(expected, restored: expected).isClean)
    #expect(try content.checkFingerprint(expected, restored: held, slots: SlotSet(0...99)).isClean)
    held.libraries = ["index i": [Digest(words: (1, 2, 3, 5))]]
    #expect(try content.checkFingerprint(expected, restored: held, slots: SlotSet(0...99)).codes == [.contentDiffers])
  }
}
