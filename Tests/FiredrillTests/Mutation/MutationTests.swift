import DrillChecks
import DrillModel
import Testing

@testable import Firedrill

@Suite("A drill of SQLite that is composed without a check", .capturedShop)
struct ShopMutationTests {
  @Test("no longer finds the check's fault, or finds it as another one", arguments: ShopMutations.rows)
  func row(row: MutationRow) async throws {
    try await CapturedShop.withBench { try await row.expectHolds(on: $0) }
  }

  @Test("finds nothing in a whole backup, with any check left out", arguments: [Check.digest, .content, .answers])
  func clean(check: Check) async throws {
    try await CapturedShop.withBench { bench in
      for checks in [CheckSet.all, .without(check)] {
        let run = try await ComposedDrill(bench: bench).run(checks)
        #expect(run.findings.isEmpty && run.obstacles.isEmpty && run.level == .answers)
      }
    }
  }

  @Test(
    "says by its self-test that planted faults are not found, and cannot pass",
    arguments: [
      (Check.signature, SelfTest.Part.manifest), (.digest, .bytes), (.size, .bytes), (.decoding, .format),
      (.placement, .placement), (.readBack, .restored), (.content, .content), (.answers, .answers),
    ])
  func selfTest(check: Check, part: SelfTest.Part) async throws {
    try await CapturedShop.withBench { bench in
      let drill = ComposedDrill(bench: bench, drill: .init(more: ["self_test: {faults: 60}"]))
      let run = try await drill.run(.without(check))
      #expect(run.findings.isEmpty && run.level == .answers)
      let test = try #require(run.selfTest)
      let missed = test.planted.filter { !$0.isCaught }
      #expect(!missed.isEmpty && missed.allSatisfy { $0.part == part }, "\(missed)")
      #expect(missed.allSatisfy { $0.expected.contains { Check($0) == check } })
      #expect(run.verdict == .inconclusive)
    }
  }
}

@Suite("A drill of Redis that is composed without a check", .serialized, .capturedRedis)
struct RedisMutationTests {
  @Test("no longer finds the check's fault, or finds it as another one", arguments: RedisMutations.rows)
  func row(row: MutationRow) async throws {
    try await CapturedRedis.withBench { bench, _ in try await row.expectHolds(on: bench) }
  }
}

@Suite("A drill of a chain that is composed without a check", .capturedChain)
struct ChainMutationTests {
  @Test("no longer finds the check's fault, or finds it as another one", arguments: ChainMutations.rows)
  func row(row: MutationRow) async throws {
    try await CapturedChain.withBench { bench, _ in try await row.expectHolds(on: bench) }
  }
}

@Suite("The checks")
struct CheckTests {
  static let rows = ShopMutations.rows + RedisMutations.rows + ChainMutations.rows

  @Test("each has a fault that it alone finds, or says what it is for", arguments: Check.allCases)
  func redundant(check: Check) {
    let own = CheckTests.rows.filter { $0.check == check }
    let isJudged = JudgedMutations.rows.contains { $0.check == check } || JudgedMutations.elsewhere[check] != nil
    #expect(!own.isEmpty || isJudged, "no fault shows that \(check.rawValue) is needed: give it a row, or let it go")
    #expect(own.isEmpty || own.contains { $0.still.isEmpty || $0.reason != nil })
    #expect(own.allSatisfy { row in row.found.contains { Check($0) == check } })
  }

  @Test("each that judges by itself finds its fault, and nothing where it is left out")
  func judged() {
    for row in JudgedMutations.rows {
      #expect(Set(CheckSet.all.judged(row.findings()).map(\.code)) == row.found)
      #expect(CheckSet.without(row.check).judged(row.findings()).isEmpty)
    }
  }

  @Test("every finding comes from one of them, and every one of them finds something")
  func partition() {
    #expect(Set(FindingCode.allCases.map { Check($0) }) == Set(Check.allCases))
  }
}
