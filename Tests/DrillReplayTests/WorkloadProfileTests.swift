import DrillModel
import Testing

@testable import DrillReplay

@Suite("Workload profile")
struct WorkloadProfileTests {
  private let good = WorkloadProfile(
    name: "p", engine: "redis", operations: 10,
    mix: [WeightedQuestion(name: "get", weight: 1, .redis(RedisQuestion(.get)))])

  @Test("a sensible profile has no problem")
  func clean() { #expect(good.problems.isEmpty) }

  @Test("each senseless field is named by its place in the file")
  func places() {
    func fields(_ change: (inout WorkloadProfile) -> Void) -> [String] {
      var profile = good
      change(&profile)
      return profile.problems.map(\.field)
    }
    #expect(fields { $0.operations = 0 } == ["operations"])
    #expect(fields { $0.connections = 0 } == ["connections"])
    #expect(fields { $0.pipelining = -1 } == ["pipelining"])
    #expect(fields { $0.timeout = .zero } == ["timeout"])
    #expect(fields { $0.absentShare = 1.01 } == ["absent"])
    #expect(fields { $0.absentShare = .nan } == ["absent"])
    #expect(fields { $0.keys = .zipfian(exponent: -1) } == ["keys"])
    #expect(fields { $0.keys = .zipfian(exponent: .nan) } == ["keys"])
    #expect(fields { $0.keys = .hotspot(keys: 0, operations: 0.5) } == ["keys"])
    #expect(fields { $0.mix = [] } == ["mix"])
    #expect(fields { $0.mix[0].weight = 0 } == ["mix"])
    #expect(fields { $0.mix[0].weight = -1 } == ["mix", "mix[0].weight"])
    #expect(fields { $0.mix.append($0.mix[0]) } == ["mix[1].name"])
    #expect(fields { $0.mix[0].question = .redis(RedisQuestion(.hmget)) } == ["mix[0].argument"])
    #expect(
      fields { $0.mix[0].question = .redis(RedisQuestion(.get, argument: ArgumentPattern(parsing: "x"))) } == [
        "mix[0].argument"
      ])
    #expect(fields { $0.mix[0].question = .redis(RedisQuestion(.mget, count: 0)) } == ["mix[0].count"])
    #expect(fields { $0.engine = "sqlite" } == ["mix[0]"])
    #expect(
      fields {
        $0.engine = "sqlite"
        $0.mix[0].question = .sql(SQLQuestion("", table: "", parameters: [.key(-1), .oneOf([])], isOrdered: false))
      } == ["mix[0].sql", "mix[0].table", "mix[0].parameters[0]", "mix[0].parameters[1]"])
  }

  @Test("a senseless profile makes no stream")
  func refused() {
    var profile = good
    profile.operations = 0
    let error = #expect(throws: DrillError.self) {
      try OperationStream(profile, over: Samples.redis, seed: 1, slot: Samples.redisSlot)
    }
    #expect(error?.code == .badFile)
  }

  @Test("patterns are text with at most one span of numbers")
  func patterns() throws {
    for text in ["", "status", "f{0..31}", "{-5..5}", "a{1..1}b"] {
      #expect(ArgumentPattern(parsing: text) != nil, "\(text)")
    }
    for text in ["{", "}", "f{0..}", "f{3..1}", "f{a..b}", "f{1..2}{3..4}", "f}1..2{", "f{1...2}"] {
      #expect(ArgumentPattern(parsing: text) == nil, "\(text)")
    }
    var generator = SeededGenerator(seed: 1)
    let pattern = try #require(ArgumentPattern(parsing: "a{2..4}b"))
    #expect(Set((0..<100).map { _ in pattern.next(&generator) }) == ["a2b", "a3b", "a4b"])
  }
}
