import DrillModel
import Testing

@testable import DrillReplay

@Suite("A sandbox's load")
struct SandboxLoadTests {
  private func profile(_ writes: [WeightedWrite], operations: Int = 4000) -> WorkloadProfile {
    var profile = WorkloadProfile(
      name: "w", engine: "redis", operations: operations,
      mix: [
        .init(name: "get", weight: 3, .redis(RedisQuestion(.get))),
        .init(name: "hgetall", weight: 3, .redis(RedisQuestion(.hgetall))),
      ])
    profile.writes = writes
    return profile
  }

  private func load(_ profile: WorkloadProfile, seed: UInt64 = 1) throws -> SandboxLoad {
    try SandboxLoad(profile, over: Samples.redis, seed: seed, slot: Samples.redisSlot)
  }

  @Test("is the same for the same seed, and its shares are the weights'")
  func shares() throws {
    let profile = profile([WeightedWrite(.set, weight: 2), WeightedWrite(.incr, weight: 2)])
    let load = try load(profile)
    #expect(try self.load(profile) == load)
    #expect(try self.load(profile, seed: 2) != load)
    var counts: [String: Int] = [:]
    for step in load.steps {
      switch step {
      case .ask(let operation): counts[operation.name, default: 0] += 1
      case .write(let write): counts[write.verb.rawValue, default: 0] += 1
      }
    }
    let names = ["get", "hgetall", "set", "incr"]
    let test = ChiSquare(counts: names.map { counts[$0] ?? 0 }, probabilities: [0.3, 0.3, 0.2, 0.2])
    #expect(!test.isRejected, "\(counts)")
  }

  @Test("writes only keys of its own name space, in slots of the store's keys; no question is about one")
  func nameSpace() throws {
    let load = try load(profile(SandboxWrite.Verb.allCases.map { WeightedWrite($0, keys: 5) }))
    let slots = Set(Samples.redisEntries.map(\.slot))
    var written: Set<[UInt8]> = []
    for case .write(let write) in load.steps {
      #expect(String(decoding: write.key, as: UTF8.self).contains("}\(SandboxWrite.nameSpace)"))
      #expect(write.words[1] == write.key && write.slot == Samples.redisSlot(write.key))
      #expect(slots.contains(write.slot))
      written.insert(write.key)
    }
    #expect(!written.isEmpty)
    for operation in load.questions {
      guard case .command(let words) = operation.statement else { continue }
      #expect(written.isDisjoint(with: words))
    }
  }

  @Test("verbs on values of different kinds never meet on a key")
  func kinds() throws {
    let load = try load(profile(SandboxWrite.Verb.allCases.map { WeightedWrite($0, keys: 1) }))
    var verbs: [[UInt8]: Set<SandboxWrite.Verb>] = [:]
    for case .write(let write) in load.steps { verbs[write.key, default: []].insert(write.verb) }
    for met in verbs.values where met.count > 1 { #expect(met.isSubset(of: [.set, .expire, .del])) }
  }

  @Test("without writes it is the questions alone; its share of some slots is the steps about them")
  func parts() throws {
    let load = try load(profile([], operations: 500))
    #expect(load.steps.allSatisfy { if case .ask = $0 { true } else { false } })
    let slot = try #require(load.questions.first?.slot)
    let some = load.restricted(to: SlotSet([slot]))
    #expect(!some.steps.isEmpty && some.steps.count < load.steps.count)
    #expect(some.questions.allSatisfy { $0.slot == slot })
  }

  @Test("a stream of operations has no writes in it, whatever the profile says")
  func streamReadsOnly() throws {
    let plain = try OperationStream(profile([]), over: Samples.redis, seed: 4, slot: Samples.redisSlot)
    let writing = try OperationStream(
      profile([WeightedWrite(.set, weight: 100)]), over: Samples.redis, seed: 4, slot: Samples.redisSlot)
    #expect(plain.digest == writing.digest)
  }
}
