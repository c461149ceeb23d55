import DrillChecks
import DrillModel
import Testing

@Suite("Immutability check")
struct ImmutabilityCheckTests {
  @Test("artifacts that cannot be changed are clean, and coverage says how many they are")
  func fixed() throws {
    let judgement = try ImmutabilityCheck.check(["a": .fixed("attribute"), "b": .fixed("mount")], of: "shop-1")
    #expect(judgement.isClean)
    #expect(judgement.coverage.map(\.coverage) == [try Coverage(.artifacts, declared: 2, examined: 2)])
  }

  @Test("one that can be changed is artifact-mutable")
  func changeable() throws {
    let judgement = try ImmutabilityCheck.check(["a": .fixed("attribute"), "b": .changeable("writable")], of: "shop-1")
    #expect(judgement.findings.map(\.code) == [.artifactMutable])
    #expect(judgement.findings.map(\.stage) == [.integrity])
    #expect(judgement.findings.first?.subject == .init(backup: "shop-1", artifact: "b"))
    #expect(judgement.obstacles.isEmpty)
  }

  @Test("what the place cannot say is skipped, and one obstacle for each reason")
  func unknown() throws {
    let judgement = try ImmutabilityCheck.check(
      ["a": .unknown("x"), "b": .unknown("x"), "c": .unknown("y"), "d": .fixed("attribute")], of: "shop-1")
    #expect(judgement.findings.isEmpty)
    #expect(judgement.obstacles.map(\.code) == [.immutabilityUnknown, .immutabilityUnknown])
    #expect(
      judgement.coverage.map(\.coverage) == [
        try Coverage(.artifacts, declared: 4, examined: 1, skipped: [.immutabilityUnknown: 3])
      ])
  }
}
