import DrillChecks
import DrillCrypto
import DrillModel
import Testing

@Suite("fingerprints")
struct FingerprintFoldTests {
  private func fold(_ batches: [RecordBatch], _ plan: FoldPlan = FoldPlan()) -> FoldedRecords {
    let fold = FingerprintFold(plan)
    for batch in batches { fold.consume(batch) }
    return fold.finish()
  }

  private func fingerprint(_ records: [SyntheticRecord]) -> Fingerprint { fold(Batching.whole(records)).fingerprint }

  @Test("order, sharding, pieces and threads do not change a fold", arguments: 1...12 as ClosedRange<UInt64>)
  func invariance(seed: UInt64) {
    var random = SeededGenerator(seed)
    let records = SyntheticRecord.random(count: 300, using: &random)
    let plan = FoldPlan(allowedSlots: SlotSet(0...149), seed: seed, sampleSize: 10)
    let expected = fold(Batching.whole(records), plan)
    #expect(expected.records == 300 && expected.brokenRecords == 0)

    var threaded = plan
    threaded.workers = 3
    #expect(fold(Batching.whole(records.shuffled(using: &random), perBatch: 5), threaded) == expected)
    #expect(fold(Batching.pieces(records.shuffled(using: &random), using: &random), plan) == expected)
    #expect(fold(Batching.pieces(records.shuffled(using: &random), using: &random), threaded) == expected)

    var sharded = FoldedRecords(seed: seed, sampleSize: 10)
    for shard in 0..<5 {
      sharded += fold(Batching.whole(records.filter { Int($0.slot.rawValue) % 5 == shard }), plan)
    }
    #expect(sharded == expected)
    #expect(sharded.fingerprint.root == expected.fingerprint.root)
  }

  @Test("a change of any record changes the fingerprint", arguments: 1...4 as ClosedRange<UInt64>)
  func sensitivity(seed: UInt64) {
    var random = SeededGenerator(seed)
    let records = SyntheticRecord.random(count: 60, using: &random)
    let whole = fingerprint(records)
    for index in records.indices {
      var changed = records
      changed[index].body.append(0)
      #expect(fingerprint(changed) != whole)
      changed = records
      changed.remove(at: index)
      #expect(fingerprint(changed).root != whole.root)
      changed = records
      changed.append(records[index])
      #expect(fingerprint(changed) != whole)
    }
  }

  @Test("the content digest is SHA-256 over the documented bytes")
  func documentedForm() {
    var body: [UInt8] = []
    body.appendBlob(Array("v".utf8))
    let head: [UInt8] = [1, 3, 0, 0, 0] + Array("db0".utf8) + [1, 0, 0, 0] + Array("k".utf8)
    let plain = fingerprint([.string("k", "v")]).cells["db0"]?[Slot(0)]
    #expect(plain == Fingerprint.Cell(count: 1, content: Sum256(SHA256.digest(head + [1, 0] + body))))

    let expiring = fingerprint([.string("k", "v", expiry: 258)]).cells["db0"]?[Slot(0)]
    let expiry = SHA256.digest([3] + head.dropFirst() + [2, 1, 0, 0, 0, 0, 0, 0])
    #expect(
      expiring
        == Fingerprint.Cell(count: 1, content: Sum256(SHA256.digest(head + [1, 1] + body)), expiry: Sum256(expiry)))

    let set = SyntheticRecord.unordered(.set, "k", ["a", "b"])
    var sum = Sum256()
    for element in set.elements { sum += Sum256(SHA256.digest([2] + element)) }
    let tail: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0] + sum.digest.bytes
    #expect(
      fingerprint([set]).cells["db0"]?[Slot(0)]
        == Fingerprint.Cell(count: 1, content: Sum256(SHA256.digest(head + [3, 0] + tail))))
  }

  @Test("a thousand equal changes do not cancel")
  func noCancelling() {
    let before = (0..<1000).map { SyntheticRecord.string("k\($0)", "a", slot: 7) }
    let after = (0..<1000).map { SyntheticRecord.string("k\($0)", "b", slot: 7) }
    #expect(fingerprint(before) != fingerprint(after))
    // The same record twice is not the same as none: XOR would have it so.
    #expect(!fingerprint([.string("k", "a"), .string("k", "a")]).cells.isEmpty)
  }

  @Test("the order of elements is no content, the order of a list is")
  func order() {
    for kind in RecordKind.allCases where kind.hasElements {
      #expect(
        fingerprint([.unordered(kind, "k", ["a", "b", "c"])]) == fingerprint([.unordered(kind, "k", ["c", "a", "b"])]))
      #expect(
        fingerprint([.unordered(kind, "k", ["a", "b"])]) != fingerprint([.unordered(kind, "k", ["a", "b", "b"])]))
      #expect(fingerprint([.unordered(kind, "k", ["ab", "c"])]) != fingerprint([.unordered(kind, "k", ["a", "bc"])]))
    }
    #expect(fingerprint([.list("k", ["a", "b"])]) != fingerprint([.list("k", ["b", "a"])]))
  }

  @Test("kind, key and namespace are content; the slot places it")
  func typed() {
    let record = SyntheticRecord.string("k", "v")
    var other = record
    other.kind = .row
    #expect(fingerprint([record]) != fingerprint([other]))
    other = record
    other.namespace = "db1"
    #expect(fingerprint([record]) != fingerprint([other]))
    #expect(fingerprint([.string("ab", "c")]) != fingerprint([.string("a", "bc")]))
  }

  @Test("a moved expiry is told apart from changed content; a lost expiry is content")
  func expiry() {
    let base = fingerprint([.string("k", "v", slot: 3, expiry: 1000)])
    let moved = SlotDiff(base, fingerprint([.string("k", "v", slot: 3, expiry: 1003)]))
    #expect(moved.isExpiryOnly && moved.slots == SlotSet([Slot(3)]))
    let lost = SlotDiff(base, fingerprint([.string("k", "v", slot: 3)]))
    #expect(!lost.isExpiryOnly && lost.cells.map(\.part) == [.content])
    let changed = SlotDiff(base, fingerprint([.string("k", "w", slot: 3, expiry: 1000)]))
    #expect(changed.cells.map(\.part) == [.content])
    #expect(SlotDiff(base, base).isEmpty)
  }

  @Test("libraries stand beside the cells, are counted once over shards, and have no slot")
  func libraries() {
    var library = SyntheticRecord.string("mylib", "return 1", slot: 9)
    library.kind = .library
    var elsewhere = library
    elsewhere.namespace = "db5"
    elsewhere.slot = Slot(11)
    let one = fold(Batching.whole([library]))
    #expect(one.fingerprint.cells.isEmpty && one.recordsPerKind == [.library: 1])
    #expect(one.fingerprint == fold(Batching.whole([elsewhere])).fingerprint)
    var both = one.fingerprint
    both += one.fingerprint
    #expect(both == one.fingerprint && SlotDiff(both, one.fingerprint).isEmpty)
    var changed = library
    changed.body[changed.body.count - 1] ^= 1
    #expect(SlotDiff(one.fingerprint, fold(Batching.whole([changed])).fingerprint).libraries == ["mylib"])
    // Shards that disagree are a difference even where both sides disagree alike.
    both += fold(Batching.whole([changed])).fingerprint
    #expect(SlotDiff(both, both).libraries == ["mylib"])
    #expect(both.root != one.fingerprint.root)
  }

  @Test("records outside the allowed slots are counted and named")
  func misplaced() {
    let records = (0..<100).map { SyntheticRecord.string("k\($0)", "v", slot: $0) }
    let folded = fold(Batching.whole(records), FoldPlan(allowedSlots: SlotSet(10...99)))
    #expect(folded.misplaced.count == 10 && folded.misplaced.slots == SlotSet(0...9))
    #expect(folded.misplaced.samples.map(\.key) == ["k0", "k1", "k2"].map { Array($0.utf8) })
    #expect(fold(Batching.whole(records), FoldPlan(allowedSlots: SlotSet(0...99))).misplaced.count == 0)
  }

  @Test("a record that is broken off is counted and adds nothing")
  func broken() {
    let whole = SyntheticRecord.string("k", "v")
    let large = SyntheticRecord.string("large", "value")
    var batch = RecordBatch(namespace: "db0")
    Batching.append([4], [], of: large, begins: true, ends: false, to: &batch)
    var rest = RecordBatch(namespace: "db0")
    rest.append(key: whole.key, slot: whole.slot, kind: whole.kind, body: whole.body)
    Batching.append([], [], of: large, begins: false, ends: true, to: &rest)
    let folded = fold([batch, rest])
    #expect(folded.brokenRecords == 2 && folded.records == 1)
    #expect(folded.fingerprint == fingerprint([whole]))
    #expect(fold([batch]).brokenRecords == 1)

    var openElement = RecordBatch(namespace: "db0")
    Batching.append(
      [], [(bytes: [1], isOpen: true)], of: .unordered(.set, "s", []), begins: true, ends: true, to: &openElement)
    #expect(fold([openElement]).brokenRecords == 1 && fold([openElement]).records == 0)
  }

  @Test("a sample holds the keys with the smallest hashes, for each kind", arguments: [1, 99] as [UInt64])
  func sample(seed: UInt64) {
    let records = (0..<500).map { SyntheticRecord.string("k\($0)", "v", slot: $0) }
    let sets = (0..<5).map { SyntheticRecord.unordered(.set, "s\($0)", ["a"]) }
    let sample = fold(Batching.whole(records + sets), FoldPlan(seed: seed, sampleSize: 20)).sample
    let hash = SipHash(seed: seed)
    let expected = records.map(\.key).sorted { hash.hash($0) < hash.hash($1) }.prefix(20)
    #expect(sample.keys(KeySample.Group(namespace: "db0", kind: .string)).map(\.bytes) == Array(expected))
    #expect(sample.keys(KeySample.Group(namespace: "db0", kind: .set)).count == 5)
    #expect(
      fold(Batching.whole(records + records), FoldPlan(seed: seed, sampleSize: 20)).sample.keys(
        KeySample.Group(namespace: "db0", kind: .string)
      ).map(\.bytes) == Array(expected))
  }

  @Test("the root tells counts, cells and namespaces apart, and the empty root is the empty tree's")
  func root() {
    #expect(Fingerprint().root.hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(fingerprint([.string("k", "v", slot: 1)]).root != fingerprint([.string("k", "v", slot: 2)]).root)
  }
}
