import DrillEvidence
import DrillModel
import Firedrill
import Testing

@Suite("Retention rules")
struct RetentionRuleTests {
  private func read(_ text: String) async throws -> RetentionRuleFile {
    try await TestBench.with { try RetentionRuleReader(path: $0.write(text, to: "rule.yaml")).rule() }
  }

  @Test("what drills/README.md and the example show is read, field by field")
  func documented() async throws {
    let block = try #require(
      try Repository.yamlBlocks(of: "drills/README.md").first { $0.hasPrefix("retention:") })
    let file = try await read(block)
    #expect(file.rule.name == "shop" && file.immutability == ImmutabilityProbe())
    #expect(file.rule.classes["pre-move"] == .init(age: .seconds(30 * 86_400), last: 2))
    #expect(file.rule.classes["yearly"] == .init(isForever: true))
    #expect(
      file.rule.ordinary == .init(age: .seconds(14 * 86_400), last: 3, daily: 7, weekly: 4, monthly: 12))
    let example = try RetentionRuleReader(path: Repository.path("drills/examples/retention.yaml")).rule()
    #expect(example.rule.classes.keys.sorted() == ["post-move", "pre-move"])
  }

  @Test(
    "a rule that would drop everything, or is not of its form, is refused with its place",
    arguments: [
      ("retention: r\n", "rule.yaml:1:1"), ("retention: r\nordinary: {}\n", "rule.yaml:2:11"),
      ("retention: r\nordinary: {keep: 7}\n", "rule.yaml:2:18"),
      ("retention: r\nordinary: {keep: 7d, kep: 1}\n", "rule.yaml:2:22"),
      ("retention: r\nordinary: {keep_last: 0}\n", "rule.yaml:2:23"), ("classes: {}\n", "rule.yaml:1:1"),
      ("retention: r\nclasses: {a: 7d}\n", "rule.yaml:2:14"),
      ("retention: r\nordinary: {keep: 7d}\nimmutability: maybe\n", "rule.yaml:3:15"),
    ])
  func refused(text: String, place: String) async throws {
    let error = await #expect(throws: DrillError.self) { try await read(text) }
    #expect(error?.code == .badFile && error?.subject == place, "\(error?.description ?? "")")
  }
}
