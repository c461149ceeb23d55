import DrillChecks
import DrillModel
import Testing

@Suite("drift check")
struct DriftCheckTests {
  struct Evidence: ChangeEvidence {
    var facts: [[UInt8]: ChangeFact]
    var otherwise: ChangeFact
    var libraries = ChangeFact.unknown
    func evidence(namespace: String, key: [UInt8], slot: Slot) -> ChangeFact { facts[key] ?? otherwise }
    func evidence(library: String) -> ChangeFact { libraries }
  }

  private let window = DriftCheck.Window(
    cut: Instant(millisecondsSince1970: 1000), reference: Instant(millisecondsSince1970: 2000),
    movedSlots: SlotSet([Slot(9)]), expiryBoundMs: 10)

  private func difference(
    _ kind: Drift.Kind, _ key: UInt8 = 1, slot: Int = 1, left: Int64? = nil, right: Int64? = nil
  ) -> KeyDiff.Difference {
    KeyDiff.Difference(kind: kind, namespace: "db0", slot: Slot(slot), key: [key], leftExpiry: left, rightExpiry: right)
  }

  private func check(_ differences: [KeyDiff.Difference], _ evidence: Evidence?) throws -> DriftCheck.Result {
    var check = DriftCheck(backup: "shop-1", window: window, evidence: evidence, seed: 3)
    check.add(KeyDiff(differences: differences))
    return try check.finish(equalRecords: 100, independentReaders: 1)
  }

  @Test("no difference: nothing found, all examined")
  func clean() throws {
    let result = try check([], nil)
    #expect(result.judgement.isClean && result.tallies.isEmpty && result.samples.isEmpty)
    #expect(result.judgement.coverage(.records)?.share == 1 && result.judgement.comparisons.map(\.isEqual) == [true])
  }

  @Test(
    "each fact about a key gives its attribution",
    arguments: [
      (.changed, .explained, .changedAfterCut), (.unchanged, .unexplained, .notInChangeLog),
      (.version(isPastCut: true), .explained, .versionAfterCut),
      (.version(isPastCut: false), .unexplained, .versionBeforeCut),
      (.deletedUnversioned, .ambiguous, .deletionUnversioned), (.unknown, .ambiguous, .noChangeLog),
    ] as [(ChangeFact, Drift.Attribution, Drift.Cause)])
  func facts(fact: ChangeFact, attribution: Drift.Attribution, cause: Drift.Cause) throws {
    for kind in Drift.Kind.allCases {
      let result = try check([difference(kind)], Evidence(facts: [:], otherwise: fact))
      #expect(result.tallies == [Run.DriftTally(kind: kind, attribution: attribution, cause: cause, count: 1)])
      #expect(result.judgement.codes == (attribution == .unexplained ? [.driftUnexplained] : []))
      let skipped: [SkipReason: UInt64] = attribution == .explained ? [.explained: 1] : [:]
      #expect(result.judgement.coverage(.records)?.skipped == skipped)
      #expect(result.judgement.coverage(.records)?.declared == 101)
      #expect(result.samples.map(\.key) == [.clear([1])])
    }
  }

  @Test("without a change log differences are ambiguous")
  func noLog() throws {
    #expect(try check([difference(.changed)], nil).tallies.map(\.cause) == [.noChangeLog])
  }

  @Test("an expiry explains a removal inside the window alone, and nothing but a removal")
  func expired() throws {
    let whole = Evidence(facts: [:], otherwise: .unchanged)
    func cause(_ difference: KeyDiff.Difference) throws -> Drift.Cause? {
      try check([difference], whole).tallies.first?.cause
    }
    #expect(try cause(difference(.removed, left: 1001)) == .expiredSinceCut)
    #expect(try cause(difference(.removed, left: 2000)) == .expiredSinceCut)
    #expect(try cause(difference(.removed, left: 2001)) == .notInChangeLog)
    #expect(try cause(difference(.removed, left: 1000)) == .notInChangeLog)
    #expect(try cause(difference(.removed)) == .notInChangeLog)
    #expect(try cause(difference(.changed, left: 1500)) == .notInChangeLog)
    #expect(try cause(difference(.added, right: 1500)) == .notInChangeLog)
  }

  @Test(
    "a recorded move explains a shifted expiry within its bound, in its slot, and never content, nor what a change log refutes"
  )
  func moved() throws {
    func cause(_ difference: KeyDiff.Difference, _ fact: ChangeFact = .unknown) throws -> Drift.Cause? {
      try check([difference], Evidence(facts: [:], otherwise: fact)).tallies.first?.cause
    }
    #expect(
      try cause(difference(.expiryMoved, slot: 9, left: 5000, right: 5010), .unchanged) == .notInChangeLog,
      "the move would have written the key, and the log does not name it")
    #expect(try cause(difference(.expiryMoved, slot: 9, left: 5000, right: 5010)) == .movedWithSlot)
    #expect(try cause(difference(.expiryMoved, slot: 9, left: 5000, right: 4990)) == .movedWithSlot)
    #expect(try cause(difference(.expiryMoved, slot: 9, left: 5000, right: 5011)) == .noChangeLog)
    #expect(try cause(difference(.expiryMoved, slot: 8, left: 5000, right: 5001)) == .noChangeLog)
    #expect(try cause(difference(.changed, slot: 9, left: 5000, right: 5001)) == .noChangeLog)
    #expect(try cause(difference(.expiryMoved, slot: 9, left: .min + 1, right: .max)) == .noChangeLog)
  }

  @Test("one altered record among many explained ones is found, down to its key")
  func needle() throws {
    let differences = (0..<200).map { difference(.changed, UInt8($0)) }
    let result = try check(differences, Evidence(facts: [[77]: .unchanged], otherwise: .changed))
    #expect(result.judgement.codes == [.driftUnexplained])
    #expect(result.judgement.findings[0].subject.key == .clear([77]) && result.judgement.findings[0].stage == .drift)
    #expect(result.judgement.coverage(.records)?.skipped == [.explained: 199])
    #expect(result.samples.count == 11 && result.samples[0].key == .clear([77]))
  }

  @Test("samples do not depend on the order of the differences, and findings beyond a hundred are summed up")
  func order() throws {
    let differences = (0..<200).map { difference(.changed, UInt8($0)) }
    let whole = Evidence(facts: [:], otherwise: .unchanged)
    let result = try check(differences, whole)
    var random = SeededGenerator(5)
    #expect(try check(differences.shuffled(using: &random), whole).samples == result.samples)
    #expect(result.judgement.findings.count == 101 && result.judgement.findings.last?.observed == "100 more of these")
  }

  @Test("a differing library is ambiguous where nothing is known of it, and explained or not where its version is")
  func libraries() throws {
    func attribution(_ fact: ChangeFact?) throws -> [String] {
      let evidence = fact.map { Evidence(facts: [:], otherwise: .changed, libraries: $0) }
      var check = DriftCheck(backup: "shop-1", window: window, evidence: evidence)
      check.add(libraries: ["lib"])
      let result = try check.finish(equalRecords: 1, independentReaders: 1)
      return result.tallies.map(\.attribution.rawValue) + result.judgement.findings.map(\.code.rawValue)
    }
    #expect(try attribution(nil) == ["ambiguous"])
    #expect(try attribution(.unknown) == ["ambiguous"])
    #expect(try attribution(.version(isPastCut: true)) == ["explained"])
    #expect(try attribution(.version(isPastCut: false)) == ["unexplained", "drift-unexplained"])
    #expect(try attribution(.unchanged) == ["unexplained", "drift-unexplained"])
  }

  @Test("what the recorded changes lead to is examined: equal, or unexplained; what is not modelled stays skipped")
  func rolledForward() throws {
    let log = Evidence(facts: [[5]: .unchanged], otherwise: .changed)
    func check(_ differences: [KeyDiff.Difference], _ rolled: RolledKeys) throws -> DriftCheck.Result {
      var check = DriftCheck(backup: "shop-1", window: window, evidence: log)
      check.add(KeyDiff(differences: differences), rolled: rolled)
      return try check.finish(equalRecords: 100, independentReaders: 1)
    }
    func rolled(_ differences: [KeyDiff.Difference], _ slots: [Int] = [1], notModelled: [UInt8] = []) -> RolledKeys {
      RolledKeys(
        slots: SlotSet(slots.map { Slot($0) }), diff: KeyDiff(differences: differences),
        notModelled: Set(notModelled.map { .init(namespace: "db0", key: [$0]) }))
    }
    let equal = try check([difference(.changed), difference(.removed, 2), difference(.added, 3)], rolled([]))
    #expect(equal.judgement.isClean && Set(equal.tallies.map(\.cause)) == [.rolledForward])
    #expect(equal.judgement.coverage(.records)?.skipped == [:] && equal.judgement.coverage(.records)?.examined == 103)

    let differing = try check([difference(.changed), difference(.changed, 2)], rolled([difference(.changed, 2)]))
    #expect(differing.judgement.findings.map(\.subject.key) == [.clear([2])])
    #expect(Set(differing.tallies.map(\.cause)) == [.rolledForward, .differsRolledForward])

    // The snapshot holds what was restored, and the stream says that it changed.
    let undone = try check([], rolled([difference(.changed, 2), difference(.removed, 3, left: 1500)]))
    #expect(undone.judgement.findings.map(\.subject.key) == [.clear([2])], "one that expired meanwhile is explained")
    #expect(undone.judgement.coverage(.records)?.declared == 100)

    let outside = try check([difference(.changed, 1, slot: 2)], rolled([]))
    #expect(outside.tallies.map(\.cause) == [.changedAfterCut])
    let unknown = try check([difference(.changed)], rolled([difference(.changed)], notModelled: [1]))
    #expect(unknown.tallies.map(\.cause) == [.changedAfterCut] && unknown.judgement.isClean)
    #expect(unknown.judgement.coverage(.records)?.skipped == [.notModelled: 1])
    // What the stream does not name is unexplained as before, and once.
    let unnamed = try check([difference(.changed, 5)], rolled([difference(.changed, 5)]))
    #expect(unnamed.judgement.findings.count == 1 && unnamed.tallies.map(\.cause) == [.notInChangeLog])
  }

  @Test("libraries that the recorded changes lead to are explained, and others are not")
  func librariesRolledForward() throws {
    var check = DriftCheck(backup: "shop-1", window: window, evidence: nil)
    check.add(libraries: ["a", "b"], rolled: ["b", "c"])
    let result = try check.finish(equalRecords: 1, independentReaders: 1)
    #expect(result.judgement.findings.map(\.subject.key) == [.clear(Array("b".utf8)), .clear(Array("c".utf8))])
    #expect(Set(result.tallies.map(\.cause)) == [.rolledForward, .differsRolledForward])
  }
}
